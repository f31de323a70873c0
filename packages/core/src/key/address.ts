import { groupCount, isIpv4, readAddress, writeAddress } from './ip.ts'

/** Addresses and CIDR ranges, compared as numbers. IPv6-mapped IPv4 counts as IPv4, in ranges as in addresses. */
export interface AddressRanges {
  /** False for what is no address. */
  has: (ip: string) => boolean
}

export class AddressRangeError extends Error {
  override readonly name = 'AddressRangeError'
  readonly code = 'invalid_address_range'

  constructor(entry: string, problem: string) {
    super(`${JSON.stringify(entry.slice(0, 64))} ${problem}.`)
  }
}

/** @throws AddressRangeError for the first entry that is no address or range */
export function compileRanges(list: readonly string[]): AddressRanges {
  const ranges = list.map(parseRange)
  return {
    has(ip) {
      if (ranges.length === 0 || !readAddress(ip, scratch)) return false
      const ipv4 = isIpv4(scratch)
      for (const range of ranges) if (range.ipv4 === ipv4 && holds(range)) return true
      return false
    },
  }
}

interface Range {
  ipv4: boolean
  network: Uint16Array
  mask: Uint16Array
}

const scratch = new Uint16Array(groupCount)

function holds({ network, mask }: Range): boolean {
  for (let i = groupCount - 1; i >= 0; i--) {
    if (((scratch[i] as number) & (mask[i] as number)) !== network[i]) return false
  }
  return true
}

function parseRange(entry: string): Range {
  const slash = entry.indexOf('/')
  const address = slash < 0 ? entry : entry.slice(0, slash)
  const network = new Uint16Array(groupCount)
  if (!readAddress(address, network)) throw new AddressRangeError(entry, 'is no IP address or CIDR range')

  const mapped = address.includes(':')
  const ipv4 = isIpv4(network)
  const longest = ipv4 && !mapped ? 32 : 128
  const bits = slash < 0 ? longest : prefixLength(entry.slice(slash + 1), longest)
  // A mapped address with fewer than 96 bits would be all of IPv4 and much else.
  if (bits < 0 || (ipv4 && mapped && bits < 96))
    throw new AddressRangeError(
      entry,
      `needs a prefix length of ${ipv4 && mapped ? 96 : 0} to ${longest} after the slash`,
    )

  const kept = 128 - longest + bits
  const mask = maskOf(kept)
  const fitted = network.map((group, i) => group & (mask[i] as number))
  if (fitted.some((group, i) => group !== network[i])) {
    const range = `${writeAddress(fitted)}/${ipv4 ? kept - 96 : kept}`
    throw new AddressRangeError(entry, `has bits set below its mask. Write ${range}`)
  }
  return { ipv4, network, mask }
}

function prefixLength(text: string, longest: number): number {
  return /^(0|[1-9][0-9]{0,2})$/.test(text) && Number(text) <= longest ? Number(text) : -1
}

function maskOf(bits: number): Uint16Array {
  return new Uint16Array(groupCount).map((_, i) => {
    const inGroup = Math.min(16, Math.max(0, bits - 16 * i))
    return 0xffff << (16 - inGroup)
  })
}

/** The address in its one spelling: IPv4 dotted (mapped too), IPv6 by RFC 5952. null for what is no address. */
export function canonicalAddress(ip: string): string | null {
  return readAddress(ip, scratch) ? writeAddress(scratch) : null
}

/**
 * What brute force is counted against: an IPv4 address itself, of an IPv6 address the /64, all of which one machine
 * may have. null for what is no address.
 */
export function networkOf(ip: string): string | null {
  if (!readAddress(ip, scratch)) return null
  if (isIpv4(scratch)) return writeAddress(scratch)
  scratch.fill(0, 4)
  return `${writeAddress(scratch)}/64`
}
