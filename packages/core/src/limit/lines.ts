/** Bits of an owner that are the counter's number; those above count how often the number was given anew. */
const NUMBER_BITS = 22
const NUMBER = 2 ** NUMBER_BITS - 1
/** An owner is an integer that a double holds. */
const MOST_GENERATIONS = 2 ** 30 - 1

/** As many counters as an owner can name. */
export const MOST_COUNTERS = 2 ** NUMBER_BITS

/** 32 bytes a counter: 4 floats, or 8 ints. */
export const FLOATS = 4
export const INTS = 8

/** float64: when nothing is spent any more; Infinity while nobody has the counter. */
export const RESET_AT = 0
/** float64: when the oldest segment of a window is spent no more; Infinity where nothing is spent. */
export const HEAD_AT = 1
/** float64, in its place: what a bucket needs less than RESET_AT says. */
export const LESS = 1
/** int32: newest segment of a window but for the one it adds to, 0 without; the next free one while nobody has it. */
export const TAIL = 4
/** uint32: all that is spent of a window. */
export const SPENT = 5
/** uint32: what the segment of a window that it still adds to holds. */
export const NEWEST = 6
/** int32: twice how often the counter has been given to another, and 1 more where it was asked lately. */
const GENERATION = 7

/**
 * Half a cache line for each counter, by its number. The two views are of the same bytes; they are read where they are
 * needed, not through accessors, because V8 inlines only so much into one function and taking is that function.
 */
export class Lines {
  capacity = 0
  /** Milliseconds since the epoch, set before each take. A field: as an argument each call would box it anew. */
  now = 0
  floats: Float64Array = new Float64Array(0)
  ints: Int32Array = new Int32Array(0)

  constructor(capacity: number) {
    this.grow(capacity)
  }

  grow(capacity: number): void {
    const floats = new Float64Array(capacity * FLOATS)
    floats.set(this.floats)
    for (let slot = this.capacity; slot < capacity; slot++) {
      floats[slot * FLOATS + RESET_AT] = Number.POSITIVE_INFINITY
    }
    this.floats = floats
    this.ints = new Int32Array(floats.buffer)
    this.capacity = capacity
  }

  /** The counter an owner means, or −1 where it has been given to another since. */
  numberOf(owner: number): number {
    if (owner < 0) return -1
    const slot = owner & NUMBER
    return this.generation(slot) === (owner - slot) / MOST_COUNTERS ? slot : -1
  }

  /** What `Meter.slot` holds while the counter is the meter's. */
  owner(slot: number): number {
    return this.generation(slot) * MOST_COUNTERS + slot
  }

  /** Notes that it was asked. */
  touch(slot: number): void {
    const at = slot * INTS + GENERATION
    const word = this.ints[at] as number
    if ((word & 1) === 0) this.ints[at] = word | 1
  }

  /** Whether it was asked since this was asked about it. */
  untouch(slot: number): boolean {
    const at = slot * INTS + GENERATION
    const word = this.ints[at] as number
    this.ints[at] = word & ~1
    return (word & 1) === 1
  }

  resetAt(slot: number): number {
    return this.floats[slot * FLOATS + RESET_AT] as number
  }

  spent(slot: number): number {
    return (this.ints[slot * INTS + SPENT] as number) >>> 0
  }

  /** Makes it a counter of which nothing is spent. */
  open(slot: number): void {
    const at = slot * INTS
    this.floats[slot * FLOATS + RESET_AT] = this.now
    this.floats[slot * FLOATS + HEAD_AT] = Number.POSITIVE_INFINITY
    this.ints[at + TAIL] = 0
    this.ints[at + SPENT] = 0
    this.ints[at + NEWEST] = 0
  }

  /** Whoever still names the counter has to look for its own anew. */
  close(slot: number, nextFree: number): void {
    const at = slot * INTS
    this.ints[at + GENERATION] = ((this.generation(slot) + 1) & MOST_GENERATIONS) << 1
    this.floats[slot * FLOATS + RESET_AT] = Number.POSITIVE_INFINITY
    this.ints[at + TAIL] = nextFree
  }

  private generation(slot: number): number {
    return (this.ints[slot * INTS + GENERATION] as number) >>> 1
  }
}
