import { type Change, emptyHead, verifyChain } from '@keywright/core'
import { Client } from 'pg'
import { expect } from 'vitest'
import { openPostgres } from '../../src/stores/index.ts'
import { layNetwork, over, type Wire } from './network/network.ts'
import { everythingIn, type OwnPostgres, startPostgres } from './postgres.ts'
import { startRedis, type TestRedis } from './redis.ts'
import { startNode, type TestNode } from './start-node.ts'

/** Three nodes, PostgreSQL and Redis, each a machine of its own; each node with its own way to the other two. */
export interface Cluster {
  postgres: OwnPostgres
  redis: TestRedis
  nodes: TestNode[]
  toPostgres: Wire[]
  toRedis: Wire[]
  database: string
  /** What was logged, also by nodes that are gone. */
  logs(): string
  /** Another in its place. */
  restart(index: number): Promise<void>
  /** On a connection of their own. */
  sql(...statements: string[]): Promise<void>
  stop(): Promise<void>
}

export async function startCluster(env: Readonly<Record<string, string>>): Promise<Cluster> {
  const network = await layNetwork()
  const postgres = await startPostgres({}, network.machine())
  const redis = await startRedis([], network.machine())
  const machines = [1, 2, 3].map(() => network.machine())
  const database = await postgres.createDatabase()
  const toPostgres = await Promise.all(machines.map((machine) => network.wire(machine, postgres)))
  const toRedis = await Promise.all(machines.map((machine) => network.wire(machine, redis)))
  const gone: TestNode[] = []
  const start = (index: number) => {
    const redisUrl = over(redis.url, toRedis[index] as Wire)
    const settings = { KEYWRIGHT_REDIS_URL: redisUrl, ...env }
    return startNode(over(database, toPostgres[index] as Wire), settings, machines[index])
  }
  const nodes = await Promise.all([0, 1, 2].map(start))
  await nodes[0]?.api('POST', '/v1/organizations', { body: { id: 'acme', name: 'Acme' } })
  return {
    postgres,
    redis,
    nodes,
    toPostgres,
    toRedis,
    database,
    logs: () => [...gone, ...nodes].map((node) => node.log()).join(''),
    async restart(index) {
      const before = nodes[index] as TestNode
      gone.push(before)
      await before.stop()
      nodes[index] = await start(index)
    },
    async sql(...statements) {
      const client = new Client({ connectionString: database })
      await client.connect()
      for (const statement of statements) await client.query(statement)
      await client.end()
    },
    async stop() {
      for (const wire of [...toPostgres, ...toRedis]) await wire.mend()
      await Promise.all(nodes.map((node) => node.stop()))
      await redis.stop()
      await postgres.stop()
      await network.close()
    },
  }
}

/** One chain from the first change to the last (I5). @returns its changes */
export async function expectWholeChain(database: string): Promise<Change[]> {
  const store = openPostgres(database)
  const changes: Change[] = []
  for (;;) {
    const next = await store.changes(changes.length, 1000)
    if (next.length === 0) break
    changes.push(...next)
  }
  expect(verifyChain(emptyHead, changes)).toEqual({ ok: true, head: await store.head() })
  await store.close()
  return changes
}

/** None of these is to be found in what the nodes logged or in any table (I6). */
export async function expectNowhere(secrets: readonly string[], { database, logs }: Cluster): Promise<void> {
  const everything = logs() + (await everythingIn(database))
  for (const secret of secrets) expect(everything.includes(secret)).toBe(false)
}
