import { type Kysely, sql } from 'kysely'
import { caughtUp, emptyLedger, type Ledger, resetOf } from '../limits/ledger.ts'
import type { LedgerName, Ledgers } from '../limits/ledgers.ts'
import type { Schema } from './schema.ts'
import { databaseClock } from './sql-nodes.ts'

const prunedAtOnce = 2_000

/** @param clock instead of the database's own */
export function createSqlLimits({
  db,
  transaction,
  clock,
}: {
  db: Kysely<Schema>
  transaction: <T>(work: (db: Kysely<Schema>) => Promise<T>) => Promise<T>
  clock?: () => number
}): Ledgers {
  return {
    change: (names, work) =>
      transaction(async (open) => {
        // No statement writes a row twice.
        const distinct = new Map(names.map((one) => [one.name, one])).values()
        const sorted = [...distinct].sort((a, b) => (a.name < b.name ? -1 : 1))
        const { ledgers, now } = await lock(open, sorted, clock)
        const result = work(ledgers, now)
        await write(open, sorted, ledgers, now)
        return result
      }),
    async prune() {
      const now = clock ? sql<number>`${clock()}` : databaseClock
      for (let pruned = prunedAtOnce; pruned >= prunedAtOnce; ) {
        // One that is being charged is neither waited for nor, once it is charged, taken for the one that was found.
        const { numAffectedRows } = await sql`delete from kw_limits where free_at <= ${now} and name in
          (select name from kw_limits where free_at <= ${now} limit ${prunedAtOnce} for update skip locked)`.execute(db)
        pruned = Number(numAffectedRows)
      }
    },
  }
}

/** Makes those that are not there, and locks all, in an order that is the same for everyone. */
async function lock(db: Kysely<Schema>, names: readonly LedgerName[], clock?: () => number) {
  const rows = await db
    .insertInto('kw_limits')
    .values(names.map(({ name, limit }) => ({ name, ledger: JSON.stringify(emptyLedger(limit)), free_at: 0 })))
    .onConflict((conflict) => conflict.column('name').doUpdateSet((eb) => ({ name: eb.ref('excluded.name') })))
    .returning(['name', 'ledger', databaseClock.as('now')])
    .execute()
  // Of a clock that is read before a row is waited for, the last reading is the one after all waiting.
  const now = clock ? clock() : Math.max(...rows.map((row) => Number(row.now)))
  const held = new Map(rows.map(({ name, ledger }) => [name, JSON.parse(ledger) as Ledger]))
  const ledgers = new Map(
    names.map(({ name, limit }) => [name, caughtUp(held.get(name) ?? emptyLedger(limit), limit, now)]),
  )
  return { ledgers, now }
}

async function write(db: Kysely<Schema>, names: readonly LedgerName[], ledgers: Map<string, Ledger>, now: number) {
  const values = names.map(({ name, limit }) => {
    const ledger = ledgers.get(name) ?? emptyLedger(limit)
    return { name, ledger: JSON.stringify(ledger), free_at: resetOf(ledger, limit, now) }
  })
  await db
    .insertInto('kw_limits')
    .values(values)
    .onConflict((conflict) =>
      conflict
        .column('name')
        .doUpdateSet((eb) => ({ ledger: eb.ref('excluded.ledger'), free_at: eb.ref('excluded.free_at') })),
    )
    .execute()
}
