import { isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalAddress } from './address.ts'

const ipv4 = fc.ipV4()
const ipv6 = fc.ipV6()
const nearly = fc.oneof(
  fc.string({ unit: fc.constantFrom(...'0123456789abcdefABCDEF:.'), maxLength: 46 }),
  fc
    .array(fc.constantFrom('', '0', '1', 'ffff', 'ABCD', '00ab', '12345', '1.2.3.4', 'g', '0000'), {
      minLength: 1,
      maxLength: 10,
    })
    .map((parts) => parts.join(':')),
  fc
    .array(fc.constantFrom('0', '1', '01', '255', '256', '', '-1', '1e1', '0x1'), { minLength: 3, maxLength: 5 })
    .map((parts) => parts.join('.')),
)

test('an address is what node:net takes for one, apart from zone ids', () => {
  fc.assert(
    fc.property(fc.oneof(ipv4, ipv6, nearly), (text) => {
      expect([text, canonicalAddress(text) !== null]).toEqual([text, isIP(text) !== 0])
    }),
    { numRuns: 20_000 },
  )
})

test('the one spelling of an address reads back as itself', () => {
  fc.assert(
    fc.property(fc.oneof(ipv4, ipv6), (text) => {
      const canonical = canonicalAddress(text) ?? ''
      expect(canonicalAddress(canonical)).toBe(canonical)
      expect(canonicalAddress(text.toUpperCase())).toBe(canonical)
    }),
  )
})

test('IPv6 is written as the WHATWG URL standard writes it, which follows RFC 5952', () => {
  fc.assert(
    fc.property(ipv6, (text) => {
      const canonical = canonicalAddress(text) ?? ''
      if (canonical.includes(':')) expect(`[${canonical}]`).toBe(new URL(`http://[${text}]`).hostname)
    }),
  )
})

test.each([
  ['::ffff:1.2.3.4', '1.2.3.4'],
  ['::FFFF:102:304', '1.2.3.4'],
  ['0:0:0:0:0:ffff:0102:0304', '1.2.3.4'],
  ['0000:0000:0000:0000:0000:ffff:100.200.100.200', '100.200.100.200'],
  ['1::ffff:1.2.3.4', '1::ffff:102:304'],
  ['0:1::ffff:1.2.3.4', '0:1::ffff:102:304'],
  ['0:0:1::ffff:1.2.3.4', '::1:0:0:ffff:102:304'],
  ['0:0:0:1:0:ffff:1.2.3.4', '::1:0:ffff:102:304'],
  ['::1:ffff:1.2.3.4', '::1:ffff:102:304'],
  ['::1.2.3.4', '::102:304'],
  ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['::', '::'],
  ['0:0:0:0:0:0:0:1', '::1'],
  ['1::', '1::'],
])('%s is written %s', (text, canonical) => {
  expect(canonicalAddress(text)).toBe(canonical)
})

describe('spellings that other readers take for something else are refused', () => {
  test.each([
    '01.2.3.4',
    '1.2.3.04',
    '00.0.0.0',
    '0177.0.0.1',
    '0x7f.0.0.1',
    '2130706433',
    '127.1',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '1.2.3.4 ',
    ' 1.2.3.4',
    '1.2.3.4\n',
    '1.2.3.4:80',
    '1.2.3.4/32',
    '１.2.3.4',
    '1.2.3.٤',
    '[::1]',
    '::1%eth0',
    'fe80::1%1',
    ':::',
    '1:::2',
    '::1::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:1.2.3.4',
    '1:2:3:4:5:6:7:8::',
    '::1:2:3:4:5:6:7:8',
    '12345::',
    ':1:2:3:4:5:6:7',
    '::ffff:01.2.3.4',
    '::1.2.3.4:5',
    '1.2.3.4::',
    'unknown',
    '_hidden',
    'localhost',
    '',
  ])('%j', (text) => {
    expect(canonicalAddress(text)).toBeNull()
  })
})
