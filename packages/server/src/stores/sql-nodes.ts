import { type Kysely, sql } from 'kysely'
import { type Beat, leftForMs, type Nodes } from '../feed/nodes.ts'
import { integer } from './codec.ts'
import type { Schema } from './schema.ts'

/** The database's own clock, in milliseconds, as it is read and not when it was asked: the one clock that all nodes have in common. */
export const databaseClock = sql<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint`

/** By how much that clock may run ahead of a node's. */
const toleranceMs = 1_000
const heardWithinMs = 60_000

/** Its lease may still run. */
export const lives = sql<boolean>`heard_at + max_staleness_ms + ${toleranceMs} >= ${databaseClock}`

const silentForMs = 10_000

/** Nobody has to wait for it, whatever it was doing: its lease has run out, or it was not heard for so long. */
const isSilent = sql<boolean>`heard_at + least(max_staleness_ms, ${silentForMs}) + ${toleranceMs} < ${databaseClock}`

/** Instead of the staleness of one that has left: so much that neither of the two above waits for it, on older nodes too. */
const left = -toleranceMs - 1
const hasLeft = sql<boolean>`kw_nodes.max_staleness_ms < 0 and kw_nodes.heard_at + ${leftForMs} >= ${databaseClock}`

const keptMs = 60 * 60_000
const forgottenAfterMs = 24 * 60 * 60_000

/** In the place of what was heard of the node before, `unless` that is of a certain kind. */
export function writeBeat(
  db: Kysely<Schema>,
  { node, maxStalenessMs, applied, peppers = null }: Beat,
  unless = sql<boolean>`false`,
) {
  const row = { max_staleness_ms: maxStalenessMs, applied, heard_at: databaseClock, peppers }
  return db
    .insertInto('kw_nodes')
    .values({ id: node, ...row })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(row).where(sql<boolean>`not (${unless})`))
}

export function createSqlNodes(db: Kysely<Schema>): Nodes {
  /** Numbers that this process has told of already, by node. */
  const told = new Map<string, number>()

  return {
    async beat({ node, maxStalenessMs, applied, peppers }) {
      // One statement: what it answers is read after the beat was sent, and answered once the beat is safe.
      const pulse = await writeBeat(db, { node, maxStalenessMs, applied, peppers }, hasLeft)
        .returning((eb) => [
          eb.selectFrom('kw_head').select('number').$asScalar().as('number'),
          eb.selectFrom('kw_head').select('hash').$asScalar().as('hash'),
          eb
            .selectFrom('kw_nodes as other')
            .select((inner) => inner.fn.countAll().as('count'))
            .where('other.id', '<>', node)
            .where('other.id', 'not like', 'follower:%')
            .where('other.max_staleness_ms', '>=', 0)
            .where(sql<boolean>`other.heard_at + ${heardWithinMs} > ${databaseClock}`)
            .$asScalar()
            .as('others'),
        ])
        .executeTakeFirst()
      if (!pulse) return null
      const { number, hash, others } = pulse
      if (told.get(node) !== applied) {
        await db
          .insertInto('kw_applied')
          .values({ node, number: applied, at: databaseClock })
          .onConflict((conflict) => conflict.columns(['node', 'number']).doNothing())
          .execute()
        told.set(node, applied)
      }
      return { number: integer.decode(number), hash: String(hash), nodes: 1 + Number(others) }
    },

    async leave(node) {
      told.delete(node)
      await writeBeat(db, { node, maxStalenessMs: left, applied: 0 }).execute()
    },

    async appliedBy({ number: change }) {
      const rows = await db
        .selectFrom('kw_nodes')
        .select((eb) => [
          'id',
          'applied',
          'heard_at',
          lives.as('lives'),
          eb
            .selectFrom('kw_applied')
            .select((inner) => inner.fn.min('at').as('at'))
            .whereRef('node', '=', 'kw_nodes.id')
            .where('number', '>=', change)
            .as('applied_at'),
        ])
        .orderBy('id')
        .execute()
      const done = rows.filter(({ applied }) => integer.decode(applied) >= change)
      return {
        appliedBy: done.map(({ id, heard_at, applied_at }) => ({
          node: id,
          appliedAt: new Date(Number(applied_at ?? heard_at)),
        })),
        pending: rows.filter((row) => row.lives && !done.includes(row)).map(({ id }) => id),
      }
    },

    async prune() {
      told.clear()
      await sql`delete from kw_nodes where heard_at + max_staleness_ms + ${forgottenAfterMs} < ${databaseClock}`.execute(
        db,
      )
      await sql`delete from kw_applied as old where at + ${keptMs} < ${databaseClock} and exists
        (select from kw_applied as newer where newer.node = old.node and newer.number > old.number)`.execute(db)
    },
  }
}

/** Whether a node is gone, as far as others can tell. null: of a version that did not say which one it was, and cannot be known. */
export function createIsSilent(db: Kysely<Schema>): (node: string | null) => Promise<boolean> {
  return async (node) => {
    if (node === null) return false
    const known = await db
      .selectFrom('kw_nodes')
      .select(isSilent.as('silent'))
      .where('id', '=', node)
      .executeTakeFirst()
    return known?.silent ?? true
  }
}
