import { type Counters, createMemoryCounters, type Limit, type Meter } from '@keywright/core'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startRedis, type TestRedis } from '../../test/support/redis.ts'
import { openRedis, type RedisClient } from './redis-client.ts'
import { createRedisCounters } from './redis-counters.ts'
import { createRedisLedgers } from './redis-ledgers.ts'
import { createShares } from './shares.ts'

let redis: TestRedis
let client: RedisClient
let nowMs = 0

beforeAll(async () => {
  redis = await startRedis()
  client = await openRedis(redis.url, 10_000)
})
afterAll(async () => {
  client.close()
  await redis.stop()
})

const start = Date.UTC(2026, 10, 20, 8)

function meter(limit: Limit): Meter {
  return { limit, subject: `${limit.per}_1`, slot: -1 }
}

// Redis forgets by its own clock, which goes on meanwhile: not before the test is over.
const windowSeconds = fc.integer({ min: 60, max: 180 })

/** Of which nobody holds any, and every request has its own time. */
const small = fc.record<Limit>({
  kind: fc.constantFrom('window', 'bucket'),
  requests: fc.constantFrom(1, 2, 3, 7, 11, 13, 15),
  windowSeconds,
  per: fc.constantFrom('key', 'project', 'organization'),
})
/** Those that are counted each by itself. */
const exact = fc.oneof(
  small,
  fc.record<Limit>({
    kind: fc.constant('window'),
    requests: fc.integer({ min: 16, max: 64 }),
    windowSeconds,
    per: fc.constant('key'),
  }),
  fc.record<Limit>({
    kind: fc.constant('bucket'),
    requests: fc.integer({ min: 16, max: 200_000 }),
    windowSeconds,
    per: fc.constant('key'),
  }),
)
const step = fc.record({
  isPeek: fc.boolean(),
  /** In parts of the first limit. */
  cost: fc.oneof(fc.constantFrom(0, 1, 2, 3), fc.double({ min: 0, max: 1.2, noNaN: true })),
  waitMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 9_000 }), fc.integer({ min: 59_000, max: 181_000 })),
  waitsAsTold: fc.boolean(),
})

it('counters in Redis hold a window of many requests, and give back a 64th of it late at most', async () => {
  const many = fc.record({ times: fc.integer({ min: 1, max: 60 }), waitMs: fc.nat(9_000) })
  const runs = fc.asyncProperty(
    fc.integer({ min: 65, max: 200 }),
    windowSeconds,
    fc.array(many, { maxLength: 30, size: 'max' }),
    async (requests, seconds, steps) => {
      await redis.command('FLUSHALL')
      const windowMs = seconds * 1_000
      const counters = createRedisCounters({
        redis: client,
        otherwise: createMemoryCounters(),
        clock: (ms) => ms,
      })
      const limited = [meter({ kind: 'window', requests, windowSeconds: seconds, per: 'key' })]
      const admitted: number[] = []
      const spentIn = (ms: number) => admitted.filter((at) => at > nowMs - ms).length
      nowMs = start
      for (const { times, waitMs } of steps) {
        nowMs += waitMs
        const quotas = await Promise.all(Array.from({ length: times }, () => counters.take(limited, 1, nowMs)))
        for (const { taken, retryAfterMs, states } of quotas) {
          if (taken) admitted.push(nowMs)
          else expect(spentIn(windowMs + windowMs / 64 + 1)).toBeGreaterThanOrEqual(requests)
          expect(retryAfterMs > 0).toBe(!taken)
          expect(retryAfterMs).toBeLessThanOrEqual(windowMs + windowMs / 64 + 1)
          expect(states[0]?.resetAt).toBeGreaterThanOrEqual((admitted.at(-1) ?? 0) + windowMs)
        }
        expect(spentIn(windowMs)).toBeLessThanOrEqual(requests)
      }
    },
  )
  await fc.assert(runs, { numRuns: 12 })
}, 120_000)

/** More units of debt than are counted exactly. */
const huge: Limit = { kind: 'bucket', requests: 883_672_941, windowSeconds: 5_597_515, per: 'key' }

describe.each([
  [
    'counters in Redis',
    exact,
    () => createRedisCounters({ redis: client, otherwise: createMemoryCounters(), clock: (ms) => ms }),
  ],
  [
    'counters in Redis, each limit asked for by itself as in a cluster',
    exact,
    () =>
      createRedisCounters({
        redis: { ...client, isCluster: true },
        otherwise: createMemoryCounters(),
        clock: (ms) => ms,
      }),
  ],
  [
    'shares in Redis',
    small,
    () => {
      const ledgers = createRedisLedgers(client, () => nowMs)
      return createShares({ ledgers, otherwise: createMemoryCounters(), now: () => nowMs, every: () => () => {} })
    },
  ],
] as const)('%s', (_, limit, create: () => Counters) => {
  it('answer what those in memory do', async () => {
    const runs = fc.asyncProperty(
      fc.array(limit, { minLength: 1, maxLength: 3 }),
      fc.array(step, { maxLength: 40, size: 'max' }),
      async (limits, steps) => {
        await redis.command('FLUSHALL')
        nowMs = start
        const [counters, memory] = [create(), createMemoryCounters()]
        let toldMs = 0
        for (const { isPeek, cost: part, waitMs, waitsAsTold } of steps) {
          nowMs += waitsAsTold && toldMs > 0 ? toldMs : waitMs
          const meters = () => limits.map(meter)
          if (isPeek) {
            expect(await counters.peek(meters(), nowMs)).toEqual(memory.peek(meters(), nowMs))
            continue
          }
          const cost = Number.isInteger(part) ? part : Math.floor(part * (limits[0] as Limit).requests)
          const quota = memory.take(meters(), cost, nowMs)
          expect(await counters.take(meters(), cost, nowMs)).toEqual(quota)
          toldMs = quota.retryAfterMs
        }
      },
    )
    const take = { isPeek: false, cost: 1, waitMs: 0, waitsAsTold: false }
    const first: Limit = { kind: 'window', requests: 3, windowSeconds: 60, per: 'key' }
    const whenTheFirstIsOver = [take, { ...take, cost: 2, waitMs: 10 }, { ...take, cost: 2, waitMs: 59_990 }]
    // In a cluster what one has charged is undone where the other refuses.
    const both: Limit[] = [
      { ...first, requests: 10, per: 'organization' },
      { ...first, requests: 1, per: 'project' },
    ]
    const onceMore = [take, { ...take, waitMs: 10 }]
    const examples: [Limit[], (typeof take)[]][] = [
      [[first], whenTheFirstIsOver],
      [both, onceMore],
    ]
    await fc.assert(runs, { numRuns: 100, examples })
  }, 120_000)

  it.each([-1, 0.5])('refund nothing for a cost of %d', async (cost) => {
    await redis.command('FLUSHALL')
    nowMs = start
    const [counters, limited] = [create(), [meter({ kind: 'window', requests: 3, windowSeconds: 60, per: 'key' })]]
    expect(() => counters.take(limited, cost, nowMs)).toThrow(RangeError)
    expect(await counters.peek(limited, nowMs)).toMatchObject([{ remaining: 3 }])
  })

  it('of a limit however large have all where nothing is spent', async () => {
    await redis.command('FLUSHALL')
    nowMs = start
    expect(await create().peek([meter(huge)], nowMs)).toEqual(createMemoryCounters().peek([meter(huge)], nowMs))
  })
})
