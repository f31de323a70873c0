import type { Limit } from '../key/record.ts'
import { bucketInherit } from './bucket.ts'
import type { Meter } from './counters.ts'
import { INTS, Lines, TAIL } from './lines.ts'
import { Names } from './names.ts'
import { Windows } from './window.ts'

/** Who may have a counter, each kind within its own room. */
const NOBODY = 0
const KEYED = 1
const ADDRESS = 2
const SHARED = 3

/** How many counters are looked at to find one that may go. */
const CANDIDATES = 64

/** A counter of which nothing is spent is kept this long for who comes back. */
const KEEP_MS = 60_000

/**
 * Counters looked at for each take, and for each one it made: what is idle goes before as many again are made. Many at
 * once, since neighbours come with one cache line.
 */
const SWEPT_PER_TAKE = 1
const SWEPT_PER_COUNTER = 4
const SWEPT_AT_ONCE = 32

const MOST_REQUESTS = 2 ** 32 - 1

/**
 * Whose counter is which: one for each limit and subject, whatever number of meters names them. Made at first use,
 * given to another when nothing of it has been spent for a while.
 *
 * Room is bounded. Addresses, of which anyone may have any number, have a quarter to themselves. When it is full,
 * further addresses share counters by their digest; they are limited together, so more strictly, and take what was
 * spent there along once there is room again. Keys, users, projects and organizations come only with a credential
 * that matched, so there are no more of them than were issued. When their room is full, one of 64 is forgotten and begins
 * anew, if possible one that was not asked of late: refusing a customer because there are many others would be worse.
 * `forgotten` counts them, and anything but 0 asks for more room.
 */
export class Directory {
  readonly lines: Lines
  readonly windows: Windows
  readonly held: [nobody: number, keyed: number, addresses: number, shared: number] = [0, 0, 0, 0]
  forgotten = 0
  private readonly room: readonly number[]
  private readonly most: number
  private readonly names: Names
  private holders: Uint8Array
  private readonly own = new Int32Array(4)
  private readonly common = new Int32Array(4)
  private free = -1
  private everUsed = 0
  private hand = 0
  /** Counters to be swept. */
  private owed = 0
  /** The counters of the current take, as many as `asked`: none of them may go. */
  readonly current: number[] = []
  asked = 0

  constructor(most: number) {
    const addresses = most >>> 2
    const shared = most >>> 5
    const capacity = Math.min(1024, most)
    this.room = [0, most - addresses - shared, addresses, shared]
    this.most = most
    this.lines = new Lines(capacity)
    this.windows = new Windows(this.lines, most * 3)
    this.names = new Names(capacity)
    this.holders = new Uint8Array(capacity)
  }

  get bytes(): number {
    return this.lines.floats.byteLength + this.windows.bytes + this.names.bytes + this.holders.byteLength
  }

  /** The meter's counter, if it has one. */
  find(meter: Meter): number {
    const slot = this.lines.numberOf(meter.slot)
    if (slot >= 0) return slot
    const { limit, subject } = meter
    this.digest(limit, limit.per, subject, this.own)
    const own = this.names.find(this.own)
    if (own >= 0 || limit.per !== 'address' || this.held[SHARED] === 0) return own
    return this.names.find(this.sharedBy(limit))
  }

  /** Finds or makes the counter of a meter that does not know it. Throws where there is no room at all. */
  assign(meter: Meter): number {
    const { limit, subject } = meter
    this.digest(limit, limit.per, subject, this.own)
    let slot = this.names.find(this.own)
    if (slot < 0) slot = limit.per === 'address' ? this.forAddress(limit) : this.make(KEYED, this.own)
    meter.slot = this.lines.owner(slot)
    return slot
  }

  /** Once after each take. */
  sweep(): void {
    this.owed += SWEPT_PER_TAKE
    if (this.owed >= SWEPT_AT_ONCE) this.sweepNow()
  }

  /** Some steps on through all counters: gives back what has come to nothing. */
  private sweepNow(): void {
    const { lines } = this
    for (; this.owed > 0; this.owed--) {
      const slot = this.advance()
      const resetAt = lines.resetAt(slot)
      if (resetAt > lines.now) continue
      if (resetAt + KEEP_MS <= lines.now) this.release(slot)
      else this.windows.clear(slot)
    }
  }

  private forAddress(limit: Limit): number {
    const roomy = this.makeRoom(ADDRESS)
    if (roomy && this.held[SHARED] === 0) return this.make(ADDRESS, this.own)
    const common = this.names.find(this.sharedBy(limit))
    if (!roomy) return common >= 0 ? common : this.make(SHARED, this.common)
    const slot = this.make(ADDRESS, this.own)
    if (common >= 0) this.inherit(slot, common, limit)
    return slot
  }

  private inherit(slot: number, from: number, limit: Limit): void {
    if (limit.kind === 'window') {
      this.windows.expire(from)
      this.windows.inherit(slot, from)
    } else {
      bucketInherit(this.lines, slot, from)
    }
  }

  private make(holder: typeof KEYED | typeof ADDRESS | typeof SHARED, digest: Int32Array): number {
    if (!this.makeRoom(holder)) throw new Error('All counters are in use. Raise maxCounters.')
    const slot = this.take()
    this.lines.open(slot)
    this.holders[slot] = holder
    this.held[holder]++
    this.names.add(slot, digest)
    this.owed += SWEPT_PER_COUNTER
    return slot
  }

  /** Whether there is room for one more, where need be after what is idle, or quiet, has gone. */
  private makeRoom(holder: typeof KEYED | typeof ADDRESS | typeof SHARED): boolean {
    if (this.held[holder] < (this.room[holder] as number)) return true
    let quiet = -1
    let other = -1
    let candidates = 0
    for (let step = 0; step < this.everUsed && candidates < CANDIDATES; step++) {
      const slot = this.advance()
      if (this.holders[slot] !== holder) {
        // Others may lie in long runs. Keys, which must find someone, walk past them; the rest have an alternative.
        if (holder !== KEYED) candidates++
        continue
      }
      candidates++
      if (this.isInUse(slot)) continue
      if (this.lines.resetAt(slot) <= this.lines.now) {
        this.release(slot)
        return true
      }
      if (this.lines.untouch(slot)) other = slot
      else quiet = slot
    }
    const leaving = quiet >= 0 ? quiet : other
    if (holder !== KEYED || leaving < 0) return false
    this.release(leaving)
    this.forgotten++
    return true
  }

  private isInUse(slot: number): boolean {
    for (let index = 0; index < this.asked; index++) if (this.current[index] === slot) return true
    return false
  }

  private take(): number {
    const free = this.free
    if (free >= 0) {
      this.free = this.lines.ints[free * INTS + TAIL] as number
      return free
    }
    if (this.everUsed === this.lines.capacity) {
      const capacity = Math.min(this.everUsed * 2, this.most)
      this.lines.grow(capacity)
      this.names.grow(capacity)
      const holders = new Uint8Array(capacity)
      holders.set(this.holders)
      this.holders = holders
    }
    return this.everUsed++
  }

  private release(slot: number): void {
    this.names.remove(slot)
    this.windows.clear(slot)
    this.held[this.holders[slot] as 1 | 2 | 3]--
    this.holders[slot] = NOBODY
    this.lines.close(slot, this.free)
    this.free = slot
  }

  private advance(): number {
    const slot = this.hand < this.everUsed ? this.hand : 0
    this.hand = slot + 1
    return slot
  }

  private sharedBy(limit: Limit): Int32Array {
    const groups = Math.min(1024, this.most >>> 6)
    this.digest(limit, 'shared', String(((this.own[0] as number) >>> 0) % groups), this.common)
    return this.common
  }

  private digest(limit: Limit, per: string, subject: string, into: Int32Array): void {
    const { kind, requests, windowSeconds } = limit
    if (!Number.isInteger(requests) || requests < 0 || requests > MOST_REQUESTS) {
      throw new RangeError(`A limit's requests must be a whole number up to ${MOST_REQUESTS}.`)
    }
    if (!Number.isInteger(windowSeconds) || windowSeconds < 1) {
      throw new RangeError("A limit's windowSeconds must be a whole number above 0.")
    }
    this.names.digest(`${kind} ${requests} ${windowSeconds} ${per} ${subject}`, into)
  }
}
