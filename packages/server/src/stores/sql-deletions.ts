import { setImmediate } from 'node:timers/promises'
import { type Kysely, sql } from 'kysely'
import { text } from './codec.ts'
import type { Schema } from './schema.ts'

/** Which of its rows there can be any number of, by their primary keys; keys take digests and last uses along. */
const manyOf = {
  organization: {
    kw_usage: ['key', 'hour', 'version', 'outcome', 'route'],
    kw_callers: ['key', 'hour', 'version', 'route', 'address', 'user_agent'],
    kw_refusals: ['id'],
    kw_dropped: ['key', 'hour', 'kind'],
    kw_keys: ['id'],
    kw_members: ['organization', 'user'],
  },
  project: { kw_keys: ['id'] },
} as const

const rowsAtOnce = 2_000

/**
 * Deletes what a cascade would, which is one statement for the database: of many rows it takes longer than any statement
 * may, and on SQLite nobody else is answered meanwhile.
 */
export async function deleteRowsOf(db: Kysely<Schema>, owner: keyof typeof manyOf, id: string): Promise<void> {
  for (const [table, key] of Object.entries<readonly string[]>(manyOf[owner])) {
    const columns = sql.join(key.map((column) => sql.ref(column)))
    for (let deleted = rowsAtOnce; deleted >= rowsAtOnce; ) {
      const { numAffectedRows } = await sql`delete from ${sql.table(table)} where (${columns}) in
        (select ${columns} from ${sql.table(table)} where ${sql.ref(owner)} = ${text.encode(id)} limit ${rowsAtOnce})
      `.execute(db)
      deleted = Number(numAffectedRows)
      await setImmediate()
    }
  }
}
