import { alphabets } from './alphabet.ts'
import { randomByte } from './random.ts'

/** `key_` and 26 characters; likewise `org_`, `prj_`, `svc_`. */
export type Id<Prefix extends string> = `${Prefix}_${string}`

const digits = alphabets.crockford32

let lastTime = 0
let sequence = 0

/**
 * A new UUIDv7 (RFC 9562 §5.7) in 26 lower-case characters of Crockford's base32. Ids of one process ascend as they
 * are made, also when its clock is set back; 62 bits of each are random, so one does not lead to the next.
 * @param now milliseconds since 1970
 */
export function newId<Prefix extends string>(prefix: Prefix, now: number = Date.now()): Id<Prefix> {
  // RFC 9562 §6.2, method 1: twelve bits count within a millisecond, from a random start in the lower half. A counter
  // that runs over borrows from the next millisecond.
  if (now > lastTime) {
    lastTime = now
    sequence = ((randomByte() << 8) | randomByte()) & 0x7ff
  } else if (sequence === 0xfff) {
    lastTime++
    sequence = 0
  } else {
    sequence++
  }
  // The time is 48 bits in the first ten characters; version, counter, variant and random bits are 80 in the others.
  const versionAndSequence = 0x7000 | sequence
  const variantAndRandom = 0x80 | (randomByte() & 0x3f)
  const high = versionAndSequence * 2 ** 24 + variantAndRandom * 2 ** 16 + randomByte() * 2 ** 8 + randomByte()
  const low =
    randomByte() * 2 ** 32 + randomByte() * 2 ** 24 + randomByte() * 2 ** 16 + randomByte() * 2 ** 8 + randomByte()
  return `${prefix}_${base32(lastTime, 10)}${base32(high, 8)}${base32(low, 8)}`
}

function base32(value: number, characters: number): string {
  let rest = value
  let text = ''
  for (let i = 0; i < characters; i++) {
    text = digits.charAt(rest % 32) + text
    rest = Math.floor(rest / 32)
  }
  return text
}
