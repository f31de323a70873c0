import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Limit } from '../key/record.ts'
import { countersConformance } from '../testing/counters.ts'
import type { Meter } from './counters.ts'
import { createMemoryCounters } from './memory.ts'

countersConformance({ name: 'counters in memory', create: () => createMemoryCounters(), describe, it })

const start = Date.UTC(2026, 10, 20, 8)

function meter(subject: string, limit: Partial<Limit> = {}): Meter {
  return { limit: { requests: 3, windowSeconds: 60, per: 'key', kind: 'window', ...limit }, subject, slot: -1 }
}

describe('a take that makes no sense', () => {
  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])('throws for a cost of %d and refunds nothing', (cost) => {
    const counters = createMemoryCounters()
    expect(() => counters.take([meter('key')], cost, start)).toThrow(RangeError)
    expect(counters.peek([meter('key')], start)[0]?.remaining).toBe(3)
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'throws for a time of %d and goes on after it',
    (nowMs) => {
      const counters = createMemoryCounters()
      expect(() => counters.take([meter('key')], 1, nowMs)).toThrow(RangeError)
      expect(counters.take([meter('other', { requests: 1 })], 1, start).taken).toBe(true)
    },
  )

  it.each([{ requests: -1 }, { requests: 1.5 }, { requests: 2 ** 32 }, { windowSeconds: 0 }, { windowSeconds: 0.5 }])(
    'throws for a limit of %o',
    (limit) => {
      expect(() => createMemoryCounters().take([meter('key', limit)], 1, start)).toThrow(RangeError)
    },
  )

  it.each([63, 2 ** 22 + 1, 100.5])('throws for room for %d counters', (maxCounters) => {
    expect(() => createMemoryCounters({ maxCounters })).toThrow(RangeError)
  })
})

it('counts the whole range of requests', () => {
  for (const kind of ['window', 'bucket'] as const) {
    const limited = [meter('key', { requests: 2 ** 32 - 1, kind })]
    const counters = createMemoryCounters()
    expect(counters.take(limited, 2 ** 32 - 2, start).states[0]?.remaining).toBe(1)
    expect(counters.take(limited, 1, start).states[0]?.remaining).toBe(0)
    expect(counters.take(limited, 1, start).taken).toBe(false)
  }
})

it('a cost of nothing is let through even where nothing is left', () => {
  const counters = createMemoryCounters()
  const limited = [meter('key')]
  counters.take(limited, 3, start)
  const quota = counters.take(limited, 0, start + 5000)
  expect(quota).toMatchObject({ taken: true, states: [{ remaining: 0, resetAt: start + 60_000 }] })
})

/** Subjects come, go and come back with new meters, over minutes, while counters pass from one to another. */
it('gives a counter to another only when nothing of it is spent, and then with nothing spent', () => {
  const visit = fc.record({
    subject: fc.nat(150),
    per: fc.constantFrom('key', 'address', 'organization'),
    anew: fc.boolean(),
    bucketToo: fc.boolean(),
    afterMs: fc.oneof(fc.nat(50), fc.nat(4000), fc.constant(25_000)),
  })
  const limit = { requests: 2, windowSeconds: 4 }
  fc.assert(
    fc.property(fc.array(visit, { minLength: 100, maxLength: 600 }), (visits) => {
      const counters = createMemoryCounters()
      const meters = new Map<string, Meter>()
      const log = new Map<string, number[]>()
      let now = start
      for (const { subject, per, anew, bucketToo, afterMs } of visits) {
        now += afterMs
        if (bucketToo) counters.take([meter(String(subject), { kind: 'bucket', windowSeconds: 4 })], 1, now)
        const name = `${per} ${subject}`
        const known = anew ? undefined : meters.get(name)
        const mine = known ?? meter(String(subject), { ...limit, per: per as Limit['per'] })
        meters.set(name, mine)
        const spent = (log.get(name) ?? []).filter((at) => at + 4000 > now)
        const { taken, states } = counters.take([mine], 1, now)
        expect(taken).toBe(spent.length < 2)
        if (taken) spent.push(now)
        log.set(name, spent)
        expect(states[0]).toMatchObject({ remaining: 2 - spent.length, resetAt: Math.max(...spent) + 4000 })
      }
    }),
    { numRuns: 60 },
  )
})

it('gives back what idle subjects held', () => {
  const counters = createMemoryCounters()
  const limit = { requests: 20, windowSeconds: 1 }
  for (let i = 0; i < 20_000; i++) {
    const limited = [meter(`key_${i}`, limit)]
    for (let ms = 0; ms < 20; ms++) counters.take(limited, 1, start + i * 30 + ms)
  }
  expect(counters.usage().keyed).toBeLessThan(4000)
  expect(counters.usage().bytes).toBeLessThan(300_000)
})
