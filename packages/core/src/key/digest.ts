import { createHmac, hash } from 'node:crypto'
import type { CredentialText } from './credential-text.ts'

/** A secret that is kept apart from the database, so that stolen digests cannot even be compared with a guess. */
export interface Pepper {
  /** `[a-z0-9_-]{1,32}`. */
  id: string
  /** At least 32 characters, taken as UTF-8. */
  value: string
}

/** SHA-256 of the credential or, with peppers, HMAC-SHA-256 keyed with the first (RFC 2104). */
export interface Digester {
  /** As stored with a new secret: 64 hexadecimal characters, under the current pepper. */
  digest: (credential: string) => string
  /** All that it may be stored as, in the order to look: the current pepper, older ones, none. */
  candidates: (credential: string) => string[]
  /** How many candidates there are; 1 without peppers. */
  count: number
  /**
   * Candidate `index` as 16 characters of two bytes each, the low one first: what the verifier looks up, at a quarter of
   * the cost of hex.
   */
  utf16: (credential: CredentialText, index: number) => string
  /** By which a node can tell that another was started with other peppers; says nothing about their values. */
  peppers: readonly { id: string; fingerprint: string }[]
}

/** Half as many characters to ask for as with one byte in each. Node's types know only what fits into ASCII. */
const utf16 = 'utf16le' as 'binary'
type Encoding = 'hex' | typeof utf16
const blockBytes = 64
const digestBytes = 32
const leastPepperLength = 32

/**
 * The first pepper is the current one; the others are only accepted.
 * @throws RangeError for an id that is malformed or there twice, and for a short value
 */
export function createDigester(peppers: readonly Pepper[] = []): Digester {
  const ids = new Set<string>()
  for (const [i, { id, value }] of peppers.entries()) {
    // No error quotes an id: it may be a value in the wrong place.
    const pepper = `Pepper ${i + 1}`
    if (!/^[a-z0-9_-]{1,32}$/.test(id)) throw new RangeError(`${pepper} has an id that is not of [a-z0-9_-]{1,32}.`)
    if (ids.has(id)) throw new RangeError(`${pepper} has the id of one before it.`)
    if (value.length < leastPepperLength)
      throw new RangeError(`${pepper} has ${value.length} characters; at least ${leastPepperLength} are needed.`)
    ids.add(id)
  }
  const keyed = peppers.map(({ value }) => createHmacSha256(value))

  function as(encoding: Encoding) {
    return (credential: string | Uint8Array, index: number): string => {
      const hmac = index < keyed.length ? keyed[index] : undefined
      return hmac ? hmac(credential, encoding) : hash('sha256', credential, encoding)
    }
  }
  const wide = as(utf16)
  const hex = as('hex')

  return {
    count: keyed.length + 1,
    utf16: (credential, index) => wide(credential.view(), index),
    digest: (credential) => hex(credential, 0),
    candidates: (credential) => Array.from({ length: keyed.length + 1 }, (_, index) => hex(credential, index)),
    peppers: peppers.map(({ id }, index) => ({ id, fingerprint: hex('keywright pepper', index).slice(0, 16) })),
  }
}

const scratchCharacters = 512

/**
 * `createHmac` costs forty one-shot hashes, so the two of RFC 2104 are made by hand: over one buffer that begins with
 * the inner pad, and one that begins with the outer.
 */
function createHmacSha256(key: string): (text: string | Uint8Array, encoding: Encoding) => string {
  const bytes = Buffer.from(key)
  const block = bytes.length > blockBytes ? Buffer.from(hash('sha256', bytes, 'binary'), 'binary') : bytes
  const inner = Buffer.alloc(blockBytes + 3 * scratchCharacters)
  const outer = Buffer.alloc(blockBytes + digestBytes)
  for (let i = 0; i < blockBytes; i++) {
    inner[i] = (block[i] ?? 0) ^ 0x36
    outer[i] = (block[i] ?? 0) ^ 0x5c
  }
  // A contract's credentials have few lengths, and a view costs more than half a hash.
  const views = new Map<number, Buffer>()

  function write(text: string | Uint8Array): number {
    if (typeof text === 'string') return inner.write(text, blockBytes)
    inner.set(text, blockBytes)
    return text.length
  }

  return (text, encoding) => {
    if (text.length > scratchCharacters) return createHmac('sha256', key).update(text).digest(encoding)
    const end = blockBytes + write(text)
    let view = views.get(end)
    if (!view) {
      view = inner.subarray(0, end)
      views.set(end, view)
    }
    outer.write(hash('sha256', view, 'binary'), blockBytes, 'binary')
    inner.fill(0, blockBytes, end)
    return hash('sha256', outer, encoding)
  }
}
