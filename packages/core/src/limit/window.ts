import type { Limit } from '../key/record.ts'
import { FLOATS, HEAD_AT, INTS, type Lines, RESET_AT, SPENT, TAIL } from './lines.ts'

/** Into how many steps a window is cut where it does not remember every request by itself. */
export const SEGMENTS = 64

/**
 * 16 bytes a segment: 2 floats, or 4 ints. [0] is when it is spent no more, written once it is no longer the newest:
 * until then that is when the counter is spent no more.
 */
const FLOATS_EACH = 2
const INTS_EACH = 4
/** uint32: how many requests. */
const COUNT = 2
/** int32: the next segment, after the newest the oldest; of free ones the next free one. */
const NEXT = 3

/** The segment of counters that have none. */
const NONE = 0

/**
 * Sliding windows, for counters that live in `Lines`. Never more than `requests` are admitted in any half-open
 * interval of the window's length, wherever it starts.
 *
 * A window is a queue of segments, each with a count and the time of its last request; a segment is spent until a
 * whole window after that. The queue is a ring that the counter holds by its newest, and the counter knows when its
 * oldest is due, so that what costs a cache miss is looked at only when it changes. Where `requests` is 64 or less, every request has its own time and the count is exact.
 * Above that, requests within the same 1/64 of the window share a segment: what they spent comes back at most 1/64 of
 * the window later than an exact log would give it back, never sooner, and a counter has at most 65 segments.
 *
 * All segments live in one pool. Once it holds `softLimit`, a counter that has a segment gets no further one and goes
 * on in its newest: what it spends comes back later still, and memory stays where it is.
 */
export class Windows {
  private readonly lines: Lines
  private readonly softLimit: number
  private floats = new Float64Array(1024 * FLOATS_EACH)
  private ints = new Int32Array(this.floats.buffer)
  private free = NONE
  private everUsed = 1

  constructor(lines: Lines, softLimit: number) {
    this.lines = lines
    this.softLimit = softLimit
  }

  get bytes(): number {
    return this.floats.byteLength
  }

  /** Drops what is spent no more. */
  expire(slot: number): void {
    if ((this.lines.floats[slot * FLOATS + HEAD_AT] as number) <= this.lines.now) this.drop(slot)
  }

  /** Milliseconds until `cost` fits, 0 where it does, the whole window where it never will. After `expire`. */
  wait(slot: number, cost: number, limit: Limit): number {
    const missing = ((this.lines.ints[slot * INTS + SPENT] as number) >>> 0) + cost - limit.requests
    if (missing <= 0) return 0
    return cost > limit.requests ? limit.windowSeconds * 1000 : this.waitFor(slot, missing)
  }

  /** After `expire`, with room for `cost`, which is above 0. */
  charge(slot: number, cost: number, limit: Limit): void {
    const { floats, ints, now } = this.lines
    const at = slot * FLOATS
    const windowMs = limit.windowSeconds * 1000
    const steps = limit.requests <= SEGMENTS ? 1 : SEGMENTS / windowMs
    const last = (floats[at + RESET_AT] as number) - windowMs
    const before = ints[slot * INTS + TAIL] as number
    if (before === NONE || Math.floor(now * steps) !== Math.floor(last * steps)) this.next(slot)
    const tail = ints[slot * INTS + TAIL] as number
    // The only one is the oldest as well.
    if (this.ints[tail * INTS_EACH + NEXT] === tail) floats[at + HEAD_AT] = now + windowMs
    floats[at + RESET_AT] = now + windowMs
    this.ints[tail * INTS_EACH + COUNT] = (this.ints[tail * INTS_EACH + COUNT] as number) + cost
    ints[slot * INTS + SPENT] = (ints[slot * INTS + SPENT] as number) + cost
  }

  /** Spends on a fresh counter all that `from` has spent, until all of that has come back. After `expire` on `from`. */
  inherit(slot: number, from: number): void {
    const { floats, ints } = this.lines
    if (ints[from * INTS + TAIL] === NONE) return
    this.next(slot)
    const spent = ints[from * INTS + SPENT] as number
    this.ints[(ints[slot * INTS + TAIL] as number) * INTS_EACH + COUNT] = spent
    ints[slot * INTS + SPENT] = spent
    floats[slot * FLOATS + RESET_AT] = floats[from * FLOATS + RESET_AT] as number
    floats[slot * FLOATS + HEAD_AT] = floats[from * FLOATS + RESET_AT] as number
  }

  /** Gives all segments back. */
  clear(slot: number): void {
    const { floats, ints } = this.lines
    const tail = ints[slot * INTS + TAIL] as number
    if (tail === NONE) return
    this.giveBack(this.ints[tail * INTS_EACH + NEXT] as number, tail)
    ints[slot * INTS + TAIL] = NONE
    ints[slot * INTS + SPENT] = 0
    floats[slot * FLOATS + HEAD_AT] = Number.POSITIVE_INFINITY
  }

  private drop(slot: number): void {
    const { floats, ints, now } = this.lines
    if (this.lines.resetAt(slot) <= now) {
      this.clear(slot)
      return
    }
    const tail = ints[slot * INTS + TAIL] as number
    let head = this.ints[tail * INTS_EACH + NEXT] as number
    let headAt = floats[slot * FLOATS + HEAD_AT] as number
    while (headAt <= now) {
      const next = this.ints[head * INTS_EACH + NEXT] as number
      ints[slot * INTS + SPENT] =
        (ints[slot * INTS + SPENT] as number) - (this.ints[head * INTS_EACH + COUNT] as number)
      this.giveBack(head, head)
      head = next
      headAt = this.until(slot, head)
    }
    this.ints[tail * INTS_EACH + NEXT] = head
    floats[slot * FLOATS + HEAD_AT] = headAt
  }

  private waitFor(slot: number, missing: number): number {
    const tail = this.lines.ints[slot * INTS + TAIL] as number
    let segment = this.ints[tail * INTS_EACH + NEXT] as number
    let stillMissing = missing - this.count(segment)
    while (stillMissing > 0) {
      segment = this.ints[segment * INTS_EACH + NEXT] as number
      stillMissing -= this.count(segment)
    }
    return this.until(slot, segment) - this.lines.now
  }

  private count(segment: number): number {
    return (this.ints[segment * INTS_EACH + COUNT] as number) >>> 0
  }

  private until(slot: number, segment: number): number {
    const isNewest = segment === this.lines.ints[slot * INTS + TAIL]
    return isNewest ? this.lines.resetAt(slot) : (this.floats[segment * FLOATS_EACH] as number)
  }

  /** Gives the counter a further segment, unless it has one and there are few left. */
  private next(slot: number): void {
    const { ints } = this.lines
    const tail = ints[slot * INTS + TAIL] as number
    if (tail !== NONE && this.free === NONE && this.everUsed >= this.softLimit) return
    const segment = this.take()
    this.ints[segment * INTS_EACH + COUNT] = 0
    if (tail === NONE) {
      this.ints[segment * INTS_EACH + NEXT] = segment
    } else {
      this.floats[tail * FLOATS_EACH] = this.lines.resetAt(slot)
      this.ints[segment * INTS_EACH + NEXT] = this.ints[tail * INTS_EACH + NEXT] as number
      this.ints[tail * INTS_EACH + NEXT] = segment
    }
    ints[slot * INTS + TAIL] = segment
  }

  /** A run of segments from `first` to `last`. */
  private giveBack(first: number, last: number): void {
    this.ints[last * INTS_EACH + NEXT] = this.free
    this.free = first
  }

  private take(): number {
    const { free } = this
    if (free !== NONE) {
      this.free = this.ints[free * INTS_EACH + NEXT] as number
      return free
    }
    if (this.everUsed * FLOATS_EACH === this.floats.length) {
      const floats = new Float64Array(this.floats.length * 2)
      floats.set(this.floats)
      this.floats = floats
      this.ints = new Int32Array(floats.buffer)
    }
    return this.everUsed++
  }
}
