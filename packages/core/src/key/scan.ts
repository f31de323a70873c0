import { alphabets } from './alphabet.ts'
import { crcByte, crcText, crcValue, crcWord } from './crc32.ts'
import { checksumLength, type Shape } from './shape.ts'

/** A shape laid out for one pass over char codes: it answers without a hash, a regular expression or an allocation. */
export interface Scan {
  length: number
  prefix: Uint8Array
  /** State of the checksum after the prefix. */
  prefixCrc: number
  checksum: boolean
  /** Rows of 128: 0 where the character of that code may stand, 1 where not. */
  rows: Uint8Array
  /** For each position the start of its row. */
  rowOf: Uint16Array
}

export function compileScan({ form, positions, checksum }: Shape): Scan {
  const choices = [...new Set(positions)]
  const rows = new Uint8Array(choices.length * 128).fill(1)
  for (const [row, choice] of choices.entries()) {
    for (const character of choice) rows[row * 128 + character.charCodeAt(0)] = 0
  }
  return {
    length: positions.length,
    prefix: Uint8Array.from(form.prefix, (character) => character.charCodeAt(0)),
    prefixCrc: crcText(form.prefix),
    checksum,
    rows,
    rowOf: Uint16Array.from(positions, (choice) => choices.indexOf(choice) * 128),
  }
}

/** Whether the text, which has the scan's length, is in the grammar and its checksum right. */
export function accepts(scan: Scan, text: string): boolean {
  const { prefix, rows, rowOf } = scan
  for (let i = 0; i < prefix.length; i++) if (text.charCodeAt(i) !== prefix[i]) return false

  // What is wrong is gathered and asked for once: `wrong` from the rows, `wide` for whatever is not ASCII. Without
  // `wide`, U+0161 would pass for `a` here.
  let wrong = 0
  let wide = 0
  let i = prefix.length
  if (!scan.checksum) {
    for (; i < scan.length; i++) {
      const code = text.charCodeAt(i)
      wide |= code
      wrong |= rows[(rowOf[i] as number) + (code & 127)] as number
    }
    return wrong === 0 && wide < 128
  }

  const end = scan.length - checksumLength
  let crc = scan.prefixCrc
  for (; i + 4 <= end; i += 4) {
    const a = text.charCodeAt(i)
    const b = text.charCodeAt(i + 1)
    const c = text.charCodeAt(i + 2)
    const d = text.charCodeAt(i + 3)
    wide |= a | b | c | d
    wrong |=
      (rows[(rowOf[i] as number) + (a & 127)] as number) |
      (rows[(rowOf[i + 1] as number) + (b & 127)] as number) |
      (rows[(rowOf[i + 2] as number) + (c & 127)] as number) |
      (rows[(rowOf[i + 3] as number) + (d & 127)] as number)
    crc = crcWord(crc, a | (b << 8) | (c << 16) | (d << 24))
  }
  for (; i < end; i++) {
    const code = text.charCodeAt(i)
    wide |= code
    wrong |= rows[(rowOf[i] as number) + (code & 127)] as number
    crc = crcByte(crc, code)
  }
  if (wrong !== 0 || wide > 127) return false

  const high = digit(text, end) * 3844 + digit(text, end + 1) * 62 + digit(text, end + 2)
  const low = digit(text, end + 3) * 3844 + digit(text, end + 4) * 62 + digit(text, end + 5)
  return high * 238_328 + low === crcValue(crc)
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

/** Where a character is no digit: so much that no checksum equals the sum. */
const noDigit = 2 ** 40
const digits = new Float64Array(128).fill(noDigit)
for (let value = 0; value < 62; value++) digits[alphabets.base62.charCodeAt(value)] = value

function digit(text: string, at: number): number {
  const code = text.charCodeAt(at)
  return code < 128 ? (digits[code] as number) : noDigit
}
