import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { type Counters, createMemoryCounters, type Limit, type Meter } from '@keywright/core'
import { countersConformance } from '@keywright/core/testing'
import fc from 'fast-check'
import { Pool } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type TestPostgres, testPostgres } from '../../test/support/postgres.ts'
import { startRedis } from '../../test/support/redis.ts'
import { migratePostgres } from '../stores/migrate-postgres.ts'
import { kyselyOnPool } from '../stores/postgres-connection.ts'
import { createTransactions } from '../stores/postgres-transactions.ts'
import { createSqlLimits } from '../stores/sql-limits.ts'
import { charge, type Ledger, roomFor } from './ledger.ts'
import type { Ledgers } from './ledgers.ts'
import { createOtherwise } from './otherwise.ts'
import { openRedis } from './redis-client.ts'
import { createRedisLedgers } from './redis-ledgers.ts'
import { createShares, type Shares } from './shares.ts'

let server: TestPostgres
let pool: Pool
/** The ledgers' clock, and that of all nodes. */
let nowMs = 0

beforeAll(async () => {
  server = await testPostgres()
  pool = new Pool({ connectionString: await server.createDatabase(), max: 6 })
  await migratePostgres(pool)
})
afterAll(async () => {
  await pool.end()
  await server.stop()
})
beforeEach(async () => {
  await pool.query('delete from kw_limits')
  nowMs = Date.UTC(2026, 10, 20, 8)
})

/** Those with timers, by which they would prune the ledgers of the next test, whose clock is behind theirs. */
const running: Shares[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((shares) => shares.stop()))
  await expect.poll(() => pool.waitingCount + pool.totalCount - pool.idleCount).toBe(0)
})

function node(clock: () => number = () => nowMs): Shares {
  const ledgers = createSqlLimits({ db: kyselyOnPool(pool), transaction: createTransactions(pool), clock })
  const shares = createShares({ ledgers, otherwise: createMemoryCounters(), now: clock })
  running.push(shares)
  return shares
}

/** Gives back only when it is asked again or stopped: one that has crashed never does. */
function nodeWithoutTimers(): Shares {
  const ledgers = createSqlLimits({ db: kyselyOnPool(pool), transaction: createTransactions(pool), clock: () => nowMs })
  return createShares({ ledgers, otherwise: createMemoryCounters(), now: () => nowMs, every: () => () => {} })
}

function meter(limit: Partial<Limit> = {}): Meter {
  return {
    limit: { requests: 100, windowSeconds: 60, per: 'key', kind: 'window', ...limit },
    subject: 'key_1',
    slot: -1,
  }
}

async function takes(shares: Shares, one: Meter, cost = 1): Promise<boolean> {
  return (await shares.take([one], cost, nowMs)).taken
}

countersConformance({
  name: 'shares in PostgreSQL',
  describe,
  it,
  async create() {
    const shares = node()
    // Time is passed in: what is asked for sets the clock of the ledgers.
    const at = <T>(instant: number, ask: () => T): T => {
      nowMs = Math.max(nowMs, instant)
      return ask()
    }
    return {
      take: (meters, cost, instant) => at(instant, () => shares.take(meters, cost, instant)),
      peek: (meters, instant) => at(instant, () => shares.peek(meters, instant)),
    }
  },
})

describe('shares of a limit', () => {
  it('are answered without asking once a node uses it often', async () => {
    const shares = node()
    const one = meter({ requests: 10_000 })
    let waited = 0
    for (let count = 0; count < 1_000; count++) {
      const quota = shares.take([one], 1, nowMs)
      if (quota instanceof Promise) waited++
      expect((await quota).taken).toBe(true)
    }
    expect(waited).toBeLessThan(15)
  })

  it('leave the last requests of a limit to whoever comes', async () => {
    const [one, two] = [node(), node()]
    expect(await takes(one, meter({ requests: 160 }), 154)).toBe(true)
    expect(await takes(one, meter({ requests: 160 }))).toBe(true)
    expect(await takes(two, meter({ requests: 160 }), 4)).toBe(true)
  })

  it.each([-3_600_000, 3_600_000])(
    'tell when all is free by the clock that asks, %i ms from that of the database',
    async (ms) => {
      const clock = () => nowMs + ms
      const ledgers = createSqlLimits({ db: kyselyOnPool(pool), transaction: createTransactions(pool), clock })
      const shares = createShares({ ledgers, otherwise: createMemoryCounters(), now: () => nowMs })
      const one = meter({ requests: 1_000 })
      for (let count = 0; count < 10; count++) {
        const [state] = (await shares.take([one], 1, nowMs)).states
        expect(state?.resetAt).toBeGreaterThanOrEqual(nowMs + 60_000)
        expect(state?.resetAt).toBeLessThanOrEqual(nowMs + 60_000 + 60_000 / 16 + 60_000 / 64)
      }
      await shares.stop()
    },
  )

  it.each([
    ['window', 10],
    ['window', 200],
    ['bucket', 200],
  ] as const)(
    'of a %s of %i stay spent, and no longer, when the clock of the database is set back',
    async (kind, requests) => {
      let skew = 0
      const clock = () => nowMs + skew
      const ledgers = createSqlLimits({ db: kyselyOnPool(pool), transaction: createTransactions(pool), clock })
      const shares = createShares({ ledgers, otherwise: createMemoryCounters(), now: () => nowMs })
      const one = meter({ kind, requests })
      while (await takes(shares, one)) nowMs++
      skew = -3_600_000
      const { taken, retryAfterMs } = await shares.take([one], requests, nowMs)
      expect(taken).toBe(false)
      expect(retryAfterMs).toBeLessThanOrEqual(60_000 + 60_000 / 16 + 60_000 / 64)
      nowMs += retryAfterMs
      expect(await takes(shares, one, requests)).toBe(true)
      await shares.stop()
    },
  )

  it('are asked for by however many come at once', async () => {
    const shares = node()
    const one = meter({ requests: 1_000 })
    const quotas = await Promise.all(Array.from({ length: 5_000 }, () => shares.take([one], 1, nowMs)))
    expect(quotas.filter(({ taken }) => taken)).toHaveLength(1_000)
  })

  it('are asked for of however many limits at once, each of which holds', async () => {
    const clock = () => nowMs
    const ledgers = createSqlLimits({ db: kyselyOnPool(pool), transaction: createTransactions(pool), clock })
    const shares = createShares({ ledgers, otherwise: createOtherwise('refuse', () => 1), now: clock })
    const many = Array.from({ length: 25_000 }, (_, index) => ({ ...meter({ requests: 1 }), subject: `key_${index}` }))
    const asked = [...many, ...many.slice(0, 100)].map((one) => shares.take([one], 1, nowMs))
    const quotas = await Promise.all(asked)
    expect(quotas.map(({ taken }) => taken)).toEqual(asked.map((_, index) => index < many.length))
    await shares.stop()
  })

  it('may be used for five seconds at most, however long the window', async () => {
    const shares = nodeWithoutTimers()
    const one = meter({ requests: 1_000, windowSeconds: 86_400 })
    await takes(shares, one)
    await takes(shares, one)
    nowMs += 4_999
    expect(shares.take([one], 1, nowMs)).not.toBeInstanceOf(Promise)
    nowMs += 1
    const asked = shares.take([one], 1, nowMs)
    expect(asked).toBeInstanceOf(Promise)
    await asked
  })

  it('may be used no longer where the database was slow to answer', async () => {
    const clock = () => nowMs
    const ledgers = createSqlLimits({ db: kyselyOnPool(pool), transaction: createTransactions(pool), clock })
    const slow: Ledgers = {
      ...ledgers,
      async change(names, work) {
        const result = await ledgers.change(names, work)
        nowMs += 500
        return result
      },
    }
    const shares = createShares({ ledgers: slow, otherwise: createMemoryCounters(), now: clock, every: () => () => {} })
    const one = meter({ requests: 1_600, windowSeconds: 16 })
    await takes(shares, one)
    await takes(shares, one)
    nowMs += 499
    expect(shares.take([one], 1, nowMs)).not.toBeInstanceOf(Promise)
    nowMs += 1
    const asked = shares.take([one], 1, nowMs)
    expect(asked).toBeInstanceOf(Promise)
    await asked
  })

  it('are not lost to who asks while others wait for theirs', async () => {
    const shares = nodeWithoutTimers()
    const asked = []
    for (let count = 0; count < 50; count++) {
      asked.push(takes(shares, meter({ requests: 1_600 })))
      await setTimeout(0)
    }
    expect(await Promise.all(asked)).not.toContain(false)
    await shares.stop()
    const [state] = await nodeWithoutTimers().peek([meter({ requests: 1_600 })], nowMs)
    expect(state?.remaining).toBe(1_550)
  })

  it('are used up once by a request that names a limit twice', async () => {
    const shares = nodeWithoutTimers()
    const one = meter({ requests: 1_000 })
    let admitted = 0
    while ((await shares.take([one, { ...one }], 1, nowMs)).taken) admitted++
    expect(admitted).toBe(1_000)
  })

  it('are given back unused, so that another node may use them', async () => {
    const [busy, other] = [node(), node()]
    const one = meter({ requests: 64, windowSeconds: 60 })
    for (let count = 0; count < 6; count++) await takes(busy, one)
    await busy.stop()
    let admitted = 6
    while (await takes(other, meter({ requests: 64, windowSeconds: 60 }))) admitted++
    expect(admitted).toBe(64)
  })

  it('are given back by the next look at them, however many they are', async () => {
    const ledgers = createSqlLimits({
      db: kyselyOnPool(pool),
      transaction: createTransactions(pool),
      clock: () => nowMs,
    })
    const looks: (() => void)[] = []
    const every = (_: number, look: () => void) => {
      looks.push(look)
      return () => {}
    }
    const shares = createShares({ ledgers, otherwise: createMemoryCounters(), now: () => nowMs, every })
    const many = () => Array.from({ length: 2_500 }, (_, index) => ({ ...meter(), subject: `key_${index}` }))
    for (let turn = 0; turn < 2; turn++) await Promise.all(many().map((one) => takes(shares, one)))
    nowMs += 5_000
    for (const look of looks) look()
    const stillHeld = async () => {
      const states = await nodeWithoutTimers().peek(many(), nowMs)
      return states.filter(({ remaining }) => remaining < 98).length
    }
    await expect.poll(stillHeld, { timeout: 20_000 }).toBe(0)
  })

  it('are spent until a window after the last instant at which they may be used', async () => {
    const one = meter({ requests: 64, windowSeconds: 16 })
    const shares = nodeWithoutTimers()
    await takes(shares, one)
    await takes(shares, one)
    nowMs += 999
    for (let count = 0; count < 2; count++) expect(shares.take([one], 1, nowMs)).not.toBeInstanceOf(Promise)
    nowMs += 15_001
    let admitted = 0
    while (await takes(nodeWithoutTimers(), meter({ requests: 64, windowSeconds: 16 }))) admitted++
    expect(admitted).toBe(62)
  })

  it('are used by nobody once they are being given back', async () => {
    const shares = nodeWithoutTimers()
    const one = meter({ requests: 64 })
    await takes(shares, one)
    await takes(shares, one)
    const more = shares.take([one], 3, nowMs)
    for (let turn = 0; turn < 5; turn++) await Promise.resolve()
    const asked = shares.take([one], 1, nowMs)
    expect(asked).toBeInstanceOf(Promise)
    await Promise.all([more, asked])
  })

  it('end nothing where they cannot be given back', async () => {
    const clock = () => nowMs
    const ledgers = createSqlLimits({ db: kyselyOnPool(pool), transaction: createTransactions(pool), clock })
    let isAway = false
    const leaving: Ledgers = {
      ...ledgers,
      change: async (names, work) => (isAway ? Promise.reject(new Error('away')) : ledgers.change(names, work)),
    }
    const shares = createShares({
      ledgers: leaving,
      otherwise: createMemoryCounters(),
      now: clock,
      every: () => () => {},
    })
    for (let count = 0; count < 2; count++) await takes(shares, meter())
    isAway = true
    await shares.stop()
  })

  it('of a bucket leave one node all but what refills while they may be used', async () => {
    const shares = nodeWithoutTimers()
    const one = meter({ kind: 'bucket', requests: 1_600, windowSeconds: 16 })
    let admitted = 0
    while (await takes(shares, one)) admitted++
    expect(admitted).toBeGreaterThanOrEqual(1_600 - 1_600 / 16)
  })

  it('are no larger than what was used of the one before by who comes back late', async () => {
    const one = meter({ requests: 1_600 })
    const late = nodeWithoutTimers()
    // The last of these takes one of a share of 64.
    for (let count = 0; count < 70; count++) await takes(late, one)
    nowMs += 4_000
    await takes(late, one)
    expect(await nodeWithoutTimers().peek([{ ...one, slot: -1 }], nowMs)).toMatchObject([{ remaining: 1_600 - 71 - 1 }])
  })

  it('are not taken by who only looks', async () => {
    const [looking, other] = [nodeWithoutTimers(), nodeWithoutTimers()]
    for (let count = 0; count < 6; count++) await looking.peek([meter({ requests: 64 })], nowMs)
    let admitted = 0
    while (await takes(other, meter({ requests: 64 }))) admitted++
    expect(admitted).toBe(64)
  })

  it('that a node took to its grave come back by themselves', async () => {
    const one = meter({ requests: 64 })
    const dead = node()
    for (let count = 0; count < 6; count++) await takes(dead, one)
    nowMs += 61_000 + 60_000 / 16
    const other = node()
    let admitted = 0
    while (await takes(other, meter({ requests: 64 }))) admitted++
    expect(admitted).toBe(64)
  })

  it.each(['window', 'bucket'] as const)(
    'admit together never more than a %s allows, in any interval',
    async (kind) => {
      const step = fc.record({
        node: fc.nat(3),
        cost: fc.integer({ min: 1, max: 3 }),
        times: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constant(200)),
        // Of a share that is only handed back when its node is next asked, some has refilled by then.
        waitMs: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 1_000 })),
        crash: fc.boolean(),
      })
      const runs = fc.asyncProperty(
        fc.constantFrom(5, 40, 200),
        fc.array(step, { maxLength: 60, size: 'max' }),
        async (requests, steps) => {
          await pool.query('delete from kw_limits')
          const limit = { requests, windowSeconds: 2, per: 'key', kind } as const
          const nodes = Array.from({ length: 4 }, nodeWithoutTimers)
          const meters = nodes.map(() => meter(limit))
          const admitted: { at: number; cost: number }[] = []
          for (const { node: which, cost, times, waitMs, crash } of steps) {
            nowMs += waitMs
            if (crash && times === 1) {
              nodes[which] = nodeWithoutTimers()
              meters[which] = meter(limit)
            }
            const asked = Array.from({ length: times }, () => nodes[which]?.take([meters[which] as Meter], cost, nowMs))
            for (const quota of await Promise.all(asked)) if (quota?.taken) admitted.push({ at: nowMs, cost })
          }
          if (kind === 'window') {
            for (const { at: from } of admitted) {
              const within = admitted.filter(({ at }) => at >= from && at < from + 2000)
              expect(within.reduce((sum, { cost }) => sum + cost, 0)).toBeLessThanOrEqual(requests)
            }
          }
          // In units of which a request costs 2,000, and a millisecond pays `requests` back.
          let owed = 0
          let before = 0
          for (const { at, cost } of kind === 'bucket' ? admitted : []) {
            owed = Math.max(0, owed - (at - before) * requests) + cost * 2000
            before = at
            expect(owed).toBeLessThanOrEqual(requests * 2000)
          }
          await Promise.all(nodes.map((shares) => shares.stop()))
        },
      )
      const take = { node: 0, cost: 1, times: 1, waitMs: 0, crash: false }
      const whileHeld = [take, take, { ...take, node: 1, times: 200, waitMs: 135 }, { ...take, times: 2 }]
      await fc.assert(runs, { numRuns: 25, examples: [[200, whileHeld]] })
    },
    120_000,
  )

  it('refuse no request early by more than the other nodes may hold', async () => {
    const windowMs = 2_000
    const lateMs = windowMs / 16 + windowMs / 64
    const step = fc.record({ node: fc.nat(3), times: fc.integer({ min: 1, max: 20 }), waitMs: fc.nat(300) })
    const runs = fc.asyncProperty(
      fc.constantFrom(10, 40, 200),
      fc.array(step, { minLength: 10, maxLength: 60 }),
      async (requests, steps) => {
        await pool.query('delete from kw_limits')
        const nodes = [node(), node(), node(), node()]
        const meters = nodes.map(() => meter({ requests, windowSeconds: windowMs / 1000 }))
        const heldByOthers = (nodes.length - 1) * Math.floor(requests / 16)
        const admitted: number[] = []
        for (const { node: which, times, waitMs } of steps) {
          nowMs += waitMs
          for (let time = 0; time < times; time++) {
            if (await takes(nodes[which] as Shares, meters[which] as Meter)) admitted.push(nowMs)
            else {
              const spent = admitted.filter((at) => at > nowMs - windowMs - lateMs).length
              expect(spent + heldByOthers).toBeGreaterThanOrEqual(requests)
            }
          }
        }
        await Promise.all(nodes.map((shares) => shares.stop()))
      },
    )
    await fc.assert(runs, { numRuns: 20 })
  }, 120_000)

  it('in Redis admit one limit more for each time that it forgets what was spent, and no more', async () => {
    const redis = await startRedis()
    const client = await openRedis(redis.url, 10_000)
    const step = fc.record({
      node: fc.nat(2),
      times: fc.integer({ min: 1, max: 40 }),
      waitMs: fc.nat(300),
      flush: fc.integer({ min: 0, max: 9 }),
    })
    const runs = fc.asyncProperty(
      fc.constantFrom(10, 64),
      fc.array(step, { minLength: 5, maxLength: 40 }),
      async (requests, steps) => {
        await redis.command('FLUSHALL')
        const ledgers = createRedisLedgers(client, () => nowMs)
        const otherwise = createOtherwise('refuse', () => 3)
        const nodes = [1, 2, 3].map(() => createShares({ ledgers, otherwise, now: () => nowMs }))
        const meters = nodes.map(() => meter({ requests, windowSeconds: 2 }))
        const admitted: number[] = []
        const flushed: number[] = []
        for (const { node: which, times, waitMs, flush } of steps) {
          nowMs += waitMs
          if (flush === 0) {
            await redis.command('FLUSHALL')
            flushed.push(nowMs)
          }
          for (let time = 0; time < times; time++) {
            if (await takes(nodes[which] as Shares, meters[which] as Meter)) admitted.push(nowMs)
          }
        }
        for (const from of admitted) {
          const within = admitted.filter((at) => at >= from && at < from + 2_000).length
          const forgotten = flushed.filter((at) => at > from - 2_000 / 16 && at < from + 2_000).length
          expect(within).toBeLessThanOrEqual(requests * (1 + forgotten))
        }
        await Promise.all(nodes.map((shares) => shares.stop()))
      },
    )
    await fc.assert(runs, { numRuns: 20 })
    client.close()
    await redis.stop()
  }, 120_000)

  it('hold while nodes ask at once, by the clock of the database', async () => {
    const clock = () => performance.now()
    const db = kyselyOnPool(pool)
    const ledgers = createSqlLimits({ db, transaction: createTransactions(pool) })
    // So that nobody gives up waiting to be counted, however busy the machine.
    const never = () => () => {}
    const shared = { ledgers, now: clock, every: never }
    const nodes = [1, 2, 3].map(() => createShares({ ...shared, otherwise: createMemoryCounters() }))
    const meters = nodes.map(() => meter({ requests: 300, windowSeconds: 3600 }))
    let admitted = 0
    const asking = nodes.map(async (shares, index) => {
      for (let count = 0; count < 40; count++) {
        const asked = Array.from({ length: 10 }, () => shares.take([meters[index] as Meter], 1, Date.now()))
        for (const quota of await Promise.all(asked)) if (quota.taken) admitted++
      }
    })
    await Promise.all(asking)
    expect(admitted).toBeLessThanOrEqual(300)
    expect(admitted).toBeGreaterThan(300 - 3 * (300 / 16))
    await Promise.all(nodes.map((shares) => shares.stop()))
    while ((await nodes[0]?.take([meters[0] as Meter], 1, Date.now()))?.taken) admitted++
    expect(admitted).toBe(300)
  })

  it('are counted otherwise while the database is away, which ends nothing', async () => {
    const away = new Pool({ connectionString: 'postgres://nobody@127.0.0.1:1/nothing' })
    const told: boolean[] = []
    const looks: (() => void)[] = []
    const shares = createShares({
      ledgers: createSqlLimits({ db: kyselyOnPool(away), transaction: createTransactions(away) }),
      otherwise: createMemoryCounters(),
      onReach: (isReached) => void told.push(isReached),
      now: () => nowMs,
      every(_, look) {
        looks.push(look)
        return () => {}
      },
    })
    const one = meter({ requests: 2 })
    expect([await takes(shares, one), await takes(shares, one), await takes(shares, one)]).toEqual([true, true, false])
    nowMs += 60_000
    for (const look of looks) look()
    await away.end()
    expect(told).toEqual([false])
  })

  it.each([
    ['answers', [false, true], 9],
    ['fails', [false], 10],
  ] as const)('are waited for 750 ms, however late the database %s', async (late, expected, left) => {
    const clock = () => nowMs
    const ledgers = createSqlLimits({ db: kyselyOnPool(pool), transaction: createTransactions(pool), clock })
    const looks: (() => void)[] = []
    const every = (_: number, look: () => void) => {
      looks.push(look)
      return () => {}
    }
    const look = async () => {
      for (const one of looks) one()
      await setTimeout(0)
    }
    let end = () => {}
    const ended = new Promise<void>((resolve) => {
      end = resolve
    })
    const slow: Ledgers = {
      ...ledgers,
      change: (names, work) =>
        ended.then(() => (late === 'answers' ? ledgers.change(names, work) : Promise.reject(new Error('away')))),
    }
    const [otherwise, told]: [Counters, boolean[]] = [createMemoryCounters(), []]
    const onReach = (isReached: boolean) => void told.push(isReached)
    const shares = createShares({ ledgers: slow, otherwise, now: clock, every, onReach })
    let counted = 0
    const take = () => void takes(shares, meter({ requests: 10 })).then(() => counted++)
    take()
    await setTimeout(0)
    take()
    nowMs += 749
    await look()
    expect(counted).toBe(0)
    nowMs += 1
    await look()
    await look()
    expect([counted, told]).toEqual([2, [false]])
    take()
    await setTimeout(0)
    expect(counted).toBe(3)
    end()
    await setTimeout(0)
    await expect.poll(() => told).toEqual(expected)
    const remaining = async (counters: Counters) =>
      (await counters.peek([meter({ requests: 10 })], nowMs))[0]?.remaining
    expect([await remaining(otherwise), await remaining(node())]).toEqual([7, left])
  })

  it('are not asked of a database again that has just not answered', async () => {
    let asked = 0
    const address = createServer((caller) => {
      asked++
      caller.destroy()
    })
    await once(address.listen(0, '127.0.0.1'), 'listening')
    const away = new Pool({
      connectionString: `postgres://nobody@127.0.0.1:${(address.address() as AddressInfo).port}/`,
    })
    const shares = createShares({
      ledgers: createSqlLimits({ db: kyselyOnPool(away), transaction: createTransactions(away) }),
      otherwise: createMemoryCounters(),
      now: () => nowMs,
      every: () => () => {},
    })
    const one = meter({ requests: 1_000 })
    await takes(shares, one)
    const before = asked
    for (let count = 0; count < 10; count++) await takes(shares, one)
    expect(asked).toBe(before)
    nowMs += 500
    await takes(shares, one)
    expect(asked).toBe(2 * before)
    await away.end()
    address.close()
  })

  it('wait for no one who waits for them, in whichever order ledgers are named', async () => {
    const db = kyselyOnPool(pool)
    // One that does not try again.
    const ledgers = createSqlLimits({ db, transaction: (work) => db.transaction().execute(work), clock: () => nowMs })
    const names = Array.from({ length: 1_000 }, (_, index) => ({ name: `ledger ${index}`, limit: meter().limit }))
    const both = () => [names, names.toReversed()].map((some) => ledgers.change(some, (open) => open.size))
    for (let round = 0; round < 3; round++) expect(await Promise.all(both())).toEqual([1_000, 1_000])
  })

  // As a limit is that a node forgot, for newer ones, while it was asked for.
  it('are charged to a ledger that is named twice', async () => {
    const ledgers = createSqlLimits({ db: kyselyOnPool(pool), transaction: createTransactions(pool) })
    const { limit } = meter()
    const twice = [1, 2].map(() => ({ name: 'one', limit }))
    await ledgers.change(twice, (open, now) => {
      for (const { name } of twice) open.set(name, charge(open.get(name) as Ledger, limit, 1, now, now))
    })
    const left = await ledgers.change(twice, (open, now) => roomFor(open.get('one') as Ledger, limit, now))
    expect(left).toBe(98)
  })

  it('leave nothing behind once nothing is spent, a minute later at most', async () => {
    const clock = () => nowMs
    const ledgers = createSqlLimits({ db: kyselyOnPool(pool), transaction: createTransactions(pool), clock })
    const looks: (() => void)[] = []
    const every = (_: number, look: () => void) => {
      looks.push(look)
      return () => {}
    }
    const told: boolean[] = []
    const onReach = (isReached: boolean) => void told.push(isReached)
    const shares = createShares({ ledgers, otherwise: createMemoryCounters(), now: clock, every, onReach })
    expect(await takes(shares, meter({ windowSeconds: 1 }))).toBe(true)
    await ledgers.prune()
    expect((await pool.query('select from kw_limits')).rowCount).toBe(1)
    nowMs += 60_000
    for (const look of looks) look()
    await expect.poll(async () => (await pool.query('select from kw_limits')).rowCount).toBe(0)
    // Whom they have answered waits for them no more.
    expect(told).toEqual([])
  })

  it('are charged by the time at which the last of them was no longer waited for', async () => {
    const ledgers = createSqlLimits({ db: kyselyOnPool(pool), transaction: createTransactions(pool) })
    const names = ['one', 'other'].map((name) => ({ name, limit: meter().limit }))
    const change = () => ledgers.change(names, (_, now) => now)
    await change()
    const charging = await pool.connect()
    await charging.query('begin')
    await charging.query("update kw_limits set free_at = 0 where name = 'other'")
    const changing = change()
    await expect.poll(isAnyoneWaiting).toBe(true)
    const { rows } = await charging.query('select extract(epoch from clock_timestamp()) * 1000 as now')
    await charging.query('commit')
    charging.release()
    expect(await changing).toBeGreaterThanOrEqual(Math.floor(rows[0].now))
  })

  it('keep what is spent while they are forgotten', async () => {
    const ledgers = createSqlLimits({
      db: kyselyOnPool(pool),
      transaction: createTransactions(pool),
      clock: () => nowMs,
    })
    const one = meter({ requests: 1, windowSeconds: 1 })
    const shares = node()
    expect(await takes(shares, one)).toBe(true)
    nowMs += 1_200
    const { rows } = await pool.query<{ name: string }>('select name from kw_limits')
    const charging = await pool.connect()
    await charging.query('begin')
    await charging.query('update kw_limits set free_at = $1', [nowMs + 1_000])
    let isOver = false
    const pruning = ledgers.prune().finally(() => {
      isOver = true
    })
    while (!isOver && !(await isAnyoneWaiting())) await setTimeout(10)
    await charging.query('commit')
    charging.release()
    await pruning
    expect((await pool.query('select name from kw_limits')).rows).toEqual(rows)
  })

  it('are forgotten however many they are', async () => {
    await pool.query(
      `insert into kw_limits (name, ledger, free_at) select n::text, '{}', 0 from generate_series(1, 12000) n`,
    )
    const db = kyselyOnPool(pool)
    await createSqlLimits({ db, transaction: createTransactions(pool), clock: () => nowMs }).prune()
    expect((await pool.query('select from kw_limits')).rowCount).toBe(0)
  })
})

/** For a row that another has locked. */
async function isAnyoneWaiting(): Promise<boolean> {
  const { rowCount } = await pool.query(
    'select from pg_stat_activity where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0',
  )
  return Boolean(rowCount)
}
