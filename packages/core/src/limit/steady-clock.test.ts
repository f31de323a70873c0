import { expect, it } from 'vitest'
import { createMemoryCounters } from './memory.ts'
import { SteadyClock } from './steady-clock.ts'

const start = Date.UTC(2026, 10, 20, 8)

it('stands still while the other clock is a little behind', () => {
  const clock = new SteadyClock()
  expect([start, start - 60_000, start - 1, start + 1].map((now) => clock.at(now))).toEqual([
    start,
    start,
    start,
    start + 1,
  ])
})

it('goes on from where it was when the other clock was set back', () => {
  const clock = new SteadyClock()
  const hour = 3_600_000
  expect([start, start - hour, start - hour + 5, start - 2 * hour].map((now) => clock.at(now))).toEqual([
    start,
    start,
    start + 5,
    start + 5,
  ])
})

it('drops fractions of a millisecond', () => {
  expect(new SteadyClock().at(start + 0.9)).toBe(start)
})

it('after the clock was set back, answers are in its time and nothing has come back', () => {
  const counters = createMemoryCounters()
  const meters = [
    { limit: { requests: 1, windowSeconds: 10, per: 'key', kind: 'window' } as const, subject: 'k', slot: -1 },
  ]
  counters.take(meters, 1, start)
  const lastYear = start - 365 * 86_400_000
  const refused = counters.take(meters, 1, lastYear)
  expect(refused).toMatchObject({ taken: false, retryAfterMs: 10_000, states: [{ resetAt: lastYear + 10_000 }] })
  const another = meters.map((meter) => ({ ...meter, subject: 'another', slot: -1 }))
  expect(counters.peek(another, lastYear)).toMatchObject([{ remaining: 1, resetAt: lastYear }])
  expect(counters.take(meters, 1, lastYear + 9_999).taken).toBe(false)
  expect(counters.take(meters, 1, lastYear + 10_000).taken).toBe(true)
})

it('a clock that is a little behind waits for as much longer', () => {
  const counters = createMemoryCounters()
  const meters = [
    { limit: { requests: 1, windowSeconds: 10, per: 'key', kind: 'window' } as const, subject: 'k', slot: -1 },
  ]
  counters.take(meters, 1, start)
  expect(counters.take(meters, 1, start - 500).retryAfterMs).toBe(10_500)
  expect(counters.take(meters, 1, start - 500.5).retryAfterMs).toBe(10_501)
  expect(counters.take(meters, 0, start - 500)).toMatchObject({ taken: true, retryAfterMs: 0 })
})
