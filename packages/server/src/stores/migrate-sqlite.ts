import type { Database } from 'better-sqlite3'
import { migrationsTable, pendingAfter } from './migrations/index.ts'

/** Brings the schema up to date. Throws where the database has a newer one, and leaves that as it is. */
export function migrateSqlite(client: Database): void {
  client.exec(migrationsTable)
  for (const { number, name, statements } of pendingAfter(appliedTo(client))) {
    client
      .transaction(() => {
        for (const statement of statements({ id: 'text' })) client.exec(statement)
        client
          .prepare('insert into kw_migrations (number, name, applied_at) values (?, ?, ?)')
          .run(number, name, Date.now())
      })
      .immediate()
  }
}

function appliedTo(client: Database): number {
  return client.prepare('select coalesce(max(number), 0) from kw_migrations').pluck().get() as number
}
