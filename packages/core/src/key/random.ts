import { randomFillSync } from 'node:crypto'

// Small draws are the expensive ones, so bytes are drawn many at a time. Each is wiped as it is taken: what is left of
// the pool says nothing about secrets already issued.
const pool = new Uint8Array(1024)
let next = pool.length

export function randomByte(): number {
  if (next === pool.length) {
    randomFillSync(pool)
    next = 0
  }
  const byte = pool[next] as number
  pool[next++] = 0
  return byte
}

/** `length` characters, each equally likely. The alphabet has at most 256. */
export function randomText(alphabet: string, length: number): string {
  // Bytes past the last whole multiple of the alphabet are dropped: folding them in would favour its first characters.
  const limit = 256 - (256 % alphabet.length)
  let text = ''
  while (text.length < length) {
    const byte = randomByte()
    if (byte < limit) text += alphabet[byte % alphabet.length]
  }
  return text
}

/** Unpadded base64url of `count` bytes (RFC 4648 §5). */
export function randomBase64url(count: number): string {
  const bytes = Buffer.alloc(count)
  for (let i = 0; i < count; i++) bytes[i] = randomByte()
  const text = bytes.toString('base64url')
  bytes.fill(0)
  return text
}
