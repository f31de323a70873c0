import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createMemoryCounters } from './memory.ts'

const start = Date.UTC(2026, 10, 20, 8)

const sequences = fc.record({
  requests: fc.oneof(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 1_000_000 })),
  windowSeconds: fc.oneof(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 86_400 })),
  calls: fc.array(fc.record({ share: fc.nat(1050), wait: fc.nat(1300), patient: fc.boolean() }), { maxLength: 300 }),
})

it('holds exactly what a bucket of whole numbers holds', () => {
  fc.assert(
    fc.property(sequences, ({ requests, windowSeconds, calls }) => {
      const windowMs = windowSeconds * 1000
      const counters = createMemoryCounters()
      const meters = [
        { limit: { requests, windowSeconds, per: 'key', kind: 'bucket' } as const, subject: 'k', slot: -1 },
      ]
      /** What is owed, in shares of which a request costs `windowMs` and a millisecond pays `requests`. */
      let owed = 0n
      let now = start
      const pass = (ms: number) => {
        now += ms
        const paid = BigInt(ms) * BigInt(requests)
        owed = owed > paid ? owed - paid : 0n
      }
      const expectSame = (cost: number) => {
        const fits = owed + BigInt(cost) * BigInt(windowMs) <= BigInt(requests) * BigInt(windowMs)
        const { taken, states, retryAfterMs } = counters.take(meters, cost, now)
        expect(taken).toBe(fits)
        if (fits) owed += BigInt(cost) * BigInt(windowMs)
        const left = (BigInt(requests) * BigInt(windowMs) - owed) / BigInt(windowMs)
        expect(states[0]?.remaining).toBe(Number(left))
        expect(states[0]?.resetAt).toBe(now + Number((owed + BigInt(requests) - 1n) / BigInt(requests)))
        return { taken, retryAfterMs }
      }
      for (const { share, wait, patient } of calls) {
        pass(Math.floor((windowMs * wait) / 10_000))
        const cost = Math.max(1, Math.floor((requests * share) / 1000))
        const { taken, retryAfterMs } = expectSame(cost)
        if (taken || !patient || cost > requests) continue
        pass(retryAfterMs - 1)
        expect(expectSame(cost).taken).toBe(false)
        pass(1)
        expect(expectSame(cost).taken).toBe(true)
      }
    }),
    { numRuns: 300 },
  )
})

it('lets its burst through in single requests of one instant, whatever does not divide evenly', () => {
  for (const requests of [3, 7, 999, 10_007]) {
    const counters = createMemoryCounters()
    const meters = [
      { limit: { requests, windowSeconds: 1, per: 'key', kind: 'bucket' } as const, subject: 'k', slot: -1 },
    ]
    let taken = 0
    for (let i = 0; i < requests + 5; i++) if (counters.take(meters, 1, start).taken) taken++
    expect(taken).toBe(requests)
  }
})
