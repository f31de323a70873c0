import { type Insertable, type Kysely, sql } from 'kysely'
import { hourOf } from '../usage/hour.ts'
import type { Kind } from '../usage/usage-store.ts'
import type { DroppedRow, Schema } from './schema.ts'
import { addDropped } from './sql-usage-upserts.ts'

/** How many rows these were. Months and drops go with the counts, the present month never. */
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
  await db.deleteFrom('kw_dropped').where('hour', '<', at).execute()
  await db.deleteFrom('kw_months').where('month', '<', before.toISOString().slice(0, 7)).execute()
  const { numAffectedRows } = await sql`
    delete from kw_usage where ("key", hour, version, outcome, route) in (
      select "key", hour, version, outcome, route from kw_usage where hour < ${at} order by hour limit ${limit})
  `.execute(db)
  return Number(numAffectedRows ?? 0)
}

export async function capCallers(
  db: Kysely<Schema>,
  keys: readonly string[],
  keep: number,
  now: Date,
): Promise<number> {
  const over = await tooMany(db, 'kw_callers', keys, keep)
  if (over.length === 0) return 0
  await sql`
    delete from kw_callers where ("key", hour, version, route, address, user_agent) in (
      select "key", hour, version, route, address, user_agent from (
        select "key", hour, version, route, address, user_agent,
          row_number() over (partition by "key" order by hour desc, last_seen_at desc) as place
        from kw_callers where "key" in (${sql.join(over.map(({ key }) => key))})
      ) as placed where place > ${keep})
  `.execute(db)
  return drop(db, droppedOf(over, 'callers', keep, now))
}

export async function capRefusals(
  db: Kysely<Schema>,
  keys: readonly string[],
  keep: number,
  now: Date,
): Promise<number> {
  const over = await tooMany(db, 'kw_refusals', keys, keep)
  if (over.length === 0) return 0
  await sql`
    delete from kw_refusals where id in (
      select id from (
        select id, row_number() over (partition by "key" order by at desc, id desc) as place
        from kw_refusals where "key" in (${sql.join(over.map(({ key }) => key))})
      ) as placed where place > ${keep})
  `.execute(db)
  return drop(db, droppedOf(over, 'refusals', keep, now))
}

interface Crowd {
  key: string
  organization: string | null
  count: number
}

async function tooMany(
  db: Kysely<Schema>,
  table: 'kw_callers' | 'kw_refusals',
  keys: readonly string[],
  keep: number,
): Promise<Crowd[]> {
  const rows = await db
    .selectFrom(table)
    .select(({ fn }) => ['key', fn.max('organization').as('organization'), fn.countAll<number | string>().as('count')])
    .where('key', 'in', keys)
    .groupBy('key')
    .having(({ fn }) => fn.countAll(), '>', keep)
    .execute()
  return rows.map(({ key, organization, count }) => ({ key, organization, count: Number(count) }))
}

/** How many these were. */
async function drop(db: Kysely<Schema>, rows: (Insertable<DroppedRow> & { count: number })[]): Promise<number> {
  await addDropped(db, rows)
  return rows.reduce((sum, { count }) => sum + count, 0)
}

function droppedOf(crowds: readonly Crowd[], kind: string, keep: number, now: Date) {
  const hour = hourOf(now.getTime())
  return crowds.map(({ key, organization, count }) => ({ key, organization, hour, kind, count: count - keep }))
}
