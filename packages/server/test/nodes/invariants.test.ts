import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { told } from '../faults/figures.ts'
import { type Cluster, expectNowhere, expectWholeChain, startCluster } from '../support/cluster.ts'
import { History } from '../support/history.ts'
import type { Wire } from '../support/network/network.ts'
import { randomFrom } from '../support/random.ts'

const staleSeconds = 3
const seed = Number(process.env.FAULT_SEED ?? 1)
const rounds = Number(process.env.KEYWRIGHT_FAULT_ROUNDS ?? 1)
const random = randomFrom(seed)
const requests = 30

let cluster: Cluster
let history: History

beforeAll(async () => {
  cluster = await startCluster({ KEYWRIGHT_MAX_STALENESS_SECONDS: String(staleSeconds) })
  history = new History(() => cluster.nodes, staleSeconds * 1000, random)
}, 90_000)
afterAll(() => cluster.stop(), 60_000)

interface Fault {
  /** How often over a limit may be exceeded: nodes that count alone have a whole limit together, a flush gives another. */
  limits?: number
  /** A flush has nothing to do with counting alone, which may come on top. */
  isFlush?: boolean
  inflict(): Promise<void>
}

const some = () => Math.floor(random() * 3)
const wireOf = (wires: 'toPostgres' | 'toRedis') => cluster[wires][some()]
/** How often a node said that it counts limits alone: Redis did not answer it in time. */
const timesAlone = () => cluster.logs().split('limits cannot be counted together').length
const isAlone = (log: string) =>
  log.lastIndexOf('limits cannot be counted together') > log.lastIndexOf('limits are counted together again')
const anyNode = () => cluster.nodes[some()]

/** A wire that is cut, or slow, for a while. */
function disturbed(wires: 'toPostgres' | 'toRedis', how: (wire: Wire) => Promise<void>, forMs: number) {
  return async () => {
    const wire = wireOf(wires)
    if (!wire) return
    await how(wire)
    await sleep(forMs)
    await wire.mend()
  }
}

const faults: Record<string, Fault> = {
  'F1, a node that is killed': {
    async inflict() {
      const index = some()
      cluster.nodes[index]?.child.kill('SIGKILL')
      await cluster.restart(index)
    },
  },
  'F2, PostgreSQL killed and started again': {
    async inflict() {
      await cluster.postgres.kill()
      await sleep(random() * 1500)
      await cluster.postgres.start()
    },
  },
  'F6, Redis that does not answer': {
    limits: 2,
    async inflict() {
      cluster.redis.child.kill('SIGSTOP')
      await sleep(1500)
      cluster.redis.child.kill('SIGCONT')
    },
  },
  'F6, Redis that is full': {
    limits: 2,
    async inflict() {
      await cluster.redis.command('CONFIG', 'SET', 'maxmemory', '1')
      await sleep(1000)
      await cluster.redis.command('CONFIG', 'SET', 'maxmemory', '0')
    },
  },
  'F6, Redis that has forgotten everything': {
    limits: 2,
    isFlush: true,
    async inflict() {
      await sleep(500)
      await cluster.redis.command('FLUSHALL')
      await sleep(500)
    },
  },
  'F7, a listener that hears nothing more': {
    async inflict() {
      const listening = `select client_port as port from pg_stat_activity where application_name = 'keywright hints'`
      let found: Record<string, unknown>[] = []
      while (found.length === 0) found = await cluster.postgres.sql(`${listening} order by backend_start desc limit 3`)
      const port = Number(found[some() % found.length]?.port)
      // It is on one of them.
      for (const wire of cluster.toPostgres) await wire.cut('both', port)
      await sleep(1500)
      for (const wire of cluster.toPostgres) await wire.mend()
    },
  },
  'F8, a node cut off from PostgreSQL': { inflict: disturbed('toPostgres', (wire) => wire.cut(), 4500) },
  'F8, a node that PostgreSQL hears and that hears nothing': {
    inflict: disturbed('toPostgres', (wire) => wire.cut('back'), 4500),
  },
  // Long enough for PostgreSQL to end a transaction of which it hears nothing more, and to say so.
  'F8, a node that PostgreSQL does not hear': { inflict: disturbed('toPostgres', (wire) => wire.cut('there'), 6000) },
  'F8, a node cut off from Redis': { limits: 2, inflict: disturbed('toRedis', (wire) => wire.cut(), 1500) },
  'F8, a node that Redis hears and that hears nothing': {
    limits: 2,
    inflict: disturbed('toRedis', (wire) => wire.cut('back'), 1000),
  },
  'F8, a node that Redis does not hear': {
    limits: 2,
    inflict: disturbed('toRedis', (wire) => wire.cut('there'), 1000),
  },
  'F8, 500 ms to PostgreSQL': { inflict: disturbed('toPostgres', (wire) => wire.delay(500), 2500) },
  'F8, 30 % of all packets lost': {
    inflict: disturbed('toPostgres', (wire) => wire.lose(0.3, random), 2500),
  },
  'F9, the table of keys locked': {
    inflict: () => cluster.sql('begin', 'lock table kw_keys in access exclusive mode', 'select pg_sleep(2)', 'commit'),
  },
  'F12, a node that is stopped and goes on': {
    async inflict() {
      const node = anyNode()
      node?.child.kill('SIGSTOP')
      await sleep(staleSeconds * 1000 + 1000)
      node?.child.kill('SIGCONT')
    },
  },
}

describe.each(Array.from({ length: rounds }, (_, round) => round + 1))(`three nodes (seed ${seed}, round %i)`, () => {
  it.each(Object.entries(faults))('hold what they promise under %s', { timeout: 60_000 }, async (name, fault) => {
    await history.limit(requests)
    const before = timesAlone()
    history.begin()
    await sleep(300)
    await fault.inflict()
    const recovery = await history.untilWell()
    while (cluster.nodes.some((node) => isAlone(node.log()))) await sleep(50)
    await history.end()
    expect(history.violations).toEqual([])
    // On a machine that is very busy, Redis answers too late without any fault.
    const alone = timesAlone() > before ? 1 : 0
    const { limits = 1 + alone, isFlush = false } = fault
    expect(history.admitted).toBeLessThanOrEqual(requests * (isFlush ? limits + alone : limits))
    if (rounds > 1) told(`${name}: well again`, [recovery])
  })
})

describe('afterwards', { timeout: 60_000 }, () => {
  it('all that was acknowledged is there, in one chain', async () => {
    await history.check()
    const changes = await expectWholeChain(cluster.database)
    const created = new Set(changes.filter(({ action }) => action === 'key.created').map(({ target }) => target))
    const revoked = new Set(changes.filter(({ action }) => action === 'key.revoked').map(({ target }) => target))
    for (const key of history.keys) {
      expect(created.has(key.id)).toBe(true)
      if (key.revokedAt < Infinity) expect(revoked.has(key.id)).toBe(true)
      if (key.revocationAskedAt === Infinity) expect(revoked.has(key.id)).toBe(false)
    }
    expect(history.answers.get(404)).toBeGreaterThan(100)
    expect(history.answers.get(401)).toBeGreaterThan(10)
  })

  it('no secret is anywhere', async () => {
    await expectNowhere(
      history.keys.map(({ credential }) => credential),
      cluster,
    )
  })
})
