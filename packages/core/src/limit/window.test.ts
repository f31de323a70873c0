import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createMemoryCounters } from './memory.ts'

const start = Date.UTC(2026, 10, 20, 8)

interface Entry {
  at: number
  cost: number
}

const spentAfter = (log: Entry[], instant: number) =>
  log.reduce((sum, { at, cost }) => (at > instant ? sum + cost : sum), 0)

const sequences = fc.record({
  requests: fc.oneof(
    fc.integer({ min: 1, max: 5 }),
    fc.integer({ min: 60, max: 70 }),
    fc.integer({ min: 65, max: 400 }),
  ),
  windowSeconds: fc.integer({ min: 1, max: 3 }),
  calls: fc.array(
    fc.record({
      key: fc.nat(1),
      afterMs: fc.oneof(fc.constant(0), fc.nat(3), fc.integer({ min: 14, max: 18 }), fc.nat(100), fc.nat(3500)),
      /** Of the limit, in 64ths; above it now and then. */
      share: fc.oneof(fc.constant(0), fc.nat(8), fc.nat(66)),
      patient: fc.boolean(),
    }),
    { maxLength: 400 },
  ),
})

it('never admits more than its requests in any window, and refuses no more than the segments make it', () => {
  fc.assert(
    fc.property(sequences, ({ requests, windowSeconds, calls }) => {
      const windowMs = windowSeconds * 1000
      const slackMs = requests <= 64 ? 0 : windowMs / 64
      const counters = createMemoryCounters()
      const limit = { requests, windowSeconds, per: 'key', kind: 'window' } as const
      const keys = [0, 1].map((key) => ({ meters: [{ limit, subject: `k${key}`, slot: -1 }], log: [] as Entry[] }))
      let now = start
      const admits = (key: number, cost: number) => {
        const { meters, log } = keys[key] as (typeof keys)[number]
        const { taken, states, retryAfterMs } = counters.take(meters, cost, now)
        if (taken) log.push({ at: now, cost })
        const spent = spentAfter(log, now - windowMs)
        expect(spent).toBeLessThanOrEqual(requests)
        expect(states[0]?.remaining).toBeLessThanOrEqual(requests - spent)
        expect(states[0]?.remaining).toBeGreaterThanOrEqual(requests - spentAfter(log, now - windowMs - slackMs))
        if (!taken) expect(spentAfter(log, now - windowMs - slackMs) + cost).toBeGreaterThan(requests)
        return { taken, retryAfterMs }
      }
      for (const { key, afterMs, share, patient } of calls) {
        now += afterMs
        const cost = Math.max(1, Math.round((requests * share) / 64))
        const { taken, retryAfterMs } = admits(key, cost)
        if (taken) continue
        expect(retryAfterMs).toBeGreaterThanOrEqual(1)
        expect(retryAfterMs).toBeLessThanOrEqual(windowMs)
        if (!patient || cost > requests) continue
        now += retryAfterMs - 1
        expect(admits(key, cost).taken).toBe(false)
        now += 1
        expect(admits(key, cost).taken).toBe(true)
      }
    }),
    { numRuns: 300 },
  )
})

it('stays strict when there is memory for few segments only, and takes no more of it', () => {
  const counters = createMemoryCounters({ maxCounters: 64 })
  const limit = { requests: 70, windowSeconds: 2, per: 'key', kind: 'window' } as const
  const keys = Array.from({ length: 40 }, (_, i) => ({
    meters: [{ limit, subject: `k${i}`, slot: -1 }],
    log: [] as Entry[],
  }))
  const { bytes } = counters.usage()
  let refused = 0
  for (let now = start; now < start + 10_000; now += 29) {
    for (const { meters, log } of keys) {
      if (counters.take(meters, 1, now).taken) log.push({ at: now, cost: 1 })
      else refused++
      expect(spentAfter(log.slice(-71), now - 2000)).toBeLessThanOrEqual(70)
    }
  }
  expect(refused).toBeGreaterThan(0)
  expect(counters.usage().bytes).toBe(bytes)
})

it('takes no more memory for many requests than for as many steps as a window has', () => {
  const counters = createMemoryCounters()
  const meters = [
    { limit: { requests: 10_000, windowSeconds: 10, per: 'key', kind: 'window' } as const, subject: 'k', slot: -1 },
  ]
  const { bytes } = counters.usage()
  for (let ms = 0; ms < 10_000; ms++) expect(counters.take(meters, 1, start + ms).taken).toBe(true)
  expect(counters.usage().bytes).toBe(bytes)
})
