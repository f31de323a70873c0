import { readFileSync } from 'node:fs'
import { someEvent } from '@keywright/core/testing'
import { Pool } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readChanges } from '../../src/stores/change-log.ts'
import { openPostgres, type SharedStore } from '../../src/stores/index.ts'
import { postgresStore } from '../../src/stores/postgres.ts'
import { kyselyOnPool } from '../../src/stores/postgres-connection.ts'
import { createTransactions } from '../../src/stores/postgres-transactions.ts'
import { createSqlLimits } from '../../src/stores/sql-limits.ts'
import { createSqlNodes } from '../../src/stores/sql-nodes.ts'
import { changeKeys, foundAcme } from '../stores/change-keys.ts'
import { type OwnPostgres, startPostgres } from '../support/postgres.ts'

let postgres: OwnPostgres
let opened: SharedStore
let pool: Pool

beforeAll(async () => {
  postgres = await startPostgres({ fsync: 'on' })
  const database = await postgres.createDatabase()
  opened = openPostgres(database)
  await opened.prepare()
  // One connection: what its process at the server has used is what was asked of it.
  pool = new Pool({ connectionString: database, max: 1 })
})
afterAll(async () => {
  await pool.end()
  await opened.close()
  await postgres.stop()
})

/** Processor time of the server for each of many, how long one takes, and how much goes over the wire, both ways. */
async function cost(name: string, times: number, work: (index: number) => Promise<unknown>): Promise<void> {
  const client = await pool.connect()
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  const stream = (client as unknown as { connection: { stream: { bytesRead: number; bytesWritten: number } } })
    .connection.stream
  client.release()
  const cpuMs = () => {
    const fields = readFileSync(`/proc/${rows[0]?.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    return (Number(fields[11]) + Number(fields[12])) * 10
  }
  const before = { cpu: cpuMs(), at: performance.now(), bytes: stream.bytesRead + stream.bytesWritten }
  for (let index = 0; index < times; index++) await work(index)
  const each = (value: number, digits: number) => (value / times).toFixed(digits)
  const bytes = stream.bytesRead + stream.bytesWritten - before.bytes
  process.stdout.write(
    `${name}: ${each(cpuMs() - before.cpu, 3)} ms of the server's processor, answered after ` +
      `${each(performance.now() - before.at, 2)} ms, ${each(bytes, 0)} bytes\n`,
  )
}

it('tells what keys, changes, nodes and limits cost the database', async () => {
  await foundAcme(opened)
  const keys = 2_000
  let changes = 0
  await changeKeys(opened, 'key', () => {
    if (++changes === keys * 3) throw new Error('enough')
  }).catch(() => {})
  const db = kyselyOnPool(pool)
  const nodes = createSqlNodes(db)
  const store = postgresStore(pool, pool)
  const [some] = (await opened.keys({ limit: 1 })).items
  expect(some).toBeDefined()
  await cost('a poll that finds nothing new', 1_000, () =>
    nodes.beat({ node: 'a', maxStalenessMs: 10_000, applied: 1 }),
  )
  await cost('a poll that tells of a change', 1_000, (index) =>
    nodes.beat({ node: 'b', maxStalenessMs: 10_000, applied: index }),
  )
  await cost('reading one change', 1_000, () => readChanges(db, changes - 2, 2))
  await cost('reading a changed key', 1_000, () => store.found(some?.id ?? ''))
  await cost('looking up a credential', 1_000, () => Promise.resolve(store.find(some?.versions[0]?.digest ?? '')))
  await cost('one change', 1_000, () => store.transact(async (transaction) => transaction.record(someEvent())))
  const limits = createSqlLimits({ db, transaction: createTransactions(pool) })
  const limit = { requests: 100, windowSeconds: 60, per: 'key', kind: 'window' } as const
  await cost('a change of one limit', 1_000, () => limits.change([{ name: 'a', limit }], () => {}))
  const sizes = async (...tables: string[]) => {
    const sum = tables.map((table) => `pg_total_relation_size('${table}')`).join(' + ')
    const { rows } = await pool.query<{ bytes: string }>(`select ${sum} as bytes`)
    return Number(rows[0]?.bytes)
  }
  await pool.query('vacuum full')
  const perKey = (await sizes('kw_keys', 'kw_digests')) / keys
  const perChange = (await sizes('kw_changes')) / (changes + 1_001)
  process.stdout.write(
    `a key with two secrets: ${Math.round(perKey)} bytes; a change: ${Math.round(perChange)} bytes\n`,
  )
})
