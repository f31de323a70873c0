import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { someEvent } from '@keywright/core/testing'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openPostgres, openSqlite } from '../../src/stores/index.ts'
import { type OwnPostgres, startPostgres } from '../support/postgres.ts'
import { startNode, type TestNode } from '../support/start-node.ts'
import { repetitions, told } from './figures.ts'

let postgres: OwnPostgres
let database: string
let nodes: TestNode[]
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keywright-faults-'))
  postgres = await startPostgres({ fsync: 'on' })
  database = await postgres.createDatabase()
  nodes = await Promise.all([1, 2, 3].map(() => startNode(database)))
  await nodes[0]?.api('POST', '/v1/organizations', { body: { id: 'acme', name: 'Acme' } })
})
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop()))
  await postgres.stop()
  rmSync(folder, { recursive: true })
})

async function makeKey(): Promise<{ id: string; credential: string }> {
  const [first] = nodes as [TestNode]
  const { status, json } = await first.api('POST', '/v1/keys', {
    body: { organization: 'acme', name: 'key', limits: [] },
  })
  expect(status).toBe(201)
  return json
}

/** Milliseconds from the acknowledgement of a revocation until another node refuses the key. */
async function revocation(round: number): Promise<number> {
  const [first, ...others] = nodes as [TestNode, TestNode, TestNode]
  const other = others[round % 2] as TestNode
  const { id, credential } = await makeKey()
  expect(await other.ask(credential)).toBe(404)
  await first.api('POST', `/v1/keys/${id}/revoke`)
  const acknowledgedAt = performance.now()
  for (;;) {
    const askedAt = performance.now()
    if ((await other.ask(credential)) === 401) return Math.max(0, askedAt - acknowledgedAt)
  }
}

it('tells how soon a revocation is in force on other nodes', async () => {
  const healthy: number[] = []
  for (let round = 0; round < repetitions(200); round++) healthy.push(await revocation(round))
  told('revocation in force on another node, hints arriving', healthy)
})

it('tells how soon it is where hints are lost', async () => {
  const admin = new Client({ connectionString: database })
  await admin.connect()
  const lost: number[] = []
  for (let round = 0; round < repetitions(200) / 5; round++) {
    const kill = `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'keywright hints'`
    let measuring = true
    const killing = (async () => {
      while (measuring) {
        await admin.query(kill)
        await sleep(10)
      }
    })()
    lost.push(await revocation(round))
    measuring = false
    await killing
  }
  await admin.end()
  told('revocation in force on another node, hints lost', lost)
})

it('tells how long wait=all takes', async () => {
  const waited: number[] = []
  for (let round = 0; round < repetitions(200) / 5; round++) {
    const { id } = await makeKey()
    const startedAt = performance.now()
    expect((await nodes[0]?.api('POST', `/v1/keys/${id}/revoke?wait=all`))?.status).toBe(200)
    waited.push(performance.now() - startedAt)
  }
  told('revoke?wait=all answered, three nodes', waited)
})

it.each([
  ['PostgreSQL', () => openPostgres(database)],
  ['SQLite', () => openSqlite(join(folder, 'keywright.db'))],
] as const)('tells how many changes one head row numbers in a second on %s', async (name, open) => {
  const store = open()
  for (const [writers, events] of [
    [1, 1],
    [5, 1],
    [1, 1000],
  ] as const) {
    const until = performance.now() + 5_000
    let changes = 0
    const writing = Array.from({ length: writers }, async () => {
      while (performance.now() < until) {
        await store.transact(async (transaction) => {
          for (let event = 0; event < events; event++) transaction.record(someEvent())
        })
        changes += events
      }
    })
    await Promise.all(writing)
    process.stdout.write(
      `${name}, ${writers} writing at once, ${events} in a transaction: ${Math.round(changes / 5)} changes/s\n`,
    )
  }
  await store.close()
})
