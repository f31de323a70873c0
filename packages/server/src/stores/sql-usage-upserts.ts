import { type Insertable, type Kysely, sql } from 'kysely'
import type { LastUse } from '../usage/usage-store.ts'
import { text } from './codec.ts'
import type { CallerRow, DroppedRow, RefusalRow, Schema, UsageRow } from './schema.ts'

const rowsPerInsert = 200

export async function addCounts(db: Kysely<Schema>, rows: Insertable<UsageRow>[]): Promise<void> {
  for (const values of slices(inOrder(rows, ['key', 'hour', 'version', 'outcome', 'route']))) {
    await db
      .insertInto('kw_usage')
      .values(values)
      .onConflict((conflict) =>
        conflict
          .columns(['key', 'hour', 'version', 'outcome', 'route'])
          .doUpdateSet((eb) => ({ count: eb('kw_usage.count', '+', eb.ref('excluded.count')) })),
      )
      .execute()
  }
}

export async function addCallers(db: Kysely<Schema>, rows: Insertable<CallerRow>[]): Promise<void> {
  for (const values of slices(inOrder(rows, ['key', 'hour', 'version', 'route', 'address', 'user_agent']))) {
    await db
      .insertInto('kw_callers')
      .values(values)
      .onConflict((conflict) =>
        conflict.columns(['key', 'hour', 'version', 'route', 'address', 'user_agent']).doUpdateSet((eb) => ({
          allowed: eb('kw_callers.allowed', '+', eb.ref('excluded.allowed')),
          refused: eb('kw_callers.refused', '+', eb.ref('excluded.refused')),
          first_seen_at: sql`case when excluded.first_seen_at < kw_callers.first_seen_at
            then excluded.first_seen_at else kw_callers.first_seen_at end`,
          last_seen_at: sql`case when excluded.last_seen_at > kw_callers.last_seen_at
            then excluded.last_seen_at else kw_callers.last_seen_at end`,
        })),
      )
      .execute()
  }
}

export async function addRefusals(db: Kysely<Schema>, rows: Insertable<RefusalRow>[]): Promise<void> {
  for (const values of slices(rows)) {
    await db
      .insertInto('kw_refusals')
      .values(values)
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute()
  }
}

export async function addDropped(db: Kysely<Schema>, rows: Insertable<DroppedRow>[]): Promise<void> {
  for (const values of slices(inOrder(rows, ['key', 'hour', 'kind']))) {
    await db
      .insertInto('kw_dropped')
      .values(values)
      .onConflict((conflict) =>
        conflict
          .columns(['key', 'hour', 'kind'])
          .doUpdateSet((eb) => ({ count: eb('kw_dropped.count', '+', eb.ref('excluded.count')) })),
      )
      .execute()
  }
}

/** @param keys the organization of each key there is: the others are passed over */
export async function keepLastUses(
  db: Kysely<Schema>,
  uses: readonly LastUse[],
  keys: ReadonlyMap<string, string>,
): Promise<void> {
  const rows = uses.flatMap(({ key, version, at }) => {
    const organization = keys.get(key)
    return organization === undefined ? [] : [{ key: text.encode(key), version, used_at: at.getTime(), organization }]
  })
  for (const values of slices(inOrder(rows, ['key', 'version']))) {
    await db
      .insertInto('kw_last_used')
      .values(values)
      .onConflict((conflict) =>
        conflict
          .columns(['key', 'version'])
          .doUpdateSet((eb) => ({
            used_at: eb.ref('excluded.used_at'),
            organization: eb.ref('excluded.organization'),
          }))
          .whereRef('excluded.used_at', '>', 'kw_last_used.used_at'),
      )
      .execute()
  }
}

export function inOrder<Row extends object>(rows: Row[], columns: readonly (keyof Row)[]): Row[] {
  return rows.sort((a, b) => {
    for (const column of columns) {
      const [left, right] = [a[column] as string | number, b[column] as string | number]
      if (left !== right) return left < right ? -1 : 1
    }
    return 0
  })
}

/** Both databases limit how many values one statement binds. */
export function* slices<Item>(items: Item[]): Generator<Item[]> {
  for (let start = 0; start < items.length; start += rowsPerInsert) yield items.slice(start, start + rowsPerInsert)
}
