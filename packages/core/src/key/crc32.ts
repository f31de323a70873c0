// CRC-32 of IEEE 802.3 (reflected, polynomial 0xEDB88320), as in gzip and PNG. `zlib.crc32` is missing from early
// Node 20, takes the whole message at once, and here the characters are looked at anyway.

/** Four tables of 256: table k advances a byte by k further zero bytes, so that four bytes cost one step. */
const tables = new Int32Array(1024)

for (let byte = 0; byte < 256; byte++) {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  tables[byte] = crc
}
for (let at = 256; at < 1024; at++) {
  const before = tables[at - 256] as number
  tables[at] = (before >>> 8) ^ (tables[before & 255] as number)
}

/** The state before the first byte. */
export const crcStart = -1

export function crcByte(state: number, byte: number): number {
  return (state >>> 8) ^ (tables[(state ^ byte) & 255] as number)
}

/** Four bytes, the first in the lowest eight bits. */
export function crcWord(state: number, word: number): number {
  const mixed = state ^ word
  return (
    (tables[768 + (mixed & 255)] as number) ^
    (tables[512 + ((mixed >>> 8) & 255)] as number) ^
    (tables[256 + ((mixed >>> 16) & 255)] as number) ^
    (tables[mixed >>> 24] as number)
  )
}

/** The checksum that belongs to a state: unsigned, 32 bits. */
export function crcValue(state: number): number {
  return ~state >>> 0
}

/** State after all characters of an ASCII text. */
export function crcText(text: string, from: number = crcStart): number {
  let state = from
  for (let i = 0; i < text.length; i++) state = crcByte(state, text.charCodeAt(i))
  return state
}
