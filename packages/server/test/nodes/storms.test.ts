import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { migrations } from '../../src/stores/migrations/index.ts'
import { letThrough } from '../support/history.ts'
import { type OwnPostgres, startPostgres } from '../support/postgres.ts'
import { startNode, type TestNode } from '../support/start-node.ts'

let postgres: OwnPostgres
let database: string
let nodes: TestNode[]

beforeAll(async () => {
  postgres = await startPostgres()
  database = await postgres.createDatabase()
  nodes = await Promise.all([1, 2, 3].map(() => startNode(database)))
  await nodes[0]?.api('POST', '/v1/organizations', { body: { id: 'acme', name: 'Acme' } })
}, 90_000)
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop()))
  await postgres.stop()
}, 60_000)

interface Made {
  id: string
  credential: string
}

async function makeKeys(count: number): Promise<Made[]> {
  const [node] = nodes as [TestNode]
  const key = { organization: 'acme', name: 'key', limits: [] }
  const keys = Array.from({ length: count }, () => key)
  const { status, json } = await node.api('POST', '/v1/keys/bulk', { body: { keys } })
  expect(status).toBe(200)
  return json.results.map(({ key, credential }: { key: Made; credential: string }) => ({ id: key.id, credential }))
}

async function sql(...statements: string[]): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: database })
  await client.connect()
  let rows: Record<string, unknown>[] = []
  for (const statement of statements) rows = (await client.query(statement)).rows
  await client.end()
  return rows
}

describe('F14, a node that starts under load', () => {
  it('asks the database once for each key, however many requests come with it at once', {
    timeout: 60_000,
  }, async () => {
    const keys = await makeKeys(20)
    const lookUps = async () => {
      await sleep(1_500)
      const [row] = await sql(`select idx_scan from pg_stat_user_indexes where indexrelname = 'kw_digests_pkey'`)
      return Number(row?.idx_scan)
    }
    const fresh = await startNode(database)
    const before = await lookUps()
    const asking = keys.flatMap(({ credential }) => Array.from({ length: 25 }, () => fresh.ask(credential)))
    expect(new Set(await Promise.all(asking))).toEqual(new Set([letThrough]))
    expect((await lookUps()) - before).toBeLessThanOrEqual(keys.length)
    await fresh.stop()
  })
})

describe('F19, a storm of revocations', () => {
  it('is in force on every node, the last of them too, once it is answered', { timeout: 90_000 }, async () => {
    const keys = [...(await makeKeys(1000)), ...(await makeKeys(1000))]
    const asked = [...keys.slice(0, 10), ...keys.slice(-10)]
    const [kept] = (await makeKeys(1)) as [Made]
    for (const node of nodes) for (const { credential } of asked) expect(await node.ask(credential)).toBe(letThrough)
    let isOver = false
    const asking = nodes.map(async (node) => {
      for (; !isOver; await sleep(20)) expect(await node.ask(kept.credential)).toBe(letThrough)
    })
    for (const batch of [keys.slice(0, 1000), keys.slice(1000)]) {
      const body = { keys: batch.map(({ id }) => id) }
      const { status, json } = await (nodes[1] as TestNode).api('POST', '/v1/keys/bulk-revoke?wait=all', { body })
      expect([status, json.revoked]).toEqual([200, 1000])
    }
    for (const node of nodes) for (const { credential } of asked) expect(await node.ask(credential)).toBe(401)
    isOver = true
    await Promise.all(asking)
  })
})

describe('a storm of changes', () => {
  it('asks nothing of the database that its driver will not do any more', { timeout: 60_000 }, async () => {
    const [node] = nodes as [TestNode]
    for (let storm = 0; storm < 5; storm++) {
      const changes = Array.from({ length: 40 }, () =>
        node.api('POST', '/v1/projects', { body: { organization: 'acme', name: 'Web' } }),
      )
      for (const { status } of await Promise.all(changes)) expect(status).toBe(201)
    }
    expect(node.log()).not.toContain('DeprecationWarning')
  })
})

describe('F20, a key that is used without pause', () => {
  it.each([
    ['revoked', (id: string) => ['POST', `/v1/keys/${id}/revoke?wait=all`] as const],
    ['deleted', (id: string) => ['DELETE', `/v1/keys/${id}`] as const],
    ['rotated', (id: string) => ['POST', `/v1/keys/${id}/rotate`] as const],
  ])('is never accepted again once it is %s', { timeout: 60_000 }, async (_, call) => {
    for (const { id, credential } of await makeKeys(4)) {
      let isOver = false
      const refused = nodes.map(() => false)
      const using = nodes.flatMap((node, index) =>
        [1, 2, 3].map(async () => {
          while (!isOver) {
            const wasRefused = refused[index]
            const status = await node.ask(credential)
            // 429: so many refused attempts come from one address.
            if (status === 401 || status === 429) refused[index] = true
            else if (wasRefused) throw new Error(`Answered ${status} after it had been refused.`)
          }
        }),
      )
      await sleep(50)
      const [method, path] = call(id)
      const { status, json } = await (nodes[0] as TestNode).api(method, path, method === 'POST' ? { body: {} } : {})
      expect(status).toBe(200)
      while (!(await nodes[0]?.api('GET', `/v1/receipts/${json.receipt}`))?.json.complete) await sleep(20)
      for (const node of nodes) expect([401, 429]).toContain(await node.ask(credential))
      await sleep(200)
      isOver = true
      await Promise.all(using)
    }
  })
})

describe('F16, an upgrade one node after the other', () => {
  it('leaves the nodes of the version before at work, and lets them start again', { timeout: 90_000 }, async () => {
    const [{ credential, id }] = (await makeKeys(1)) as [Made]
    const next = migrations.length + 1
    // What a newer version does when it starts: it adds, and says that whoever knows the steps before may go on.
    const expand = [
      'begin',
      'select pg_advisory_xact_lock(7305812469)',
      'alter table kw_keys add column of_a_newer_version text',
      'create table kw_of_a_newer_version (id text primary key)',
      `insert into kw_migrations (number, name, applied_at, needs) values (${next}, 'newer', 0, 0)`,
    ]
    let isOver = false
    const using = nodes.map(async (node) => {
      for (; !isOver; await sleep(20)) expect(await node.ask(credential)).toBe(letThrough)
    })
    // Broken off before it was through, and then carried out.
    await sql(...expand)
    expect(await sql(`select from kw_migrations where number = ${next}`)).toEqual([])
    await sql(...expand, 'commit')
    await makeKeys(1)
    const again = await startNode(database)
    expect(await again.ask(credential)).toBe(letThrough)
    expect((await again.api('PATCH', `/v1/keys/${id}`, { body: { name: 'renamed' } })).status).toBe(200)
    isOver = true
    await Promise.all(using)
    await again.stop()
    // Only what takes away what older ones use keeps them from starting, with a sentence that says so.
    await sql(`update kw_migrations set needs = ${next} where number = ${next}`)
    await expect(startNode(database)).rejects.toThrow(/start a newer one/)
    for (const node of nodes) expect(await node.ask(credential)).toBe(letThrough)
  })
})
