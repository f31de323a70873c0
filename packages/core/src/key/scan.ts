import { alphabets } from './alphabet.ts'
import { crcStep, crcText, crcValue } from './crc32.ts'
import { checksumLength, longestCredential, type Shape } from './shape.ts'

/** A shape laid out for the parser, which answers without a hash, a regular expression or a lasting allocation. */
export interface Scan {
  length: number
  prefix: Uint8Array
  /** State of the checksum after the prefix. */
  prefixCrc: number
  checksum: boolean
  /** Rows of 256: 0 where the byte may stand, 1 where not. */
  rows: Uint8Array
  /** Between prefix and checksum: start of a row, and up to which position it holds; in pairs. */
  runs: Uint16Array
}

export function compileScan({ form, positions, checksum }: Shape): Scan {
  const choices = [...new Set(positions)]
  const rows = new Uint8Array(choices.length * 256).fill(1)
  for (const [row, choice] of choices.entries()) {
    for (const character of choice) rows[row * 256 + character.charCodeAt(0)] = 0
  }
  const runs: number[] = []
  const end = positions.length - (checksum ? checksumLength : 0)
  for (let i = form.prefix.length; i < end; i++) {
    if (i + 1 < end && positions[i + 1] === positions[i]) continue
    runs.push(choices.indexOf(positions[i] ?? '') * 256, i + 1)
  }
  return {
    length: positions.length,
    prefix: Uint8Array.from(form.prefix, (character) => character.charCodeAt(0)),
    prefixCrc: crcText(form.prefix),
    checksum,
    rows,
    runs: Uint16Array.from(runs),
  }
}

const encoder = new TextEncoder()
const bytes = new Uint8Array(3 * longestCredential)

/** Index of the scan whose grammar and checksum the text satisfies, or −1. */
export function match(scans: readonly Scan[], text: string): number {
  let written = false
  for (let i = 0; i < scans.length; i++) {
    const scan = scans[i] as Scan
    if (scan.length !== text.length) continue
    if (!written) {
      // As many bytes as characters: ASCII alone. Writing them out costs less than asking for each char code.
      if (encoder.encodeInto(text, bytes).written !== text.length) return -1
      written = true
    }
    if (accepts(scan)) return i
  }
  return -1
}

/** Whether the scan accepts what stands in `bytes`. */
function accepts({ prefix, prefixCrc, rows, runs, checksum }: Scan): boolean {
  for (let i = 0; i < prefix.length; i++) if (bytes[i] !== prefix[i]) return false

  let wrong = 0
  let crc = prefixCrc
  let i = prefix.length
  for (let run = 0; run < runs.length; run += 2) {
    const row = runs[run] as number
    const end = runs[run + 1] as number
    for (; i < end; i++) {
      const byte = bytes[i] as number
      wrong |= rows[row + byte] as number
      crc = crcStep(crc, byte)
    }
  }
  if (wrong !== 0) return false
  return !checksum || threeDigits(i) * 238_328 + threeDigits(i + 3) === crcValue(crc)
}

/** Six base62 characters, the most significant first. 62⁶ is more than 2³². */
export function checksumOf(text: string): string {
  let rest = crcValue(crcText(text))
  let digits = ''
  for (let i = 0; i < checksumLength; i++) {
    digits = alphabets.base62.charAt(rest % 62) + digits
    rest = Math.floor(rest / 62)
  }
  return digits
}

/** So much that no sum with it is a checksum of 32 bits. */
const noDigit = 2 ** 40
const digitOf = new Float64Array(256).fill(noDigit)
for (let value = 0; value < 62; value++) digitOf[alphabets.base62.charCodeAt(value)] = value

/** Their value in base62: 0 to 238,327. */
function threeDigits(at: number): number {
  return (
    (digitOf[bytes[at] as number] as number) * 3844 +
    (digitOf[bytes[at + 1] as number] as number) * 62 +
    (digitOf[bytes[at + 2] as number] as number)
  )
}
