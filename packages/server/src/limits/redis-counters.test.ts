import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { createMemoryCounters, type Limit, type Meter } from '@keywright/core'
import { countersConformance } from '@keywright/core/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { freePort } from '../../test/support/free-port.ts'
import { here } from '../../test/support/network/machine.ts'
import { startRedis, startRedisCluster, type TestRedis } from '../../test/support/redis.ts'
import { openRedis, type RedisClient, scriptOf } from './redis-client.ts'
import { createRedisCounters } from './redis-counters.ts'
import { createRedisLedgers } from './redis-ledgers.ts'
import { createShares } from './shares.ts'

let redis: TestRedis
const clients: RedisClient[] = []

beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())
afterEach(() => {
  for (const client of clients.splice(0)) client.close()
})

/** Patient, since the machine may be busy, unless a test is about that. */
async function client(url = redis.url, answerWithinMs = 10_000): Promise<RedisClient> {
  const opened = await openRedis(url, answerWithinMs)
  clients.push(opened)
  return opened
}

type Undoing = (time: { nowMs: number }, take: (cost: number) => Promise<void>) => Promise<void>

/** So that nobody gives up waiting to be counted, however busy the machine. */
const never = () => () => {}

function meter(limit: Partial<Limit> = {}): Meter {
  return {
    limit: { requests: 10, windowSeconds: 60, per: 'key', kind: 'window', ...limit },
    subject: 'key_1',
    slot: -1,
  }
}

countersConformance({
  name: 'counters in Redis',
  describe,
  it,
  async create() {
    await redis.command('FLUSHALL')
    return createRedisCounters({ redis: await client(), otherwise: createMemoryCounters(), clock: (nowMs) => nowMs })
  },
})

countersConformance({
  name: 'counters in Redis, each limit asked for by itself as in a cluster',
  describe,
  it,
  async create() {
    await redis.command('FLUSHALL')
    const scattered = { ...(await client()), isCluster: true }
    return createRedisCounters({ redis: scattered, otherwise: createMemoryCounters(), clock: (nowMs) => nowMs })
  },
})

countersConformance({
  name: 'shares in Redis',
  describe,
  it,
  async create() {
    await redis.command('FLUSHALL')
    let now = 0
    const clock = () => now
    const ledgers = createRedisLedgers(await client(), clock)
    const shares = createShares({ ledgers, otherwise: createMemoryCounters(), now: clock })
    const at = <T>(instant: number, ask: () => T): T => {
      now = Math.max(now, instant)
      return ask()
    }
    return {
      take: (meters, cost, instant) => at(instant, () => shares.take(meters, cost, instant)),
      peek: (meters, instant) => at(instant, () => shares.peek(meters, instant)),
    }
  },
})

describe('a cluster of three masters', () => {
  let masters: TestRedis[]
  beforeAll(async () => {
    masters = await startRedisCluster()
  }, 60_000)
  afterAll(async () => {
    await Promise.all(masters.map((master) => master.stop()))
  })

  it('holds several limits of one request, wherever they lie', async () => {
    const opened = await client(masters[0]?.url)
    expect(opened.isCluster).toBe(true)
    const counters = createRedisCounters({ redis: opened, otherwise: createMemoryCounters() })
    const wide = { ...meter({ requests: 30 }), subject: 'acme' }
    const takes = Array.from({ length: 60 }, (_, index) => {
      const narrow = { ...meter({ requests: 6 }), subject: `key_${index % 10}` }
      return counters.take([wide, narrow], 1, Date.now())
    })
    const quotas = await Promise.all(takes)
    expect(quotas.filter(({ taken }) => taken).length).toBeLessThanOrEqual(30)
    let admitted = quotas.filter(({ taken }) => taken).length
    while ((await counters.take([wide], 1, Date.now())).taken) admitted++
    expect(admitted).toBe(30)
  })

  it('is asked as the user that the address names, at each of its masters', async () => {
    const each = (...command: string[]) => Promise.all(masters.map((master) => master.command(...command)))
    await each('ACL', 'SETUSER', 'key@wright', 'on', '>pa#ss', '~*', '+@all')
    await each('ACL', 'SETUSER', 'default', 'resetpass')
    const opened = await client(masters[0]?.url.replace('//', '//key%40wright:pa%23ss@'))
    expect(opened.isCluster).toBe(true)
    const asked = Array.from({ length: 30 }, (_, index) => opened.run(scriptOf('return 1'), [`key_${index}`], []))
    expect(new Set(await Promise.all(asked))).toEqual(new Set([1]))
    await each('ACL', 'SETUSER', 'default', 'nopass')
  })

  it('asks once for the limits of a key and its organization, and once more for its project', async () => {
    const opened = await client(masters[0]?.url)
    let runs = 0
    const counting: RedisClient = {
      ...opened,
      run(...asked) {
        runs++
        return opened.run(...asked)
      },
    }
    const counters = createRedisCounters({ redis: counting, otherwise: createMemoryCounters() })
    const of = (per: Limit['per'], subject: string): Meter => ({ ...meter({ per, requests: 5 }), subject })
    const [own, organization] = [of('key', 'key_one'), of('organization', 'acme-one')]
    expect((await counters.take([own, organization], 1, Date.now())).taken).toBe(true)
    expect(runs).toBe(1)
    await counters.take([own, of('project', 'prj_one'), organization], 1, Date.now())
    expect(runs).toBe(3)
    // What is shared is counted in one place, whatever else a request is counted for.
    expect((await counters.peek([organization], Date.now()))[0]?.remaining).toBe(3)
    expect((await counters.peek([of('project', 'prj_one')], Date.now()))[0]?.remaining).toBe(4)
  })

  it('tells when each limit is whole, however far apart the clocks of its masters are', async () => {
    const opened = await client(masters[0]?.url)
    const clocks = new Map<string, number>()
    const skewed: RedisClient = {
      ...opened,
      run(script, keys, [now, ...args]) {
        const [key = ''] = keys
        if (!clocks.has(key)) clocks.set(key, Date.now() + clocks.size * 3_600_000)
        return opened.run(script, keys, [now || String(clocks.get(key)), ...args] as string[])
      },
    }
    const counters = createRedisCounters({ redis: skewed, otherwise: createMemoryCounters() })
    const of = (per: Limit['per'], subject: string): Meter => ({ ...meter({ per }), subject })
    const shared = [of('organization', 'acme-far'), of('project', 'prj_far'), of('user', 'usr_far')]
    const { states } = await counters.take(shared, 1, 1_000_000)
    expect(clocks.size).toBe(3)
    expect(states.map(({ resetAt }) => resetAt)).toEqual([1_060_000, 1_060_000, 1_060_000])
  })

  it.each([
    ['it', 0],
    ['one of its masters', 2],
  ])('is known for one as soon as it answers, where %s did not when the node started', async (_, stopped) => {
    const [first] = masters as [TestRedis]
    masters[stopped]?.child.kill('SIGSTOP')
    const opened = await client(first.url)
    masters[stopped]?.child.kill('SIGCONT')
    expect(opened.isCluster).toBe(false)
    const told: boolean[] = []
    const onReach = (isReached: boolean) => void told.push(isReached)
    const counters = createRedisCounters({ redis: opened, otherwise: createMemoryCounters(), onReach })
    const [one, other] = ['one', 'other'].map((name) => ({ ...meter(), subject: `late-${name}-${stopped}` })) as [
      Meter,
      Meter,
    ]
    while (!told.includes(true)) {
      await counters.take([one, other], 0, Date.now())
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    expect(opened.isCluster).toBe(true)
    await counters.take([one, other], 1, Date.now())
    const another = createRedisCounters({ redis: await client(first.url), otherwise: createMemoryCounters() })
    const states = await another.peek([one, other], Date.now())
    expect(states.map(({ remaining }) => remaining)).toEqual([9, 9])
  })

  const one = scriptOf('return 1')
  const keys = Array.from({ length: 20 }, (_, index) => `key_${index}`)
  const answerAll = async (opened: RedisClient) => {
    for (const key of keys)
      while ((await opened.run(one, [key], []).catch(() => 0)) !== 1)
        await new Promise((resolve) => setTimeout(resolve, 50))
  }

  it('is asked again where another took over from the frozen master that its address leads to', async () => {
    const own = await startRedisCluster()
    const [first, ...others] = own as [TestRedis, TestRedis, TestRedis]
    const opened = await client(first.url, 250)
    first.child.kill('SIGSTOP')
    const its = ['0', String(Math.ceil(16_384 / 3) - 1)]
    for (const other of others) await other.command('CLUSTER', 'DELSLOTSRANGE', ...its)
    await others[0].command('CLUSTER', 'ADDSLOTSRANGE', ...its)
    await answerAll(opened)
    await Promise.all(own.map((master) => master.stop()))
  }, 90_000)

  it('has no connection left of a node that stopped waiting for it while it was frozen', async () => {
    const [first, other] = masters as [TestRedis, TestRedis, TestRedis]
    const connections = async () =>
      String(await other.command('CLIENT', 'LIST'))
        .trim()
        .split('\n').length
    const before = await connections()
    const opened = await client(first.url, 250)
    first.child.kill('SIGSTOP')
    await Promise.allSettled(keys.map((key) => opened.run(one, [key], [])))
    await new Promise((resolve) => setTimeout(resolve, 5_000))
    first.child.kill('SIGCONT')
    await answerAll(opened)
    opened.close()
    while ((await connections()) > before) await new Promise((resolve) => setTimeout(resolve, 50))
  })

  it('gives out shares that are never more than the limit', async () => {
    const nodes = await Promise.all(
      masters.map(async ({ url }) =>
        createShares({
          ledgers: createRedisLedgers(await client(url)),
          otherwise: createMemoryCounters(),
          every: never,
        }),
      ),
    )
    let admitted = 0
    const asking = nodes.map(async (node) => {
      const one = meter({ requests: 200, windowSeconds: 3600 })
      for (let count = 0; count < 150; count++) if ((await node.take([one], 1, Date.now())).taken) admitted++
    })
    await Promise.all(asking)
    expect(admitted).toBeLessThanOrEqual(200)
    expect(admitted).toBeGreaterThan(200 - 2 * (200 / 16))
    await Promise.all(nodes.map((node) => node.stop()))
  })
})

describe('a cluster that is only being made', () => {
  const all = 16_384
  const slotOf = (own: TestRedis, key: string) => own.command('CLUSTER', 'KEYSLOT', key).then(Number)
  let own: TestRedis
  beforeEach(async () => {
    own = await startRedis(['--cluster-enabled', 'yes', '--cluster-require-full-coverage', 'no'])
  })
  afterEach(() => own.stop())

  it('counts as soon as it has its slots, where it had none when the node joined it', async () => {
    const told: boolean[] = []
    const onReach = (isReached: boolean) => void told.push(isReached)
    const counters = createRedisCounters({
      redis: await client(own.url),
      otherwise: createMemoryCounters(),
      onReach,
    })
    await counters.take([meter()], 1, Date.now())
    expect(told).toEqual([false])
    await own.command('CLUSTER', 'ADDSLOTSRANGE', '0', String(all - 1))
    while (!told.includes(true)) {
      await counters.take([meter()], 0, Date.now())
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    expect((await counters.take([meter({ requests: 20 })], 1, Date.now())).states[0]?.remaining).toBe(19)
  })

  it('is asked for keys of a slot that it had not got when the node joined it', async () => {
    const late = await slotOf(own, 'late')
    const ranges = [0, late - 1, late + 1, all - 1].map(String)
    await own.command('CLUSTER', 'ADDSLOTSRANGE', ...ranges)
    while (!String(await own.command('CLUSTER', 'INFO')).includes('cluster_state:ok'))
      await new Promise((resolve) => setTimeout(resolve, 50))
    const opened = await client(own.url)
    expect(opened.isCluster).toBe(true)
    const one = scriptOf('return 1')
    await expect(opened.run(one, ['late'], [])).rejects.toThrow()
    await own.command('CLUSTER', 'ADDSLOTS', String(late))
    while ((await opened.run(one, ['late'], []).catch(() => 0)) !== 1)
      await new Promise((resolve) => setTimeout(resolve, 50))
  })
})

describe('a replica that took over the address of its master', () => {
  const demote = (servesStaleData: string) => async (before: TestRedis) => {
    await before.command('CONFIG', 'SET', 'replica-serve-stale-data', servesStaleData)
    await before.command('REPLICAOF', '127.0.0.1', '1')
  }
  it.each([
    ['READONLY', demote('yes')],
    ['MASTERDOWN', demote('no')],
    ['nothing', async (before: TestRedis) => void before.child.kill('SIGSTOP')],
  ])('counts, though the connection leads to the one before, which answers %s', async (_, replace) => {
    const [before, after] = [await startRedis(), await startRedis()]
    let master = before
    const sockets = new Set<Socket>()
    const address = createServer((caller) => {
      const server = connect(master.port, '127.0.0.1')
      for (const [one, other] of [
        [caller, server],
        [server, caller],
      ] as const) {
        sockets.add(one)
        one.on('error', () => {}).on('close', () => other.destroy())
        one.pipe(other)
      }
    })
    await once(address.listen(0, '127.0.0.1'), 'listening')
    const told: boolean[] = []
    const counters = createRedisCounters({
      redis: await client(`redis://127.0.0.1:${(address.address() as AddressInfo).port}`, 2_000),
      otherwise: createMemoryCounters(),
      onReach: (isReached) => void told.push(isReached),
    })
    await counters.take([meter()], 1, Date.now())
    await replace(before)
    await counters.take([meter()], 1, Date.now())
    expect(told).toEqual([false])
    master = after
    while (!told.includes(true)) {
      await counters.take([meter()], 1, Date.now())
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    expect(await after.command('DBSIZE')).toBe(1)
    address.close()
    for (const socket of sockets) socket.destroy()
    await Promise.all([before.stop(), after.stop()])
  })
})

describe('counters in Redis', () => {
  it('hold for all nodes together, to the last request', async () => {
    await redis.command('FLUSHALL')
    const nodes = await Promise.all(
      [1, 2, 3].map(async () => createRedisCounters({ redis: await client(), otherwise: createMemoryCounters() })),
    )
    const takes = nodes.flatMap((node) =>
      Array.from({ length: 100 }, () => node.take([meter({ requests: 75 })], 1, Date.now())),
    )
    const quotas = await Promise.all(takes)
    expect(quotas.filter(({ taken }) => taken)).toHaveLength(75)
  })

  it('go on where they were once a limit of the organization is set beside them', async () => {
    await redis.command('FLUSHALL')
    const counters = createRedisCounters({ redis: await client(), otherwise: createMemoryCounters() })
    await counters.take([meter()], 4, Date.now())
    const beside = { ...meter({ per: 'organization' }), subject: 'acme' }
    const { states } = await counters.take([meter(), beside], 1, Date.now())
    expect(states.map(({ remaining }) => remaining)).toEqual([5, 9])
  })

  it.each([
    ['window', 10],
    ['window', 200],
    ['bucket', 200],
  ] as const)(
    'of a %s of %i stay spent, and no longer, when the clock of Redis is set back',
    async (kind, requests) => {
      let skew = 0
      const clock = (nowMs: number) => nowMs + skew
      const counters = createRedisCounters({ redis: await client(), otherwise: createMemoryCounters(), clock })
      const limited = [{ ...meter({ kind, requests }), subject: `set-back-${kind}-${requests}` }]
      const take = async (cost: number, nowMs: number) => counters.take(limited, cost, nowMs)
      let nowMs = Date.now()
      while ((await take(1, nowMs)).taken) nowMs++
      skew = -3_600_000
      const { taken, retryAfterMs, states } = await take(requests, nowMs)
      expect([taken, states[0]?.remaining]).toEqual([false, 0])
      expect(retryAfterMs).toBeLessThanOrEqual(60_000 + 60_000 / 64)
      expect((await take(requests, nowMs + retryAfterMs - 1)).taken).toBe(false)
      expect((await take(requests, nowMs + retryAfterMs)).taken).toBe(true)
    },
  )

  /** What is left of a limit of which `spent` is taken, and `cost` once more that another refuses, `meanwhile` undone. */
  async function leftAfterUndoing(own: Partial<Limit>, spent: number, cost: number, meanwhile: Undoing) {
    await redis.command('FLUSHALL')
    const opened = await client()
    const time = { nowMs: Date.UTC(2026, 10, 20, 8) }
    let runs = 0
    const scattered: RedisClient = {
      ...opened,
      isCluster: true,
      async run(script, keys, [now, ...args]) {
        runs++
        // After one take of each and one of both.
        if (runs === 5) await meanwhile(time, async (more) => void (await counters.take([one], more, 0)))
        return opened.run(script, keys, [now || String(time.nowMs), ...args])
      },
    }
    const counters = createRedisCounters({ redis: scattered, otherwise: createMemoryCounters() })
    const one: Meter = { ...meter({ ...own, per: 'organization' }), subject: 'acme' }
    const other: Meter = { ...meter({ requests: 1, per: 'user' }), subject: 'usr_one' }
    await counters.take([other], 1, 0)
    await counters.take([one], spent, 0)
    expect((await counters.take([one, other], cost, 0)).taken).toBe(false)
    expect(runs).toBeGreaterThanOrEqual(5)
    return (await counters.peek([one], 0))[0]?.remaining
  }

  it('of a bucket come back once where it has refilled before a take of it is undone', async () => {
    const limit = { kind: 'bucket', requests: 1_000, windowSeconds: 1 } as const
    const left = await leftAfterUndoing(limit, 1, 200, async (time, take) => {
      time.nowMs += 300
      await take(500)
    })
    expect(left).toBe(500)
  })

  it.each([
    ['10', { requests: 10 }, 2],
    // A 64th of which ends at another instant than that of the take.
    ['200', { requests: 200, windowSeconds: 61 }, 192],
  ])(
    'of a window of %s come back as they were charged, whoever takes more before a take of it is undone',
    async (_, limit, expected) => {
      const left = await leftAfterUndoing(limit, 7, 2, async (time, take) => {
        time.nowMs += 300
        await take(1)
      })
      expect(left).toBe(expected)
    },
  )

  it('of a window are charged once where the clock is set back to when some were', async () => {
    await redis.command('FLUSHALL')
    const clock = (nowMs: number) => nowMs
    const counters = createRedisCounters({ redis: await client(), otherwise: createMemoryCounters(), clock })
    const nowMs = Date.now()
    await counters.take([meter()], 2, nowMs)
    await counters.take([meter()], 3, nowMs + 10)
    expect((await counters.take([meter()], 1, nowMs)).states[0]?.remaining).toBe(4)
  })

  it.each(['window', 'bucket'] as const)(
    'of a %s stay spent when the clock is set back while a take is undone',
    async (kind) => {
      const left = await leftAfterUndoing({ kind }, 8, 1, async (time, take) => {
        time.nowMs -= 3_600_000
        await take(1)
      })
      expect(left).toBeLessThanOrEqual(2)
    },
  )

  it.each(['window', 'bucket'] as const)(
    'of a %s are whole again where the only take of it is undone',
    async (kind) => {
      expect(await leftAfterUndoing({ kind }, 0, 1, async () => {})).toBe(10)
    },
  )

  it('refuse what one of them has refused, though the other cannot be told to give back', async () => {
    const left = await leftAfterUndoing({}, 8, 1, () => Promise.reject(new Error('away')))
    expect(left).toBe(1)
  })

  it('are forgotten by Redis once nothing is spent', async () => {
    await redis.command('FLUSHALL')
    const counters = createRedisCounters({ redis: await client(), otherwise: createMemoryCounters() })
    const one = { requests: 1, windowSeconds: 5 }
    await counters.take([meter(one), meter({ ...one, kind: 'bucket' })], 1, Date.now())
    expect(await redis.command('DBSIZE')).toBe(2)
    while ((await redis.command('DBSIZE')) !== 0) await new Promise((resolve) => setTimeout(resolve, 100))
  })

  it.each([
    ['exact', (opened: RedisClient) => createRedisCounters({ redis: opened, otherwise: createMemoryCounters() })],
    [
      'leased',
      (opened: RedisClient) =>
        createShares({ ledgers: createRedisLedgers(opened), otherwise: createMemoryCounters(), every: never }),
    ],
  ])('come back by the clock of Redis: %s', async (_, create) => {
    await redis.command('FLUSHALL')
    const clock = async () => {
      const [seconds, microseconds] = (await redis.command('TIME')) as [string, string]
      return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000)
    }
    const [counters, limited] = [create(await client()), [meter({ requests: 1 })]]
    const before = await clock()
    await counters.take(limited, 1, 0)
    const charged = await clock()
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    const asked = await clock()
    const { retryAfterMs } = await counters.take(limited, 1, 0)
    expect(retryAfterMs).toBeLessThanOrEqual(60_000 - (asked - charged))
    expect(retryAfterMs).toBeGreaterThanOrEqual(60_000 - ((await clock()) - before))
  })

  it('by shares stay spent, and no longer, when the clock of Redis is set back', async () => {
    await redis.command('FLUSHALL')
    const nowMs = Date.now()
    let skew = 0
    const ledgers = createRedisLedgers(await client(), () => nowMs + skew)
    const shares = createShares({ ledgers, otherwise: createMemoryCounters(), now: () => nowMs, every: never })
    await shares.take([meter()], 10, nowMs)
    skew = -3_600_000
    const { taken, retryAfterMs } = await shares.take([meter()], 1, nowMs)
    expect([taken, retryAfterMs]).toEqual([false, 60_000 + 60_000 / 16])
  })

  it('remember of many requests the 64ths of one window that they fell into', async () => {
    await redis.command('FLUSHALL')
    let nowMs = Date.UTC(2026, 10, 20, 8)
    const clock = () => nowMs
    const counters = createRedisCounters({ redis: await client(), otherwise: createMemoryCounters(), clock })
    for (let count = 0; count < 1_200; count++, nowMs += 150)
      await counters.take([meter({ requests: 1_000 })], 1, nowMs)
    const [key] = (await redis.command('KEYS', '*')) as string[]
    expect(await redis.command('STRLEN', key as string)).toBeLessThan(66 * 13)
  })

  it.each([
    ['is stopped', async (own: TestRedis) => void own.child.kill('SIGSTOP')],
    ['has gone', async (own: TestRedis) => void own.child.kill('SIGKILL')],
    ['is full', async (own: TestRedis) => void (await own.command('CONFIG', 'SET', 'maxmemory', '1'))],
  ])('are kept by the node itself where Redis %s', async (_, harm) => {
    const own = await startRedis()
    const told: boolean[] = []
    const counters = createRedisCounters({
      redis: await client(own.url, 2_000),
      otherwise: createMemoryCounters(),
      onReach: (isReached) => void told.push(isReached),
    })
    expect((await counters.take([meter({ requests: 2 })], 1, Date.now())).taken).toBe(true)
    await harm(own)
    const taken = []
    for (let count = 0; count < 3; count++)
      taken.push((await counters.take([meter({ requests: 2 })], 1, Date.now())).taken)
    expect([taken, told]).toEqual([[true, true, false], [false]])
    await own.stop()
  })

  it('are asked of no Redis that has not answered in the half second before', async () => {
    const askedAt: number[] = []
    const away: RedisClient = {
      ...(await client()),
      async run() {
        askedAt.push(performance.now())
        throw new Error('away')
      },
    }
    const counters = createRedisCounters({ redis: away, otherwise: createMemoryCounters() })
    while (askedAt.length < 2) {
      await counters.take([meter()], 0, Date.now())
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    const [first = 0, second = 0] = askedAt
    expect(second - first).toBeGreaterThanOrEqual(500)
  })

  it('are asked of a Redis that does not answer by one request at a time, and charged there no more', async () => {
    const own = await startRedis()
    const counters = createRedisCounters({ redis: await client(own.url, 250), otherwise: createMemoryCounters() })
    const one = [meter({ requests: 1_000 })]
    own.child.kill('SIGSTOP')
    await counters.take(one, 1, Date.now())
    await new Promise((resolve) => setTimeout(resolve, 600))
    await Promise.all(Array.from({ length: 100 }, () => counters.take(one, 1, Date.now())))
    own.child.kill('SIGCONT')
    const another = createRedisCounters({ redis: await client(own.url), otherwise: createMemoryCounters() })
    const [state] = await another.peek(one, Date.now())
    expect(state?.remaining).toBeGreaterThanOrEqual(998)
    await own.stop()
  })

  it('are said to be in Redis again where it was said at the start that they are not', async () => {
    const told: boolean[] = []
    const counters = createRedisCounters({
      redis: await client(),
      otherwise: createMemoryCounters(),
      onReach: (isReached) => void told.push(isReached),
      isReached: false,
    })
    await counters.take([meter({ requests: 2 })], 1, Date.now())
    expect(told).toEqual([true])
  })

  it('are in Redis again once that is back', async () => {
    const own = await startRedis()
    const told: boolean[] = []
    const counters = createRedisCounters({
      redis: await client(own.url, 250),
      otherwise: createMemoryCounters(),
      onReach: (isReached) => void told.push(isReached),
    })
    own.child.kill('SIGSTOP')
    await counters.take([meter()], 1, Date.now())
    own.child.kill('SIGCONT')
    while (!told.includes(true)) {
      await counters.take([meter()], 1, Date.now())
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    expect(told).toEqual([false, true])
    await own.stop()
  })

  it('keep no node from its start where Redis is frozen once it is connected to', async () => {
    const own = await startRedis()
    const address = createServer((caller) => {
      const server = connect(own.port, '127.0.0.1')
      caller.on('error', () => {}).on('close', () => server.destroy())
      server.on('error', () => {}).pipe(caller)
      caller.on('data', (words) => void (words.includes('$4\r\nINFO') || server.write(words)))
    })
    await once(address.listen(0, '127.0.0.1'), 'listening')
    const counters = createRedisCounters({
      redis: await client(`redis://127.0.0.1:${(address.address() as AddressInfo).port}`, 250),
      otherwise: createMemoryCounters(),
    })
    expect((await counters.take([meter()], 1, Date.now())).taken).toBe(true)
    address.close()
    await own.stop()
  })

  it('are charged in Redis nothing of what was asked before it was there', async () => {
    const port = await freePort()
    const told: boolean[] = []
    const counters = createRedisCounters({
      redis: await client(`redis://127.0.0.1:${port}`, 250),
      otherwise: createMemoryCounters(),
      onReach: (isReached) => void told.push(isReached),
    })
    await counters.take([meter()], 1, Date.now())
    const own = await startRedis([], { ...here, portFor: async () => port })
    while (!told.includes(true)) {
      await counters.take([meter()], 0, Date.now())
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    const another = createRedisCounters({ redis: await client(own.url), otherwise: createMemoryCounters() })
    expect((await another.peek([meter()], Date.now()))[0]?.remaining).toBe(10)
    await own.stop()
  })

  it('are no trouble where Redis is there at the second try', async () => {
    let tries = 0
    const address = createServer((caller) => {
      if (++tries === 1) return void caller.destroy()
      const server = connect(redis.port, '127.0.0.1')
      caller.on('error', () => {}).on('close', () => server.destroy())
      server.on('error', () => {}).pipe(caller)
      caller.pipe(server)
    })
    await once(address.listen(0, '127.0.0.1'), 'listening')
    const opened = await client(`redis://127.0.0.1:${(address.address() as AddressInfo).port}`)
    expect([tries, opened.trouble]).toEqual([2, null])
    address.close()
  })

  it('are counted by the node where Redis was never there', async () => {
    const counters = createRedisCounters({
      redis: await client('redis://127.0.0.1:1', 250),
      otherwise: createMemoryCounters(),
    })
    expect((await counters.take([meter()], 1, Date.now())).taken).toBe(true)
  })
})
