import { BlockList } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AddressRangeError, canonicalAddress, compileRanges, networkOf } from './address.ts'

function masked(address: bigint, width: number, bits: number): bigint {
  const below = BigInt(width - bits)
  return (address >> below) << below
}
const ipv4Text = (address: bigint) => [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 255n).join('.')
const ipv6Text = (address: bigint) =>
  Array.from({ length: 8 }, (_, i) => ((address >> BigInt(112 - 16 * i)) & 0xffffn).toString(16)).join(':')

/** A network and an address that is in it about half of the time. */
function networkAndAddress(width: number) {
  const any = fc.bigInt({ min: 0n, max: (1n << BigInt(width)) - 1n })
  return fc
    .record({
      base: any,
      bits: fc.integer({ min: 0, max: width }),
      other: any,
      flipped: fc.integer({ min: 0, max: width - 1 }),
      near: fc.boolean(),
    })
    .map(({ base, bits, other, flipped, near }) => ({
      bits,
      network: masked(base, width, bits),
      address: near ? base ^ (1n << BigInt(flipped)) : other,
    }))
}

test('IPv4 ranges hold what node:net BlockList says they hold', () => {
  fc.assert(
    fc.property(networkAndAddress(32), ({ network, bits, address }) => {
      const oracle = new BlockList()
      oracle.addSubnet(ipv4Text(network), bits, 'ipv4')
      const ranges = compileRanges([`${ipv4Text(network)}/${bits}`])
      const expected = oracle.check(ipv4Text(address), 'ipv4')
      expect(ranges.has(ipv4Text(address))).toBe(expected)
      expect(ranges.has(`::ffff:${ipv4Text(address)}`)).toBe(expected)
    }),
    { numRuns: 2_000 },
  )
})

test('IPv6 ranges hold what node:net BlockList says they hold', () => {
  fc.assert(
    fc.property(networkAndAddress(128), ({ network, bits, address }) => {
      fc.pre(address >> 32n !== 0xffffn && network >> 32n !== 0xffffn)
      const oracle = new BlockList()
      oracle.addSubnet(ipv6Text(network), bits, 'ipv6')
      expect(compileRanges([`${ipv6Text(network)}/${bits}`]).has(ipv6Text(address))).toBe(
        oracle.check(ipv6Text(address), 'ipv6'),
      )
    }),
    { numRuns: 2_000 },
  )
})

describe('IPv4 inside IPv6', () => {
  test('an address matches however it is written, in the range as in the request', () => {
    const spellings = ['10.1.2.3', '::ffff:10.1.2.3', '::ffff:a01:203', '0:0:0:0:0:FFFF:0A01:0203']
    for (const range of ['10.0.0.0/8', '::ffff:10.0.0.0/104', '::ffff:a00:0/104', ...spellings]) {
      for (const ip of spellings) expect([range, ip, compileRanges([range]).has(ip)]).toEqual([range, ip, true])
    }
  })

  test('all of IPv6 does not hold IPv4, nor the reverse', () => {
    expect(compileRanges(['::/0']).has('10.1.2.3')).toBe(false)
    expect(compileRanges(['::/0']).has('::ffff:10.1.2.3')).toBe(false)
    expect(compileRanges(['0.0.0.0/0']).has('2001:db8::1')).toBe(false)
    expect(compileRanges(['::ffff:0:0/96']).has('10.1.2.3')).toBe(true)
  })
})

test('what is no address is in no range', () => {
  const everywhere = compileRanges(['0.0.0.0/0', '::/0'])
  for (const ip of ['', 'unknown', '010.1.2.3', '10.1.2.3 ', '10.1.2.3:80', '::1%lo'])
    expect(everywhere.has(ip)).toBe(false)
})

test('an empty list holds nothing', () => {
  expect(compileRanges([]).has('127.0.0.1')).toBe(false)
})

describe('an entry that is no range is refused and named', () => {
  test.each([
    ['10.0.0.1/8', 'has bits set below its mask', '10.0.0.0/8'],
    ['2001:db8::1/32', 'has bits set below its mask', '2001:db8::/32'],
    ['::ffff:10.0.0.1/104', 'has bits set below its mask', '10.0.0.0/8'],
    ['1.2.3.4/0', 'has bits set below its mask', '0.0.0.0/0'],
    ['10.0.0.0/33', 'needs a prefix length of 0 to 32', null],
    ['10.0.0.0/08', 'needs a prefix length', null],
    ['10.0.0.0/', 'needs a prefix length', null],
    ['10.0.0.0/8/8', 'needs a prefix length', null],
    ['10.0.0.0/-1', 'needs a prefix length', null],
    ['10.0.0.0/255.0.0.0', 'needs a prefix length', null],
    ['::/129', 'needs a prefix length of 0 to 128', null],
    ['::ffff:0:0/95', 'needs a prefix length of 96 to 128', null],
    ['10.0.0', 'is no IP address or CIDR range', null],
    ['010.0.0.0/8', 'is no IP address or CIDR range', null],
    ['10.0.0.0-10.0.0.9', 'is no IP address or CIDR range', null],
    ['', 'is no IP address or CIDR range', null],
    ['/8', 'is no IP address or CIDR range', null],
    ['localhost', 'is no IP address or CIDR range', null],
  ])('%j %s', (entry, problem, hint) => {
    let error: unknown
    try {
      compileRanges(['127.0.0.1', entry])
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(AddressRangeError)
    expect(error).toMatchObject({ code: 'invalid_address_range' })
    expect(String(error)).toContain(hint === null ? problem : `${problem}. Write ${hint}.`)
    if (hint !== null) expect(() => compileRanges([hint])).not.toThrow()
  })
})

describe('brute force is counted by network', () => {
  test.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::', '2001:db8:1:2::/64'],
    ['::1', '::/64'],
    ['nonsense', null],
  ])('%s counts as %s', (ip, network) => {
    expect(networkOf(ip)).toBe(network)
  })

  test('all addresses of a /64 count as one', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 1n << 64n, max: (1n << 128n) - 1n }),
        fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
        (a, host) => {
          const other = masked(a, 128, 64) | host
          expect(networkOf(ipv6Text(other))).toBe(networkOf(ipv6Text(a)))
          expect(canonicalAddress((networkOf(ipv6Text(a)) ?? '').replace('/64', ''))).not.toBeNull()
        },
      ),
    )
  })
})
