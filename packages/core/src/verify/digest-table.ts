const LINE = 16
const DIGEST_WORDS = 8
/** With the free lines no more than 2 ** 25: a longer list of ids V8 would keep as a dictionary, and take seconds to make. */
const MOST_ENTRIES = 2 ** 24
/** What a line needs free ones beside it, so that they are found soon: for two that are taken, one. */
const SPACE = 1.5

/**
 * 32-byte digests to entries, by open addressing in one typed array. An entry is a line of 64 bytes, a cache line: the
 * digest in words 0–7, the rest for the owner of the table. Cost grows with cache misses alone: one for the line, and
 * at the same time one for the id, which tells whether the line is taken.
 *
 * Digests are compared whole: two keys whose digests share a prefix are two keys. An entry is good until anything is put
 * in or taken out; then lines move.
 */
export class DigestTable {
  /** Entry `e` begins at word `e << 4`. */
  words: Int32Array
  /** The same memory: entry `e` begins at `e << 3`. */
  doubles: Float64Array
  /** By entry: whose digest it is. undefined where it is nobody's. */
  ids: (string | undefined)[]
  size = 0
  private capacity: number
  private readonly maxEntries: number
  private readonly moved: (from: number, to: number) => void

  /**
   * `moved` is told of lines that went elsewhere; of all at once as of one that went from the end to the start.
   * @throws RangeError
   */
  constructor(maxEntries: number, moved: (from: number, to: number) => void = () => {}) {
    if (!Number.isInteger(maxEntries) || maxEntries < 1 || maxEntries > MOST_ENTRIES) {
      throw new RangeError(`maxKeys must be a whole number from 1 to ${MOST_ENTRIES}.`)
    }
    this.maxEntries = maxEntries
    this.moved = moved
    this.capacity = Math.min(1024, maxEntries)
    this.words = new Int32Array(0)
    this.doubles = new Float64Array(0)
    this.ids = []
    this.allot()
  }

  get full(): boolean {
    return this.size >= this.maxEntries
  }

  /** Lines there are, taken or not: all entries are below it. */
  get lines(): number {
    return this.words.length >> 4
  }

  /** The entry of a digest of 16 characters of two bytes, or −1. */
  find(digest: string): number {
    const { words, ids } = this
    const first = wordAt(digest, 0)
    for (let entry = this.home(first); ids[entry] !== undefined; entry = this.next(entry)) {
      if (words[entry << 4] === first && isRestSame(words, entry << 4, digest)) return entry
    }
    return -1
  }

  /** The entry of a digest that is not yet in, with all words behind the digest zero. The table must not be full. */
  insert(digest: string, id: string): number {
    if (this.size === this.capacity) this.grow()
    const entry = this.gapFrom(wordAt(digest, 0))
    const base = entry << 4
    for (let word = 0; word < DIGEST_WORDS; word++) this.words[base + word] = wordAt(digest, word * 2)
    this.words.fill(0, base + DIGEST_WORDS, base + LINE)
    this.ids[entry] = id
    this.size++
    return entry
  }

  remove(entry: number): void {
    const { words, ids } = this
    let hole = entry
    // What was put past the hole moves back into it, so that no markers of removal pile up.
    for (let from = this.next(hole); ids[from] !== undefined; from = this.next(from)) {
      const home = this.home(words[from << 4] as number)
      if (this.distance(home, from) < this.distance(hole, from)) continue
      words.copyWithin(hole << 4, from << 4, (from << 4) + LINE)
      ids[hole] = ids[from]
      this.moved(from, hole)
      hole = from
    }
    ids[hole] = undefined
    this.size--
  }

  clear(): void {
    this.capacity = Math.min(1024, this.maxEntries)
    this.size = 0
    this.allot()
  }

  private grow(): void {
    const { words, ids } = this
    this.capacity = Math.min(this.capacity * 2, this.maxEntries)
    this.allot()
    for (let from = 0; from < ids.length; from++) {
      if (ids[from] === undefined) continue
      const base = from << 4
      const entry = this.gapFrom(words[base] as number)
      this.words.set(words.subarray(base, base + LINE), entry << 4)
      this.ids[entry] = ids[from]
    }
  }

  private allot(): void {
    const lines = Math.ceil(this.capacity * SPACE) + 1
    this.words = new Int32Array(lines * LINE)
    this.doubles = new Float64Array(this.words.buffer)
    this.ids = new Array(lines).fill(undefined)
    this.moved(this.lines, 0)
  }

  private gapFrom(first: number): number {
    let entry = this.home(first)
    while (this.ids[entry] !== undefined) entry = this.next(entry)
    return entry
  }

  /** Where a digest belongs: its first word as a fraction of all lines. */
  private home(first: number): number {
    return Math.floor(((first >>> 0) / 2 ** 32) * this.lines)
  }

  private next(entry: number): number {
    return entry + 1 === this.lines ? 0 : entry + 1
  }

  /** How many steps `to` is past `from`. */
  private distance(from: number, to: number): number {
    return to >= from ? to - from : to - from + this.lines
  }
}

function wordAt(digest: string, at: number): number {
  return digest.charCodeAt(at) | (digest.charCodeAt(at + 1) << 16)
}

function isRestSame(words: Int32Array, base: number, digest: string): boolean {
  let difference = 0
  for (let word = 1; word < DIGEST_WORDS; word++) {
    difference |= (words[base + word] as number) ^ wordAt(digest, word * 2)
  }
  return difference === 0
}
