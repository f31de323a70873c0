const LINE = 16
const DIGEST_WORDS = 8
/** 2 GiB of lines. */
const MOST_ENTRIES = 2 ** 25

/**
 * 32-byte digests to entries, by open addressing in typed arrays. An entry is one line of 64 bytes, a cache line: the
 * digest in words 0–7, the rest for the owner of the table. Cost grows with cache misses alone: one for the index, one
 * for the line.
 *
 * Digests are compared whole: two keys whose digests share a prefix are two keys.
 */
export class DigestTable {
  /** Entry `e` begins at word `e << 4`. */
  words: Int32Array
  /** The same memory: entry `e` begins at `e << 3`. */
  doubles: Float64Array
  /** Entries handed out so far, free ones included: all are below it. */
  top = 0
  size = 0
  private capacity: number
  private readonly maxEntries: number
  /** Pairs of (first digest word, entry + 1); 0 is empty. */
  private index: Int32Array
  private mask: number
  private free: number[] = []

  /** @throws RangeError */
  constructor(maxEntries: number) {
    if (!Number.isInteger(maxEntries) || maxEntries < 1 || maxEntries > MOST_ENTRIES) {
      throw new RangeError(`maxKeys must be a whole number from 1 to ${MOST_ENTRIES}.`)
    }
    this.maxEntries = maxEntries
    this.capacity = Math.min(1024, maxEntries)
    const memory = new ArrayBuffer(this.capacity * LINE * 4)
    this.words = new Int32Array(memory)
    this.doubles = new Float64Array(memory)
    const slots = indexSlots(this.capacity)
    this.index = new Int32Array(slots * 2)
    this.mask = slots - 1
  }

  get full(): boolean {
    return this.size >= this.maxEntries
  }

  /** The entry of a digest of 32 latin1 characters, or −1. */
  find(digest: string): number {
    const first = wordAt(digest, 0)
    const { index, mask, words } = this
    for (let slot = first & mask; ; slot = (slot + 1) & mask) {
      const entry = (index[slot * 2 + 1] as number) - 1
      if (entry < 0) return -1
      if (index[slot * 2] === first && sameDigest(words, entry << 4, digest)) return entry
    }
  }

  /** The entry of a digest that is not yet in, with all words behind the digest zero. The table must not be full. */
  insert(digest: string): number {
    const entry = this.free.pop() ?? this.append()
    const base = entry << 4
    for (let word = 0; word < DIGEST_WORDS; word++) this.words[base + word] = wordAt(digest, word * 4)
    this.words.fill(0, base + DIGEST_WORDS, base + LINE)
    this.place(this.words[base] as number, entry)
    this.size++
    return entry
  }

  remove(entry: number): void {
    const { index, mask, words } = this
    let hole = (words[entry << 4] as number) & mask
    while (index[hole * 2 + 1] !== entry + 1) hole = (hole + 1) & mask
    // What a probe reached past the hole moves back into it, so that no markers of removal pile up.
    for (let slot = (hole + 1) & mask; index[slot * 2 + 1] !== 0; slot = (slot + 1) & mask) {
      const home = (index[slot * 2] as number) & mask
      if (((slot - home) & mask) >= ((slot - hole) & mask)) {
        index[hole * 2] = index[slot * 2] as number
        index[hole * 2 + 1] = index[slot * 2 + 1] as number
        hole = slot
      }
    }
    index[hole * 2] = 0
    index[hole * 2 + 1] = 0
    this.free.push(entry)
    this.size--
  }

  private append(): number {
    if (this.top === this.capacity) this.grow()
    return this.top++
  }

  private place(first: number, entry: number): void {
    const { index, mask } = this
    let slot = first & mask
    while (index[slot * 2 + 1] !== 0) slot = (slot + 1) & mask
    index[slot * 2] = first
    index[slot * 2 + 1] = entry + 1
  }

  private grow(): void {
    this.capacity = Math.min(this.capacity * 2, this.maxEntries)
    const memory = new ArrayBuffer(this.capacity * LINE * 4)
    const words = new Int32Array(memory)
    words.set(this.words)
    this.words = words
    this.doubles = new Float64Array(memory)
    const previous = this.index
    const slots = indexSlots(this.capacity)
    this.index = new Int32Array(slots * 2)
    this.mask = slots - 1
    for (let slot = 0; slot < previous.length; slot += 2) {
      if (previous[slot + 1] !== 0) this.place(previous[slot] as number, (previous[slot + 1] as number) - 1)
    }
  }
}

/** At most two thirds full. */
function indexSlots(capacity: number): number {
  return 2 ** Math.ceil(Math.log2(capacity * 1.5 + 1))
}

function wordAt(digest: string, at: number): number {
  return (
    digest.charCodeAt(at) |
    (digest.charCodeAt(at + 1) << 8) |
    (digest.charCodeAt(at + 2) << 16) |
    (digest.charCodeAt(at + 3) << 24)
  )
}

function sameDigest(words: Int32Array, base: number, digest: string): boolean {
  let difference = 0
  for (let word = 0; word < DIGEST_WORDS; word++) {
    difference |= (words[base + word] as number) ^ wordAt(digest, word * 4)
  }
  return difference === 0
}
