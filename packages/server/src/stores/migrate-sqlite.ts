import type { Database } from 'better-sqlite3'
import { type ColumnTypes, migrationsTable, pendingAfter } from './migrations/index.ts'

export const sqliteTypes: ColumnTypes = {
  id: 'text',
  member: (column, ...path) => `json_extract(${column}, '$.${path.join('.')}')`,
  hints: `(select group_concat(json_extract(value, '$.hint'), ' ') from json_each(kw_keys.versions))`,
  lastHint: `json_extract(versions, '$[#-1].hint')`,
}

/**
 * Brings the schema up to date. Throws where the database has a newer one or cannot be written, and leaves it as it is.
 */
export function migrateSqlite(client: Database): void {
  const applied = client.transaction(() => {
    client.exec(migrationsTable)
    // SQLite opens a file that may only be read without a word. This deletes nothing, and fails there.
    client.exec('delete from kw_migrations where false')
    return client.prepare('select coalesce(max(number), 0) from kw_migrations').pluck().get() as number
  })
  for (const { number, name, statements } of pendingAfter(applied.immediate())) {
    const apply = client.transaction(() => {
      for (const statement of statements(sqliteTypes)) client.exec(statement)
      const record = client.prepare('insert into kw_migrations (number, name, applied_at) values (?, ?, ?)')
      record.run(number, name, Date.now())
    })
    apply.immediate()
  }
}
