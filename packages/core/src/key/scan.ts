import { alphabets } from './alphabet.ts'
import { crcStep, crcText, crcValue } from './crc32.ts'
import { checksumLength, type Shape } from './shape.ts'

/** A shape laid out for the parser, which answers without a hash, a regular expression or an allocation. */
export interface Scan {
  length: number
  prefix: string
  /** State of the checksum after the prefix. */
  prefixCrc: number
  checksum: boolean
  /** Rows of 256: 0 where the character may stand, 1 where not. */
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
    prefix: form.prefix,
    prefixCrc: crcText(form.prefix),
    checksum,
    rows,
    runs: Uint16Array.from(runs),
  }
}

/** Index of the scan whose grammar and checksum the text satisfies, or −1. */
export function match(scans: readonly Scan[], text: string): number {
  for (let i = 0; i < scans.length; i++) {
    const scan = scans[i] as Scan
    if (scan.length === text.length && accepts(scan, text)) return i
  }
  return -1
}

function accepts({ prefix, prefixCrc, rows, runs, checksum }: Scan, text: string): boolean {
  for (let i = 0; i < prefix.length; i++) if (text.charCodeAt(i) !== prefix.charCodeAt(i)) return false

  let wrong = 0
  let crc = prefixCrc
  let i = prefix.length
  for (let run = 0; run < runs.length; run += 2) {
    const row = runs[run] as number
    const end = runs[run + 1] as number
    for (; i < end; i++) {
      const code = text.charCodeAt(i)
      wrong |= (rows[row + (code & 0xff)] as number) | (code >> 8)
      crc = crcStep(crc, code)
    }
  }
  if (wrong !== 0) return false
  return !checksum || threeDigits(text, i) * 238_328 + threeDigits(text, i + 3) === crcValue(crc)
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
function threeDigits(text: string, at: number): number {
  return digitAt(text, at) * 3844 + digitAt(text, at + 1) * 62 + digitAt(text, at + 2)
}

function digitAt(text: string, at: number): number {
  return digitOf[text.charCodeAt(at)] ?? noDigit
}
