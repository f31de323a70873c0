import { hash, randomBytes } from 'node:crypto'

const WORDS = 4

/**
 * From a name to the number of what it names: open addressing, at most half full, over 128 bits of the name's digest.
 * 24 bytes a name however long the names are.
 */
export class Names {
  /** Addresses are the caller's to choose; unsalted, a thousand that fall on one place would turn each lookup into a walk. */
  private readonly salt = randomBytes(12).toString('base64')
  /** Number + 1; 0 where there is none. */
  private places: Int32Array
  private digests: Int32Array

  constructor(capacity: number) {
    this.places = new Int32Array(placesFor(capacity))
    this.digests = new Int32Array(capacity * WORDS)
  }

  get bytes(): number {
    return this.places.byteLength + this.digests.byteLength
  }

  /** Writes the four words the other methods ask for. */
  digest(name: string, into: Int32Array): void {
    const bytes = hash('sha256', this.salt + name, 'binary')
    for (let word = 0; word < WORDS; word++) {
      const at = word * 4
      into[word] =
        bytes.charCodeAt(at) |
        (bytes.charCodeAt(at + 1) << 8) |
        (bytes.charCodeAt(at + 2) << 16) |
        (bytes.charCodeAt(at + 3) << 24)
    }
  }

  /** −1 where nothing has the name. */
  find(digest: Int32Array): number {
    const mask = this.places.length - 1
    for (let place = (digest[0] as number) & mask; ; place = (place + 1) & mask) {
      const found = (this.places[place] as number) - 1
      if (found < 0 || this.has(found, digest)) return found
    }
  }

  add(number: number, digest: Int32Array): void {
    this.digests.set(digest, number * WORDS)
    this.place(number)
  }

  /** Moves what follows back into the gap, so that lookups never pass over the removed. */
  remove(number: number): void {
    const mask = this.places.length - 1
    let gap = this.home(number) & mask
    while (this.places[gap] !== number + 1) gap = (gap + 1) & mask
    for (let place = (gap + 1) & mask; this.places[place] !== 0; place = (place + 1) & mask) {
      const held = this.places[place] as number
      const fromHome = (place - this.home(held - 1)) & mask
      if (fromHome < ((place - gap) & mask)) continue
      this.places[gap] = held
      gap = place
    }
    this.places[gap] = 0
  }

  grow(capacity: number): void {
    const held = this.places
    const digests = new Int32Array(capacity * WORDS)
    digests.set(this.digests)
    this.digests = digests
    this.places = new Int32Array(placesFor(capacity))
    for (const number of held) if (number > 0) this.place(number - 1)
  }

  private home(number: number): number {
    return this.digests[number * WORDS] as number
  }

  private has(number: number, digest: Int32Array): boolean {
    const at = number * WORDS
    return (
      this.digests[at] === digest[0] &&
      this.digests[at + 1] === digest[1] &&
      this.digests[at + 2] === digest[2] &&
      this.digests[at + 3] === digest[3]
    )
  }

  private place(number: number): void {
    const mask = this.places.length - 1
    let place = this.home(number) & mask
    while (this.places[place] !== 0) place = (place + 1) & mask
    this.places[place] = number + 1
  }
}

function placesFor(capacity: number): number {
  return 2 ** Math.ceil(Math.log2(capacity * 2))
}
