import type { Kysely } from 'kysely'
import { missingPeppers, type PepperStore } from '../peppers/agreement.ts'
import type { Schema } from './schema.ts'
import { lives } from './sql-nodes.ts'

export function createSqlPeppers({
  db,
  run,
  isOnlyProcess,
}: {
  db: Kysely<Schema>
  /** Runs a step where it is part of nobody's transaction. */
  run: <T>(step: () => Promise<T>) => Promise<T>
  /** No other node runs beside this one. */
  isOnlyProcess: boolean
}): PepperStore {
  async function running() {
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
    agree: (given) =>
      run(async () => {
        const known = await db.selectFrom('kw_peppers').select(['id', 'fingerprint']).orderBy('id').execute()
        const missing = missingPeppers(given, { known, nodes: await running() })
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
        return missing
      }),
  }
}
