import { type Kysely, sql } from 'kysely'
import type { Schema } from './schema.ts'

/** When a row of these is over, by name. */
const over = {
  kw_calls: { key: 'id', at: 'created_at' },
  kw_attempts: { key: 'name', at: 'ends_at' },
  kw_device_logins: { key: 'id', at: 'expires_at' },
} as const

/** More go with each than come, and none is held up by all that a busy day has left. */
const rowsAtOnce = 50

/** Deletes some of what was over by then, oldest first; what another process is deleting is left to it. */
export async function deleteSomeOver(
  db: Kysely<Schema>,
  table: keyof typeof over,
  by: number | ReturnType<typeof sql<number>>,
  { isShared }: { isShared: boolean },
): Promise<void> {
  const [key, at] = [sql.ref(over[table].key), sql.ref(over[table].at)]
  // Materialized, so that it is looked for once, and never again for each row.
  await sql`with old as materialized (
      select ${key} from ${sql.table(table)} where ${at} <= ${by} order by ${at} limit ${rowsAtOnce}
      ${isShared ? sql`for update skip locked` : sql``})
    delete from ${sql.table(table)} where ${key} in (select ${key} from old)`.execute(db)
}

/**
 * Of the oldest `limit`, those that were over before then; how many. Ids are in the order of time, and none holds long, so
 * what is over is among the oldest, and no other is looked at.
 */
export async function deleteOldestOver(
  db: Kysely<Schema>,
  table: 'kw_cli_tokens' | 'kw_invitations',
  before: Date,
  limit: number,
): Promise<number> {
  const oldest = db.selectFrom(table).select('id').orderBy('id').limit(limit)
  const { numDeletedRows } = await db
    .deleteFrom(table)
    .where('id', 'in', oldest)
    .where('expires_at', '<', before.getTime())
    .executeTakeFirstOrThrow()
  return Number(numDeletedRows)
}
