import { setTimeout as pause } from 'node:timers/promises'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type TestPostgres, testPostgres } from '../support/postgres.ts'
import { startRecorded } from './recorded.ts'

let postgres: TestPostgres
beforeAll(async () => {
  postgres = await testPostgres()
}, 60_000)
afterAll(() => postgres.stop(), 60_000)

it('a write that fails after a while is told of once, however many times it was due meanwhile', async () => {
  const database = await postgres.createDatabase()
  const recorded = await startRecorded({ database })
  const node = recorded.node({ flushEveryMs: 20 })
  const { credential } = await recorded.issue()
  const [holder, other] = [1, 2].map(() => new Client({ connectionString: database })) as [Client, Client]
  await Promise.all([holder.connect(), other.connect()])
  await holder.query('begin; lock table kw_usage in access exclusive mode')

  await node.verifier.verify({ credential })
  const waiting = `from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
  for (let failures = 1; failures <= 2; failures++) {
    while ((await other.query(`select ${waiting}`)).rowCount === 0) await pause(10)
    await pause(300)
    expect((await other.query(`select pg_cancel_backend(pid) ${waiting}`)).rows).toHaveLength(1)
    await expect.poll(() => recorded.errors.length).toBeGreaterThanOrEqual(failures)
    await pause(100)
    expect(recorded.errors).toHaveLength(failures)
  }

  await holder.query('rollback')
  await Promise.all([holder.end(), other.end()])
  await recorded.close()
})

it('a stop does not wait for a database that takes nothing', async () => {
  const database = await postgres.createDatabase()
  const recorded = await startRecorded({ database })
  const node = recorded.node()
  const { credential } = await recorded.issue()
  const holder = new Client({ connectionString: database })
  await holder.connect()
  await holder.query('begin; lock table kw_usage in access exclusive mode')
  await node.verifier.verify({ credential })
  await expect(node.usage.stop()).rejects.toThrow('did not answer')
  await holder.query('rollback')
  await holder.end()
  await recorded.close()
})
