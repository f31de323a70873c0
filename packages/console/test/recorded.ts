import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import type { TestServer } from '../../server/test/support/start-server.ts'

export const hourMs = 3_600_000
export const dayMs = 24 * hourMs

export interface Use {
  key: string
  route: string
  atMs: number
  count?: number
}

/** What keys of `acme` were let in for, straight into the database: what is tried is how it is read. */
export function recordUses({ folder }: TestServer, uses: Iterable<Use>): void {
  const client = new BetterSqlite3(join(folder, 'data', 'keywright.db'))
  const insert = client.prepare(
    `insert into kw_usage ("key", hour, version, outcome, route, organization, count)
     values (?, ?, 1, 'allowed', ?, 'acme', ?) on conflict do update set count = excluded.count`,
  )
  const last = client.prepare(
    `insert into kw_last_used ("key", version, used_at, organization) values (?, 1, ?, 'acme')
     on conflict do update set used_at = max(used_at, excluded.used_at)`,
  )
  client.transaction(() => {
    for (const { key, route, atMs, count = 1 } of uses) {
      insert.run(key, atMs - (atMs % hourMs), route, count)
      last.run(key, atMs)
    }
  })()
  client.close()
}

/** The ids of all keys, in the order in which they were made. */
export function keyIds({ folder }: TestServer): string[] {
  const client = new BetterSqlite3(join(folder, 'data', 'keywright.db'))
  const ids = client.prepare('select id from kw_keys order by created_at').pluck().all() as string[]
  client.close()
  return ids
}
