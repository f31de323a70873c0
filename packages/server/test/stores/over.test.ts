import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openPostgres, openSqlite, type SharedStore, type SqliteStore } from '../../src/stores/index.ts'
import { type TestPostgres, testPostgres } from '../support/postgres.ts'

interface Opened {
  store: SqliteStore | SharedStore
  sql(text: string): Promise<void>
  count(table: string): Promise<number>
  close(): Promise<void>
}

let server: TestPostgres
beforeAll(async () => {
  server = await testPostgres()
})
afterAll(() => server.stop())

const databases: Record<string, () => Promise<Opened>> = {
  async SQLite() {
    const folder = mkdtempSync(join(tmpdir(), 'keywright-over-'))
    const file = join(folder, 'keywright.sqlite')
    const store = openSqlite(file)
    const client = new BetterSqlite3(file)
    const close = async () => {
      client.close()
      await store.close()
      rmSync(folder, { recursive: true })
    }
    const sql = async (text: string) => void client.exec(text)
    const count = async (table: string) => Number(client.prepare(`select count(*) from ${table}`).pluck().get())
    return { store, sql, count, close }
  },
  async PostgreSQL() {
    const url = await server.createDatabase()
    const store = openPostgres(url)
    await store.prepare()
    const client = new Client({ connectionString: url })
    await client.connect()
    const close = async () => {
      await client.end()
      await store.close()
    }
    const sql = async (text: string) => void (await client.query(text))
    const count = async (table: string) => Number((await client.query(`select count(*) from ${table}`)).rows[0].count)
    return { store, sql, count, close }
  },
}

const many = 80
const now = new Date()

describe.each(Object.keys(databases))('what is over on %s', (name) => {
  let opened: Opened
  beforeEach(async () => {
    opened = await (databases[name] as () => Promise<Opened>)()
  })
  afterEach(() => opened.close())

  const claim = (key: string) => {
    const call = { id: `call_${Math.random()}`, caller: 'c', route: 'r', key, fingerprint: 'f', since: 0, now }
    return opened.store.calls.claim(call)
  }

  it('of repeatable calls goes a few at a time, and its keys are free at once', async () => {
    for (let i = 0; i < many; i++) await claim(`${i}`)
    await claim('last')
    await opened.sql(
      `update kw_calls set created_at = created_at - case when name = 'last' then 86400000 else 90000000 end`,
    )
    expect(await claim('last')).toMatchObject({ state: 'new' })
    expect(await opened.count('kw_calls')).toBe(many + 1 - 50)
    for (const key of ['a', 'b', 'c']) expect(await claim(key)).toMatchObject({ state: 'new' })
    expect(await opened.count('kw_calls')).toBe(4)
    expect(await claim('a')).toMatchObject({ state: 'running' })
  })

  it('of attempts goes a few at a time, and is counted anew at once', async () => {
    const { attempts } = opened.store.signIn
    for (let i = 0; i < many; i++) await attempts.count(`${i}`, 60, now)
    await attempts.count('last', 90, now)
    await attempts.count('last', 90, now)
    await opened.sql('update kw_attempts set ends_at = ends_at - 100000')
    expect(await attempts.count('last', 60, now)).toMatchObject({ count: 1 })
    expect(await opened.count('kw_attempts')).toBe(many + 1 - 50)
    const again = await attempts.count('last', 60, now)
    expect(again.count).toBe(2)
    expect(again.endsAt.getTime()).toBeGreaterThan(now.getTime() + 30_000)
    await attempts.count('last', 60, now)
    expect(await opened.count('kw_attempts')).toBe(1)
  })
})
