import { type Insertable, type Kysely, sql } from 'kysely'
import { hourOf } from '../usage/hour.ts'
import type { Kind } from '../usage/usage-store.ts'
import type { DroppedRow, Schema } from './schema.ts'
import { addDropped } from './sql-usage-upserts.ts'

/** Months and drops go with the counts, the present month never. */
export async function pruneBefore(db: Kysely<Schema>, kind: Kind, before: Date, limit: number): Promise<number> {
  const at = before.getTime()
  if (kind === 'callers') {
    const { numAffectedRows } = await sql`
      delete from kw_callers where ("key", hour, version, route, address, user_agent) in (
        select "key", hour, version, route, address, user_agent from kw_callers where hour < ${at} order by hour limit ${limit})
    `.execute(db)
    return Number(numAffectedRows ?? 0)
  }
  if (kind === 'refusals') {
    const old = db.selectFrom('kw_refusals').select('id').where('at', '<', at).orderBy('at').limit(limit)
    const { numDeletedRows } = await db.deleteFrom('kw_refusals').where('id', 'in', old).executeTakeFirstOrThrow()
    return Number(numDeletedRows)
  }
  const dropped = await sql`
    delete from kw_dropped where ("key", hour, kind) in (
      select "key", hour, kind from kw_dropped where hour < ${at} order by hour limit ${limit})
  `.execute(db)
  const months = await sql`
    delete from kw_months where (organization, month) in (
      select organization, month from kw_months where month < ${before.toISOString().slice(0, 7)} order by month limit ${limit})
  `.execute(db)
  const counts = await sql`
    delete from kw_usage where ("key", hour, version, outcome, route) in (
      select "key", hour, version, outcome, route from kw_usage where hour < ${at} order by hour limit ${limit})
  `.execute(db)
  return Math.max(...[dropped, months, counts].map(({ numAffectedRows }) => Number(numAffectedRows ?? 0)))
}

export async function capCallers(
  db: Kysely<Schema>,
  keys: readonly string[],
  keep: number,
  now: Date,
): Promise<number> {
  const over = await tooMany(db, 'kw_callers', keys, keep)
  if (over.length === 0) return 0
  const { rows } = await sql<Deleted>`
    delete from kw_callers where ("key", hour, version, route, address, user_agent) in (
      select "key", hour, version, route, address, user_agent from (
        select "key", hour, version, route, address, user_agent,
          row_number() over (partition by "key" order by hour desc, last_seen_at desc) as place
        from kw_callers where "key" in (${sql.join(over)})
      ) as placed where place > ${keep})
    returning "key", organization
  `.execute(db)
  return drop(db, rows, 'callers', now)
}

export async function capRefusals(
  db: Kysely<Schema>,
  keys: readonly string[],
  keep: number,
  now: Date,
): Promise<number> {
  const over = await tooMany(db, 'kw_refusals', keys, keep)
  if (over.length === 0) return 0
  const { rows } = await sql<Deleted>`
    delete from kw_refusals where id in (
      select id from (
        select id, row_number() over (partition by "key" order by at desc, id desc) as place
        from kw_refusals where "key" in (${sql.join(over)})
      ) as placed where place > ${keep})
    returning "key", organization
  `.execute(db)
  return drop(db, rows, 'refusals', now)
}

interface Deleted {
  key: string
  organization: string | null
}

async function tooMany(
  db: Kysely<Schema>,
  table: 'kw_callers' | 'kw_refusals',
  keys: readonly string[],
  keep: number,
): Promise<string[]> {
  const rows = await db
    .selectFrom(table)
    .select('key')
    .where('key', 'in', keys)
    .groupBy('key')
    .having(({ fn }) => fn.countAll(), '>', keep)
    .execute()
  return rows.map(({ key }) => key)
}

/** How many these were. Another node may have deleted some of those that were too many, and has counted them. */
async function drop(db: Kysely<Schema>, deleted: readonly Deleted[], kind: string, now: Date): Promise<number> {
  const hour = hourOf(now.getTime())
  const dropped = new Map<string, Insertable<DroppedRow> & { count: number }>()
  for (const { key, organization } of deleted) {
    const count = (dropped.get(key)?.count ?? 0) + 1
    dropped.set(key, { key, organization, hour, kind, count })
  }
  await addDropped(db, [...dropped.values()])
  return deleted.length
}
