import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { Kysely, SqliteDialect } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { countQuery } from './key-query.ts'
import { sqliteTypes } from './migrate-sqlite.ts'
import { migrations, migrationsTable } from './migrations/index.ts'
import type { Schema } from './schema.ts'
import { sqlite } from './sqlite.ts'

let folder: string
let client: BetterSqlite3.Database
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keywright-'))
  client = new BetterSqlite3(join(folder, 'keywright.db'))
})
afterEach(() => {
  client.close()
  rmSync(folder, { recursive: true })
})

/** As an earlier version has left it. */
function migrateTo(number: number): void {
  client.exec(migrationsTable)
  for (const migration of migrations.slice(0, number)) {
    for (const statement of migration.statements(sqliteTypes)) client.exec(statement)
    client.prepare('insert into kw_migrations (number, name, applied_at) values (?, ?, 0)').run(migration.number, '')
  }
}

describe('a database of an earlier version', () => {
  it('is searched like a new one from schema 9 on', async () => {
    migrateTo(8)
    client.exec(`insert into kw_organizations (id, name, state, created_at) values ('acme', 'Acme', 'active', 0)`)
    client.exec(`insert into kw_keys (id, organization, name, kind, environment, metadata, created_at, versions, search) values
      ('key_0a', 'acme', 'Web', 'secret', 'live', '{}', 0, '[]', 'web key_0a kw_live_…zk07')`)
    const store = sqlite(client)
    const found = async (q: string) => (await store.keys({ organization: 'acme', q, limit: 9 })).items.length
    expect(await Promise.all(['Web', 'Zk07', 'key_0', 'web kw_'].map(found))).toEqual([1, 1, 1, 1])
    expect(await found('y_0a')).toBe(0)
    await store.close()
  })
})

it('finds what one person has made without a look at the keys of others', async () => {
  const store = sqlite(client)
  const db = new Kysely<Schema>({ dialect: new SqliteDialect({ database: client }) })
  const { sql, parameters } = countQuery(db, { organization: 'acme', createdBy: 'usr_1' }, '', 9).compile()
  const plan = client.prepare<unknown[], { detail: string }>(`explain query plan ${sql}`).all(...parameters)
  expect(plan.map(({ detail }) => detail).join()).toContain('(created_by=? AND organization=? AND id>?)')
  await store.close()
})
