import type { Outcome } from '@keywright/core'
import type { Decision } from './decision.ts'
import { hourMs, hourOf } from './hour.ts'
import { Tally } from './tally.ts'

/** What was counted within one hour. */
export interface Hour {
  readonly startMs: number
  readonly tallies: Map<string, Tally>
  /** Verifications of which nothing is left but that they were. */
  dropped: number
}

/** Tallies of one hour, on their way into the database. */
export interface Chunk {
  readonly hour: Hour
  readonly tallies: readonly Tally[]
  readonly dropped: number
}

/** A line is 100 to 400 bytes. */
const ample = 200_000

/**
 * What was counted and is not yet written down. However long the database is away and whoever calls, it holds at most
 * about `mostLines`: the oldest details are dropped first, then the oldest counts, and the drops are counted.
 */
export class Tallies {
  private readonly mostLines: number
  private held = 0
  /** Oldest first. */
  private closed: Hour[] = []
  private open: Hour = newHour(0)

  constructor(mostLines = ample) {
    this.mostLines = mostLines
  }

  get lines(): number {
    return this.held
  }

  /** `true` where an hour has begun. */
  turn(nowMs: number): boolean {
    const { startMs } = this.open
    if (nowMs >= startMs && nowMs < startMs + hourMs) return false
    if (this.open.tallies.size > 0) this.closed.push(this.open)
    this.open = newHour(hourOf(nowMs))
    return true
  }

  /** Within the hour that `turn` was told. `refusal` is there where it was one. */
  count(
    outcome: Outcome,
    route: string,
    address: string,
    userAgent: string,
    nowMs: number,
    refusal: Decision | null,
  ): void {
    const { principal } = outcome
    const key = principal === null ? '' : principal.key
    let tally = this.open.tallies.get(key)
    let lines = 0
    if (tally === undefined) {
      tally = new Tally(principal)
      this.open.tallies.set(key, tally)
    } else {
      lines = tally.lines
    }
    tally.count(outcome, route, address, userAgent, nowMs - this.open.startMs)
    if (refusal !== null) tally.refuse(refusal)
    if (tally.lines === lines) return
    this.held += tally.lines - lines
    if (this.held > this.mostLines) this.makeRoom()
  }

  /** What was counted so far is taken before what is counted from now on. */
  close(): void {
    if (this.closed.length > 0 || this.open.tallies.size === 0) return
    this.closed.push(this.open)
    this.open = newHour(this.open.startMs)
  }

  /** Of the oldest closed hour, as many tallies as have about `mostLines`; null where all is taken. */
  take(mostLines: number): Chunk | null {
    const [hour] = this.closed
    if (!hour) return null
    const tallies: Tally[] = []
    for (let lines = 0; lines < mostLines; ) {
      const next = hour.tallies.values().next()
      if (next.done) break
      const tally = next.value
      hour.tallies.delete(tally.key)
      tallies.push(tally)
      lines += tally.lines
    }
    for (const { lines } of tallies) this.held -= lines
    const { dropped } = hour
    hour.dropped = 0
    if (hour.tallies.size === 0) this.closed.shift()
    return { hour, tallies, dropped }
  }

  /** What could not be written down. */
  putBack({ hour, tallies, dropped }: Chunk): void {
    if (!this.closed.includes(hour)) this.closed.unshift(hour)
    hour.dropped += dropped
    for (const tally of tallies) {
      hour.tallies.set(tally.key, tally)
      this.held += tally.lines
    }
    if (this.held > this.mostLines) this.makeRoom()
  }

  /** Down to half, so that it is done once in a long while. */
  private makeRoom(): void {
    for (const [, tally] of this.oldestFirst()) {
      this.held -= tally.lines
      tally.dropDetails()
      this.held += tally.lines
      if (this.held <= this.mostLines / 2) return
    }
    for (const [hour, tally] of this.oldestFirst()) {
      this.held -= tally.lines
      hour.tallies.delete(tally.key)
      for (const { count } of tally.counts()) hour.dropped += count
      if (this.held <= this.mostLines / 2) return
    }
  }

  private *oldestFirst(): Generator<[Hour, Tally]> {
    for (const hour of [...this.closed, this.open]) for (const tally of hour.tallies.values()) yield [hour, tally]
  }
}

function newHour(startMs: number): Hour {
  return { startMs, tallies: new Map(), dropped: 0 }
}
