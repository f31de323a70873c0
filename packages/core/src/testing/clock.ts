/** A clock that stands still until it is moved. */
export interface SettableClock {
  /** Milliseconds since the epoch. */
  now: () => number
  date: () => Date
  /** Also back, as clocks are. */
  advance: (ms: number) => void
}

export function createClock(startsAt: Date = new Date('2026-11-20T08:00:00Z')): SettableClock {
  let nowMs = startsAt.getTime()
  return {
    now: () => nowMs,
    date: () => new Date(nowMs),
    advance(ms) {
      nowMs += ms
    },
  }
}
