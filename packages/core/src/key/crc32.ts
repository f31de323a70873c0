// CRC-32 of IEEE 802.3 (reflected, polynomial 0xEDB88320), as in gzip and PNG. `zlib.crc32` is missing from early
// Node 20.

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
const crcStart = -1

/** State after the bytes from `from` up to `end`. */
export function crcBytes(bytes: Uint8Array, from: number, end: number, start: number = crcStart): number {
  let state = start
  let i = from
  for (; i + 4 <= end; i += 4) {
    const a = bytes[i] as number
    const b = bytes[i + 1] as number
    const c = bytes[i + 2] as number
    const d = bytes[i + 3] as number
    state ^= a | (b << 8) | (c << 16) | (d << 24)
    state =
      (tables[768 + (state & 255)] as number) ^
      (tables[512 + ((state >>> 8) & 255)] as number) ^
      (tables[256 + ((state >>> 16) & 255)] as number) ^
      (tables[state >>> 24] as number)
  }
  for (; i < end; i++) state = step(state, bytes[i] as number)
  return state
}

/** State after all characters of an ASCII text. */
export function crcText(text: string): number {
  let state = crcStart
  for (let i = 0; i < text.length; i++) state = step(state, text.charCodeAt(i))
  return state
}

/** The checksum that belongs to a state: unsigned, 32 bits. */
export function crcValue(state: number): number {
  return ~state >>> 0
}

function step(state: number, byte: number): number {
  return (state >>> 8) ^ (tables[(state ^ byte) & 255] as number)
}
