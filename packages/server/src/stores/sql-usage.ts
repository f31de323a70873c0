import type { MonthlyUse } from '@keywright/core'
import type { Kysely } from 'kysely'
import type { UsageBatch, UsageStore } from '../usage/usage-store.ts'
import { text } from './codec.ts'
import type { Schema } from './schema.ts'
import { listKeysByUse } from './sql-keys-by-use.ts'
import { capCallers, capRefusals, pruneBefore } from './sql-usage-bounds.ts'
import { readMonth, usageReadsOf } from './sql-usage-reads.ts'
import { callerRow, droppedRow, refusalRow, usageRow } from './sql-usage-rows.ts'
import { addCallers, addCounts, addDropped, addRefusals, inOrder, keepLastUses, slices } from './sql-usage-upserts.ts'

/**
 * Rows are written in the order of their primary keys, so that two nodes that write about the same keys wait for each
 * other and never both.
 */
export function createSqlUsage({
  reader,
  verification,
  transaction,
}: {
  reader: Kysely<Schema>
  /** The same for what a verification has to know, which waits for nobody who manages keys. */
  verification: Kysely<Schema>
  transaction: <T>(work: (db: Kysely<Schema>) => Promise<T>) => Promise<T>
}): UsageStore {
  return {
    ...usageReadsOf(reader),
    month: (organization, month) => readMonth(verification, organization, month),
    keysByUse: (filter) => listKeysByUse(reader, filter),
    write: (batch) => transaction((db) => write(db, batch)),
    addMonths: (uses) => transaction((db) => addMonths(db, uses)),
    prune: (kind, before, limit) => transaction((db) => pruneBefore(db, kind, before, limit)),
    async cap(kind, keys, keep, now) {
      if (keys.length === 0) return 0
      const names = keys.map((key) => key ?? '')
      return transaction((db) => (kind === 'callers' ? capCallers : capRefusals)(db, names, keep, now))
    },
  }
}

async function write(db: Kysely<Schema>, batch: UsageBatch): Promise<void> {
  const { isThere, keys } = await existing(db, batch)
  await addCounts(db, batch.counts.filter(isThere).map(usageRow))
  await addCallers(db, batch.callers.filter(isThere).map(callerRow))
  await addRefusals(db, batch.refusals.filter(isThere).map(refusalRow))
  await addDropped(db, batch.dropped.filter(isThere).map(droppedRow))
  await keepLastUses(db, batch.lastUses, keys)
}

/** What was deleted meanwhile is not written about. */
async function existing(db: Kysely<Schema>, batch: UsageBatch) {
  const all = [...batch.counts, ...batch.callers, ...batch.refusals, ...batch.dropped]
  const organizations = new Set<string>()
  /** As the column has it. */
  const keys = new Map<string, string>()
  for (const names of slices([...new Set(all.flatMap(({ organization }) => organization ?? []))])) {
    const found = db.selectFrom('kw_organizations').select('id').where('id', 'in', names.map(text.encode))
    for (const { id } of await found.execute()) organizations.add(text.decode(id))
  }
  const named = [...batch.lastUses, ...all].flatMap(({ key }) => key ?? [])
  for (const names of slices([...new Set(named)])) {
    const found = db.selectFrom('kw_keys').select(['id', 'organization']).where('id', 'in', names.map(text.encode))
    for (const { id, organization } of await found.execute()) keys.set(text.decode(id), organization)
  }
  const hasKey = ({ key }: { key: string | null }) => key === null || keys.has(key)
  return {
    keys,
    isThere: (line: { key: string | null; organization: string | null }) =>
      hasKey(line) && (line.organization === null || organizations.has(line.organization)),
  }
}

async function addMonths(db: Kysely<Schema>, uses: readonly MonthlyUse[]): Promise<MonthlyUse[]> {
  const totals: MonthlyUse[] = []
  for (const names of slices([...new Set(uses.map(({ organization }) => organization))])) {
    const found = db.selectFrom('kw_organizations').select('id').where('id', 'in', names.map(text.encode))
    const there = new Set((await found.execute()).map(({ id }) => text.decode(id)))
    const rows = uses
      .filter(({ organization }) => names.includes(organization) && there.has(organization))
      .map(({ organization, month, used }) => ({ organization: text.encode(organization), month, used }))
    for (const values of slices(inOrder(rows, ['organization', 'month']))) {
      const sums = await db
        .insertInto('kw_months')
        .values(values)
        .onConflict((conflict) =>
          conflict
            .columns(['organization', 'month'])
            .doUpdateSet((eb) => ({ used: eb('kw_months.used', '+', eb.ref('excluded.used')) })),
        )
        .returning(['organization', 'month', 'used'])
        .execute()
      for (const { organization, month, used } of sums) {
        totals.push({ organization: text.decode(organization), month, used: Number(used) })
      }
    }
  }
  return totals
}
