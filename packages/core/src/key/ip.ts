/**
 * An address as eight groups of 16 bits. IPv4 is held as IPv6-mapped (RFC 4291 §2.5.5.2), so that `1.2.3.4`,
 * `::ffff:1.2.3.4` and `::ffff:102:304` are one address.
 */
export type Groups = Uint16Array

export const groupCount = 8

/**
 * Reads an address into `into` and says whether it is one. Strict: no leading zeros in IPv4 (other readers take them
 * for octal), no zone ids, no brackets, no ports, no white space.
 */
export function readAddress(text: string, into: Groups): boolean {
  if (text.length > 45) return false
  if (text.includes(':')) return readIpv6(text, into)
  into.fill(0)
  into[5] = 0xffff
  return readIpv4(text, 0, into, 6)
}

export function isIpv4(groups: Groups): boolean {
  return groups[5] === 0xffff && !(groups[0] || groups[1] || groups[2] || groups[3] || groups[4])
}

/** Four decimal numbers into two groups. */
function readIpv4(text: string, from: number, into: Groups, group: number): boolean {
  let address = 0
  let dots = 0
  let value = -1
  for (let i = from; i <= text.length; i++) {
    const code = i < text.length ? text.charCodeAt(i) : 0x2e
    if (code === 0x2e) {
      if (value < 0) return false
      address = address * 256 + value
      value = -1
      dots++
    } else {
      const digit = code - 0x30
      if (digit < 0 || digit > 9 || value === 0) return false
      value = value < 0 ? digit : value * 10 + digit
      if (value > 255) return false
    }
  }
  if (dots !== 4) return false
  into[group] = address >>> 16
  into[group + 1] = address & 0xffff
  return true
}

function readIpv6(text: string, into: Groups): boolean {
  let group = 0
  let gap = -1
  let i = 0
  if (text.startsWith('::')) {
    gap = 0
    i = 2
  }
  while (i < text.length) {
    if (group === groupCount) return false
    const start = i
    let value = 0
    for (; i < text.length; i++) {
      const digit = hexDigit(text.charCodeAt(i))
      if (digit < 0) break
      value = value * 16 + digit
    }
    if (text[i] === '.') {
      if (group > 6 || !readIpv4(text, start, into, group)) return false
      group += 2
      break
    }
    if (i === start || i - start > 4) return false
    into[group++] = value
    if (i === text.length) break
    if (text[i] !== ':' || i + 1 === text.length) return false
    i++
    if (text[i] === ':') {
      if (gap >= 0) return false
      gap = group
      i++
    }
  }
  if (gap < 0) return group === groupCount
  // `::` stands for at least one group.
  if (group === groupCount) return false
  into.copyWithin(gap + groupCount - group, gap, group)
  into.fill(0, gap, gap + groupCount - group)
  return true
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  if (code >= 0x61 && code <= 0x66) return code - 0x57
  if (code >= 0x41 && code <= 0x46) return code - 0x37
  return -1
}

/** `192.0.2.1`, or IPv6 in the one spelling of RFC 5952. */
export function writeAddress(groups: Groups): string {
  if (isIpv4(groups)) return [6, 7].map((i) => `${(groups[i] ?? 0) >>> 8}.${(groups[i] ?? 0) & 255}`).join('.')
  let gap = 0
  let gapLength = 0
  for (let i = 0, run = 0; i < groupCount; i++) {
    run = groups[i] === 0 ? run + 1 : 0
    if (run > gapLength) {
      gapLength = run
      gap = i - run + 1
    }
  }
  const text = Array.from(groups, (group) => group.toString(16))
  if (gapLength < 2) return text.join(':')
  return `${text.slice(0, gap).join(':')}::${text.slice(gap + gapLength).join(':')}`
}
