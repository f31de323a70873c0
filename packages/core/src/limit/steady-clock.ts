/** A clock that stepped back by more was set; by less, it was slewed or the caller read it a while ago. */
const JITTER_MS = 60_000

/** The last instant a `Date` can hold. */
const END_OF_TIME_MS = 8.64e15

/**
 * Time that never goes back. While the caller's clock is up to a minute behind, no time passes; when it was set back
 * further, time goes on from where it was, so that nobody waits for the clock to catch up.
 */
export class SteadyClock {
  /** How far this clock is ahead of the caller's since that was set back. */
  ahead = 0
  private latest = 0

  /** Whole milliseconds since the epoch in and out; a fraction is dropped. */
  at(nowMs: number): number {
    const now = Math.floor(nowMs) + this.ahead
    if (!(now >= this.latest && now <= END_OF_TIME_MS)) return this.unsteady(now)
    this.latest = now
    return now
  }

  private unsteady(now: number): number {
    if (!(Math.abs(now) <= END_OF_TIME_MS)) throw new RangeError('The time must be milliseconds since the epoch.')
    if (this.latest - now > JITTER_MS) this.ahead += this.latest - now
    return this.latest
  }
}
