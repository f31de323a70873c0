// CRC-32 of IEEE 802.3 (reflected, polynomial 0xEDB88320), as in gzip and PNG. `zlib.crc32` is missing from early
// Node 20.

/** Rows of 256: what a byte does to the state, and what it does when one, two or three others follow it. */
const table = new Int32Array(4 * 256)

for (let byte = 0; byte < 256; byte++) {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  table[byte] = crc
}
for (let at = 256; at < table.length; at++) table[at] = crcStep(table[at - 256] as number, 0)

/** The state before the first byte. */
const crcStart = -1

/** The state after one more byte. */
export function crcStep(state: number, byte: number): number {
  return (state >>> 8) ^ (table[(state ^ byte) & 255] as number)
}

/** The state after four more, the first of them in the lowest bits: in one step, not four that wait for each other. */
export function crcStep4(state: number, bytes: number): number {
  const mixed = state ^ bytes
  return (
    (table[768 + (mixed & 255)] as number) ^
    (table[512 + ((mixed >>> 8) & 255)] as number) ^
    (table[256 + ((mixed >>> 16) & 255)] as number) ^
    (table[mixed >>> 24] as number)
  )
}

/** State after all characters of an ASCII text. */
export function crcText(text: string): number {
  let state = crcStart
  for (let i = 0; i < text.length; i++) state = crcStep(state, text.charCodeAt(i))
  return state
}

/** The checksum that belongs to a state: unsigned, 32 bits. */
export function crcValue(state: number): number {
  return ~state >>> 0
}
