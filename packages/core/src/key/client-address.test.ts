import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileRanges } from './address.ts'
import { believedHops } from './client-address.ts'

const trusted = compileRanges(['10.0.0.0/8', '2001:db8:f::/48'])
const client = (peer: string, forwardedFor: string) => believedHops({ peer, forwardedFor, trusted })[0] ?? null

test('without trusted proxies the peer is the client, whatever it says', () => {
  expect(believedHops({ peer: '10.0.0.1', forwardedFor: '1.2.3.4', trusted: compileRanges([]) })).toEqual(['10.0.0.1'])
})

test.each([
  ['an untrusted peer is the client', '203.0.113.9', '10.0.0.7', '203.0.113.9'],
  ['a trusted peer names the client', '10.0.0.1', '203.0.113.9', '203.0.113.9'],
  ['trusted hops are passed over', '10.0.0.1', '203.0.113.9, 10.0.0.3, 10.0.0.2', '203.0.113.9'],
  [
    'what stands left of an untrusted hop is hearsay',
    '10.0.0.1',
    '127.0.0.1, 198.51.100.1, 203.0.113.9',
    '203.0.113.9',
  ],
  ['a spoofed trusted address on the left changes nothing', '10.0.0.1', '10.0.0.9, 203.0.113.9', '203.0.113.9'],
  ['where all hops are trusted the left-most is the client', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
  ['nothing is read into the list once its left-most hop is read', '10.0.0.1', '10.0.0.12', '10.0.0.12'],
  ['a trusted peer that says nothing is the client', '10.0.0.1', '', '10.0.0.1'],
  ['a mapped peer is trusted as IPv4', '::ffff:10.0.0.1', '203.0.113.9', '203.0.113.9'],
  ['a mapped hop is written as IPv4', '10.0.0.1', '::ffff:203.0.113.9', '203.0.113.9'],
  ['IPv6 hops', '2001:db8:f::1', '2001:DB8:0:0::9, 2001:db8:f:0::2', '2001:db8::9'],
  ['white space around hops', '10.0.0.1', '203.0.113.9 ,\t10.0.0.2 ', '203.0.113.9'],
])('%s', (_, peer, forwardedFor, expected) => {
  expect(client(peer, forwardedFor)).toBe(expected)
})

describe('a malformed hop stops the walk at the proxy that let it through', () => {
  test.each([
    'unknown',
    '',
    ' ',
    '203.0.113.09',
    '0313.0.113.9',
    '203.0.113.9:443',
    '[2001:db8::9]',
    'fe80::1%eth0',
    '203.0.113.9;x',
    '"203.0.113.9"',
    '203.0.113.9\u00a0',
    '３.3.3.3',
    'for=203.0.113.9',
    "' OR 1=1 --",
  ])('%j', (hop) => {
    expect(client('10.0.0.1', `1.2.3.4, ${hop}, 10.0.0.2`)).toBe('10.0.0.2')
    expect(client('10.0.0.1', `1.2.3.4,${hop}`)).toBe('10.0.0.1')
  })

  test.each([',', ',,', '203.0.113.9,', '203.0.113.9, ,'])('an empty one in %j', (list) => {
    expect(client('10.0.0.1', list)).toBe('10.0.0.1')
  })
})

test('a peer without an address (a Unix socket) has none, and vouches for none', () => {
  expect(client('', '203.0.113.9')).toBeNull()
})

test('no more than 32 hops are followed', () => {
  expect(client('10.0.0.1', `203.0.113.9${', 10.0.0.2'.repeat(31)}`)).toBe('203.0.113.9')
  expect(client('10.0.0.1', `203.0.113.9${', 10.0.0.2'.repeat(32)}`)).toBe('10.0.0.2')
})

test('whatever a client sends before its own address, it is seen as that address', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(fc.nat(0xffff)).map((codes) => String.fromCharCode(...codes)),
        fc.ipV4(),
        fc.array(fc.ipV6()).map(String),
      ),
      (spoofed) => {
        expect(client('10.0.0.1', `${spoofed}, 203.0.113.9, 10.0.0.2`)).toBe('203.0.113.9')
      },
    ),
  )
})
