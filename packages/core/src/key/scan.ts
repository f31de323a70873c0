import { alphabets } from './alphabet.ts'
import { crcStep, crcStep4, crcText, crcValue } from './crc32.ts'
import { CREDENTIAL_AT, type CredentialText } from './credential-text.ts'
import { checksumLength, type Shape } from './shape.ts'

/** A shape laid out for the parser, which answers without a hash, a regular expression or a lasting allocation. */
export interface Scan {
  length: number
  prefix: Uint8Array
  /** State of the checksum after the prefix. */
  prefixCrc: number
  checksum: boolean
  /** Rows of 256: 0 where the byte may stand, 1 where not. */
  rows: Uint8Array
  /** Between prefix and checksum: start of a row, and up to which byte it holds; in pairs. */
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
    runs.push(choices.indexOf(positions[i] ?? '') * 256, CREDENTIAL_AT + i + 1)
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

/** Index of the scan whose grammar and checksum the credential satisfies, or −1. */
export function match(scans: readonly Scan[], credential: CredentialText): number {
  for (let i = 0; i < scans.length; i++) {
    const scan = scans[i] as Scan
    if (scan.length === credential.length && accepts(scan, credential)) return i
  }
  return -1
}

function accepts({ prefix, prefixCrc, rows, runs, checksum }: Scan, { bytes, data }: CredentialText): boolean {
  let at = CREDENTIAL_AT
  for (let i = 0; i < prefix.length; i++, at++) if (bytes[at] !== prefix[i]) return false

  let wrong = 0
  let crc = prefixCrc
  for (let run = 0; run < runs.length; run += 2) {
    const row = runs[run] as number
    const end = runs[run + 1] as number
    for (; at + 4 <= end; at += 4) {
      const four = data.getInt32(at, true)
      wrong |=
        (rows[row + (four & 255)] as number) |
        (rows[row + ((four >>> 8) & 255)] as number) |
        (rows[row + ((four >>> 16) & 255)] as number) |
        (rows[row + (four >>> 24)] as number)
      crc = crcStep4(crc, four)
    }
    for (; at < end; at++) {
      const byte = bytes[at] as number
      wrong |= rows[row + byte] as number
      crc = crcStep(crc, byte)
    }
  }
  if (wrong !== 0) return false
  return !checksum || threeDigits(bytes, at) * 238_328 + threeDigits(bytes, at + 3) === crcValue(crc)
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
function threeDigits(bytes: Uint8Array, at: number): number {
  return (
    (digitOf[bytes[at] as number] as number) * 3844 +
    (digitOf[bytes[at + 1] as number] as number) * 62 +
    (digitOf[bytes[at + 2] as number] as number)
  )
}
