import type { Limit } from '../key/record.ts'
import { bucketCharge, bucketRemaining, bucketWait } from './bucket.ts'
import type { Counters, LimitState, Meter, Quota } from './counters.ts'
import { Directory } from './directory.ts'
import { MOST_COUNTERS } from './lines.ts'
import { SteadyClock } from './steady-clock.ts'

const FEWEST_COUNTERS = 64

export interface MemoryCountersOptions {
  /**
   * How many subjects are counted at once, 64 to 4,194,304; a quarter of it is for addresses. 57 bytes each for one
   * that is used now and then, no more than 125 in all however they are used. They are taken as needed, not beforehand.
   */
  maxCounters?: number
}

/** What the counters hold now. */
interface MemoryUsage {
  /** Counters for keys, users, projects and organizations. */
  keyed: number
  /** Counters for single addresses. */
  addresses: number
  /** Counters that several addresses share, because there was no room for each. */
  shared: number
  /** Since the start: keyed counters that began anew before their time. Above 0, raise `maxCounters`. */
  forgotten: number
  bytes: number
}

/** Counters of this process alone. They answer at once, never with a promise. */
export interface MemoryCounters extends Counters {
  take(meters: readonly Meter[], cost: number, nowMs: number): Quota
  peek(meters: readonly Meter[], nowMs: number): LimitState[]
  usage(): MemoryUsage
}

/**
 * Two meters of one take that mean the same limit of the same subject are charged once. A window never admits more than
 * its requests in any interval of its length; above 64 requests, what is spent may come back 1/64 of the window late.
 *
 * Throws a RangeError for a cost, a time or a limit that is none, and an Error where there is no room for a counter;
 * nothing is charged then.
 */
export function createMemoryCounters({ maxCounters = 2 ** 21 }: MemoryCountersOptions = {}): MemoryCounters {
  if (!Number.isInteger(maxCounters) || maxCounters < FEWEST_COUNTERS || maxCounters > MOST_COUNTERS) {
    throw new RangeError(`maxCounters must be a whole number from ${FEWEST_COUNTERS} to ${MOST_COUNTERS}.`)
  }
  return new Memory(maxCounters)
}

class Memory implements MemoryCounters {
  private readonly directory: Directory
  private readonly clock = new SteadyClock()

  constructor(maxCounters: number) {
    this.directory = new Directory(maxCounters)
  }

  take(meters: readonly Meter[], cost: number, nowMs: number): Quota {
    if (!Number.isSafeInteger(cost) || cost < 0) throw new RangeError('A cost must be a whole number, 0 or more.')
    this.start(nowMs)
    const { directory } = this
    const { current, lines } = directory
    let refusedBy = -1
    let longest = 0
    for (let index = 0; index < meters.length; index++) {
      const meter = meters[index] as Meter
      directory.asked = index
      const known = lines.numberOf(meter.slot)
      const slot = known < 0 ? directory.assign(meter) : known
      current[index] = slot
      lines.touch(slot)
      const wait = this.wait(meter.limit, slot, cost)
      if (wait > longest) {
        longest = wait
        refusedBy = index
      }
    }
    const taken = refusedBy < 0
    const states = new Array<LimitState>(meters.length)
    for (let index = 0; index < meters.length; index++) {
      const { limit } = meters[index] as Meter
      const spent = taken && !this.isRepeated(index) ? cost : 0
      states[index] = this.spend(limit, current[index] as number, spent)
    }
    directory.sweep()
    return { taken, states, retryAfterMs: taken ? 0 : longest + this.behind(nowMs), refusedBy }
  }

  peek(meters: readonly Meter[], nowMs: number): LimitState[] {
    this.start(nowMs)
    const { lines, windows } = this.directory
    return meters.map((meter) => {
      const { limit } = meter
      const slot = this.directory.find(meter)
      if (slot < 0) return { limit, remaining: limit.requests, resetAt: lines.now - this.clock.ahead }
      if (limit.kind === 'window') windows.expire(slot)
      return this.spend(limit, slot, 0)
    })
  }

  usage(): MemoryUsage {
    const [, keyed, addresses, shared] = this.directory.held
    return { keyed, addresses, shared, forgotten: this.directory.forgotten, bytes: this.directory.bytes }
  }

  private start(nowMs: number): void {
    this.directory.lines.now = this.clock.at(nowMs)
  }

  /** How long the caller's clock takes to be where the counters' is. */
  private behind(nowMs: number): number {
    return this.directory.lines.now - this.clock.ahead - Math.floor(nowMs)
  }

  /** Whether an earlier meter of the take has the same counter. */
  private isRepeated(index: number): boolean {
    const { current } = this.directory
    for (let earlier = 0; earlier < index; earlier++) if (current[earlier] === current[index]) return true
    return false
  }

  private wait(limit: Limit, slot: number, cost: number): number {
    const { lines, windows } = this.directory
    if (limit.kind !== 'window') return bucketWait(lines, slot, cost, limit)
    windows.expire(slot)
    return windows.wait(slot, cost, limit)
  }

  /** After `expire`, with room for `cost`. What is left then. */
  private spend(limit: Limit, slot: number, cost: number): LimitState {
    const { lines, windows } = this.directory
    let remaining: number
    if (limit.kind === 'window') {
      if (cost > 0) windows.charge(slot, cost, limit)
      remaining = limit.requests - lines.spent(slot)
    } else {
      if (cost > 0) bucketCharge(lines, slot, cost, limit)
      remaining = bucketRemaining(lines, slot, limit)
    }
    return { limit, remaining, resetAt: Math.max(lines.resetAt(slot), lines.now) - this.clock.ahead }
  }
}
