import type { Limit } from '../key/record.ts'
import { FLOATS, HEAD_AT, INTS, type Lines, NEWEST, RESET_AT, SPENT, TAIL } from './lines.ts'

/** Into how many steps a window is cut where it does not remember every request by itself. */
const SEGMENTS = 64

/** 16 bytes a segment: 2 floats, or 4 ints. [0] is when it is spent no more. */
const FLOATS_EACH = 2
const INTS_EACH = 4
/** uint32: how many requests. */
const COUNT = 2
/** int32: the segment before it; of free ones the next free one. */
const BEFORE = 3

/** The segment of counters that have none. */
const NONE = 0

/**
 * Sliding windows, for counters that live in `Lines`. Never more than `requests` are admitted in any half-open
 * interval of the window's length, wherever it starts.
 *
 * A window is a queue of segments, each with a count and the time of its last request; a segment is spent until a
 * whole window after that. The one that is still added to is in the counter itself; the others are a list, each with the
 * one before it, which the counter holds by its newest. A segment that joins them touches no other, and the counter knows
 * when its oldest is due: what costs cache misses is looked at only when something is over.
 *
 * Where `requests` is 64 or less, every request has its own time and the count is exact. Above that, requests within
 * the same 1/64 of the window share a segment: what they spent comes back at most 1/64 of the window later than an exact
 * log would give it back, never sooner, and a counter has at most 65 segments.
 *
 * The lists live in one pool. Once it is full, counters go on in the segment they have: what they spend comes back later
 * still, and memory stays where it is.
 */
export class Windows {
  private readonly lines: Lines
  private readonly most: number
  private floats = new Float64Array(1024 * FLOATS_EACH)
  private ints = new Int32Array(this.floats.buffer)
  private free = NONE
  private everUsed = 1

  /** Room for so many segments beside those in the counters. */
  constructor(lines: Lines, most: number) {
    this.lines = lines
    this.most = most
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
    const line = slot * INTS
    const windowMs = limit.windowSeconds * 1000
    const resetAt = floats[slot * FLOATS + RESET_AT] as number
    const isNew = (ints[line + SPENT] as number) === 0
    if (!isNew && isNextStep(resetAt - windowMs, now, limit)) this.push(slot)
    // What it adds to is the oldest as well.
    if (isNew || ints[line + TAIL] === NONE) floats[slot * FLOATS + HEAD_AT] = now + windowMs
    floats[slot * FLOATS + RESET_AT] = now + windowMs
    ints[line + NEWEST] = (ints[line + NEWEST] as number) + cost
    ints[line + SPENT] = (ints[line + SPENT] as number) + cost
  }

  /** Spends on a fresh counter all that `from` has spent, until all of that has come back. After `expire` on `from`. */
  inherit(slot: number, from: number): void {
    const { floats, ints } = this.lines
    const spent = ints[from * INTS + SPENT] as number
    if (spent === 0) return
    ints[slot * INTS + NEWEST] = spent
    ints[slot * INTS + SPENT] = spent
    floats[slot * FLOATS + RESET_AT] = floats[from * FLOATS + RESET_AT] as number
    floats[slot * FLOATS + HEAD_AT] = floats[from * FLOATS + RESET_AT] as number
  }

  /** Gives all segments back. */
  clear(slot: number): void {
    const { floats, ints } = this.lines
    this.giveBack(ints[slot * INTS + TAIL] as number)
    ints[slot * INTS + TAIL] = NONE
    ints[slot * INTS + SPENT] = 0
    ints[slot * INTS + NEWEST] = 0
    floats[slot * FLOATS + HEAD_AT] = Number.POSITIVE_INFINITY
  }

  private drop(slot: number): void {
    const { floats, ints, now } = this.lines
    if (this.lines.resetAt(slot) <= now) {
      this.clear(slot)
      return
    }
    let oldest = NONE
    let segment = ints[slot * INTS + TAIL] as number
    while (segment !== NONE && this.until(segment) > now) {
      oldest = segment
      segment = this.before(segment)
    }
    if (oldest === NONE) ints[slot * INTS + TAIL] = NONE
    else this.ints[oldest * INTS_EACH + BEFORE] = NONE
    ints[slot * INTS + SPENT] = (ints[slot * INTS + SPENT] as number) - this.giveBack(segment)
    floats[slot * FLOATS + HEAD_AT] = oldest === NONE ? this.lines.resetAt(slot) : this.until(oldest)
  }

  /** By the newest segments, of which so much may stay as `missing` leaves. */
  private waitFor(slot: number, missing: number): number {
    const { ints, now } = this.lines
    let staying =
      ((ints[slot * INTS + SPENT] as number) >>> 0) - missing - ((ints[slot * INTS + NEWEST] as number) >>> 0)
    if (staying < 0) return this.lines.resetAt(slot) - now
    let segment = ints[slot * INTS + TAIL] as number
    for (; ; segment = this.before(segment)) {
      staying -= this.count(segment)
      if (staying < 0) return this.until(segment) - now
    }
  }

  private count(segment: number): number {
    return (this.ints[segment * INTS_EACH + COUNT] as number) >>> 0
  }

  private until(segment: number): number {
    return this.floats[segment * FLOATS_EACH] as number
  }

  private before(segment: number): number {
    return this.ints[segment * INTS_EACH + BEFORE] as number
  }

  /** Puts what the counter added to so far behind its other segments, unless there is no room. */
  private push(slot: number): void {
    const { ints } = this.lines
    const segment = this.take()
    if (segment === NONE) return
    this.floats[segment * FLOATS_EACH] = this.lines.resetAt(slot)
    this.ints[segment * INTS_EACH + COUNT] = ints[slot * INTS + NEWEST] as number
    this.ints[segment * INTS_EACH + BEFORE] = ints[slot * INTS + TAIL] as number
    ints[slot * INTS + TAIL] = segment
    ints[slot * INTS + NEWEST] = 0
  }

  /** A segment and all before it. What they counted. */
  private giveBack(newest: number): number {
    let counted = 0
    for (let segment = newest; segment !== NONE; ) {
      const before = this.before(segment)
      counted += this.count(segment)
      this.ints[segment * INTS_EACH + BEFORE] = this.free
      this.free = segment
      segment = before
    }
    return counted
  }

  private take(): number {
    const { free } = this
    if (free !== NONE) {
      this.free = this.before(free)
      return free
    }
    if (this.everUsed > this.most) return NONE
    if (this.everUsed * FLOATS_EACH === this.floats.length) {
      const floats = new Float64Array(this.floats.length * 2)
      floats.set(this.floats)
      this.floats = floats
      this.ints = new Int32Array(floats.buffer)
    }
    return this.everUsed++
  }
}

/** Whether a request now is to have another segment than the last. */
function isNextStep(last: number, now: number, { requests, windowSeconds }: Limit): boolean {
  if (requests <= SEGMENTS) return last !== now
  const stepMs = (windowSeconds * 1000) / SEGMENTS
  return Math.floor(last / stepMs) !== Math.floor(now / stepMs)
}
