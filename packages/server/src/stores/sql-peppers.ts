import type { Kysely } from 'kysely'
import { missingPeppers, type PepperStore } from '../peppers/agreement.ts'
import type { Schema } from './schema.ts'
import { locking } from './session.ts'
import { lives, writeBeat } from './sql-nodes.ts'

export function createSqlPeppers({
  transaction,
  isOnlyProcess,
}: {
  transaction: <T>(work: (db: Kysely<Schema>) => Promise<T>) => Promise<T>
  /** No other node runs beside this one. */
  isOnlyProcess: boolean
}): PepperStore {
  async function running(db: Kysely<Schema>) {
    if (isOnlyProcess) return []
    const rows = await db
      .selectFrom('kw_nodes')
      .select(['id', 'peppers'])
      .where(lives)
      .where('peppers', 'is not', null)
      .execute()
    return rows.map(({ id, peppers }) => ({ node: id, fingerprints: peppers ? peppers.split(',') : [] }))
  }

  return {
    agree: (given, self) =>
      transaction(async (db) => {
        // Of nodes that start at once one goes first, and the next one finds what it has written. No change waits for it.
        const turn = db.selectFrom('kw_checkpoint').select('number')
        await locking({ db, locksRows: !isOnlyProcess }, turn).execute()
        const known = await db.selectFrom('kw_peppers').select(['id', 'fingerprint']).orderBy('id').execute()
        const missing = missingPeppers(given, { known, nodes: await running(db) })
        const [current] = given
        if (current) {
          const { id, fingerprint } = current
          const row = { id, fingerprint }
          await db
            .insertInto('kw_peppers')
            .values(row)
            .onConflict((conflict) => conflict.doNothing())
            .execute()
        }
        const peppers = given.map(({ fingerprint }) => fingerprint).join(',')
        if (!isOnlyProcess) await writeBeat(db, { ...self, applied: 0, peppers }).execute()
        return missing
      }),
  }
}
