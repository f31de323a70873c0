import type { Kysely } from 'kysely'
import type { KnownFollowers } from '../feed/nodes.ts'
import type { Schema } from './schema.ts'

/** Those who follow the only process of a database, where the next one finds them. */
export function createSqlFollowers({
  reader,
  transaction,
}: {
  reader: Kysely<Schema>
  transaction: <T>(work: (db: Kysely<Schema>) => Promise<T>) => Promise<T>
}): KnownFollowers {
  return {
    async all() {
      const rows = await reader.selectFrom('kw_nodes').select(['id', 'max_staleness_ms']).execute()
      return rows.map(({ id, max_staleness_ms }) => ({ node: id, maxStalenessMs: Number(max_staleness_ms) }))
    },

    keep: ({ node, maxStalenessMs }) =>
      transaction(async (db) => {
        // When it was heard, and what it has applied, is in memory alone: each poll would be a write.
        const row = { max_staleness_ms: maxStalenessMs, applied: 0, heard_at: 0 }
        await db
          .insertInto('kw_nodes')
          .values({ id: node, ...row })
          .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
          .execute()
      }),

    forget: (nodes) =>
      transaction(async (db) => {
        for (const node of nodes) await db.deleteFrom('kw_nodes').where('id', '=', node).execute()
      }),
  }
}
