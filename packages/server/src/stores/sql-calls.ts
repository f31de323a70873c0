import { setTimeout } from 'node:timers/promises'
import { newId } from '@keywright/core'
import { type Kysely, type RawBuilder, type Selectable, sql } from 'kysely'
import { type CallStore, type Claim, type Claimed, callsKeptMs, callsRunMs, type NewCall } from '../control/calls.ts'
import type { CallRow, Schema } from './schema.ts'
import { locking, sessionOf } from './session.ts'
import { deleteSomeOver } from './sql-over.ts'

const tryAgainEveryMs = 1_000

/**
 * Calls with an `Idempotency-Key`. Every step is one statement that says what it expects to find, so that of two
 * claimants one gets the call without a transaction around it.
 */
export function createSqlCalls({
  db,
  clock,
  run,
  node,
  isGone,
}: {
  db: Kysely<Schema>
  /** Of all who share the calls, in milliseconds; whoever claims tells the time where there is none. */
  clock?: RawBuilder<number>
  /** Runs a step where it is part of nobody's transaction. */
  run: <T>(step: () => Promise<T>) => Promise<T>
  /** Name of this process. */
  node: string
  /** Of another one; null: of a version that did not tell, nor asks whether it still holds the call before it commits. */
  isGone(node: string | null): Promise<boolean>
}): CallStore {
  async function isLost({ holder, claimed_at }: Selectable<CallRow>, now: Date): Promise<boolean> {
    if (Number(claimed_at) <= now.getTime() - callsRunMs) return true
    const other = nodeOf(holder)
    return other !== node && (await isGone(other))
  }

  /** What could not be said while the database was away is said once it is back: whoever repeats the call waits for it. */
  async function lastly(step: () => Promise<void>): Promise<void> {
    for (const until = performance.now() + callsRunMs; performance.now() < until; ) {
      await setTimeout(tryAgainEveryMs, undefined, { ref: false })
      const isSaid = await run(step).then(
        () => true,
        () => false,
      )
      if (isSaid) return
    }
  }

  async function orLastly(step: () => Promise<void>): Promise<void> {
    try {
      await run(step)
    } catch (error) {
      void lastly(step)
      throw error
    }
  }

  async function forget({ id, holder }: Claimed): Promise<void> {
    await db.deleteFrom('kw_calls').where('id', '=', id).where('holder', '=', holder).execute()
  }

  /** To whoever comes next. */
  async function leave({ id, holder }: Claimed): Promise<void> {
    await db.updateTable('kw_calls').set({ claimed_at: 0 }).where('id', '=', id).where('holder', '=', holder).execute()
  }

  async function insert(call: NewCall, holder: string, created_at: RawBuilder<number>): Promise<boolean> {
    const { id, caller, route, key, fingerprint, since, now } = call
    const times = { created_at, claimed_at: now.getTime() }
    const { numInsertedOrUpdatedRows } = await db
      .insertInto('kw_calls')
      .values({ id, caller, route, name: key, fingerprint, since, ...times, holder, target: null, version: null })
      .onConflict((conflict) => conflict.columns(['caller', 'route', 'name']).doNothing())
      .executeTakeFirstOrThrow()
    return numInsertedOrUpdatedRows === 1n
  }

  /** Whether there was one by the same key, too old to be known. */
  async function forgetOver({ caller, route, key }: NewCall, by: RawBuilder<number>): Promise<boolean> {
    const { numDeletedRows } = await db
      .deleteFrom('kw_calls')
      .where('caller', '=', caller)
      .where('route', '=', route)
      .where('name', '=', key)
      .where('created_at', '<=', by)
      .executeTakeFirstOrThrow()
    return numDeletedRows > 0n
  }

  /** Whether the call was still as it had been read. Waits for a transaction of the one before that is about to commit. */
  async function take(known: Selectable<CallRow>, holder: string, now: Date): Promise<boolean> {
    const { numUpdatedRows } = await db
      .updateTable('kw_calls')
      .set({ holder, claimed_at: now.getTime() })
      .where('id', '=', known.id)
      .where('holder', known.holder === null ? 'is' : '=', known.holder)
      .where('claimed_at', '=', Number(known.claimed_at))
      .executeTakeFirstOrThrow()
    return numUpdatedRows === 1n
  }

  async function claim(call: NewCall): Promise<Claim> {
    const { caller, route, key, fingerprint, now } = call
    const holder = holderOn(node)
    let known: Selectable<CallRow> | undefined
    const claiming = run(async (): Promise<Claim> => {
      const at = clock ?? sql<number>`${now.getTime()}`
      const by = sql<number>`${at} - ${callsKeptMs}`
      await deleteSomeOver(db, 'kw_calls', by, { isShared: clock !== undefined })
      const isNew =
        (await insert(call, holder, at)) || ((await forgetOver(call, by)) && (await insert(call, holder, at)))
      if (isNew) return { state: 'new', claimed: { id: call.id, holder } }
      known = await db
        .selectFrom('kw_calls')
        .selectAll()
        .where('caller', '=', caller)
        .where('route', '=', route)
        .where('name', '=', key)
        .executeTakeFirst()
      // It was released a moment ago, or somebody was quicker: either way the caller may come again.
      if (!known) return { state: 'running' }
      if (known.fingerprint !== fingerprint) return { state: 'mismatch' }
      const isDone = known.holder === null
      if (!isDone && !(await isLost(known, now))) return { state: 'running' }
      if (!(await take(known, holder, now))) return { state: 'running' }
      const { id, since, target, version } = known
      const earlier = { id, since: Number(since), target, version: version === null ? null : Number(version) }
      return { state: isDone ? 'done' : 'abandoned', claimed: { id, holder }, call: earlier }
    })
    return claiming.catch((error: unknown) => {
      // It may have been claimed all the same, by a call that will not be carried out.
      const claimed = { id: known?.id ?? call.id, holder }
      void lastly(() => (known ? leave(claimed) : forget(claimed)))
      throw error
    })
  }

  return {
    claim,
    async holds({ id, holder }, transaction) {
      const session = sessionOf(transaction)
      const query = session.db.selectFrom('kw_calls').select('id').where('id', '=', id).where('holder', '=', holder)
      return (await locking(session, query).executeTakeFirst()) !== undefined
    },
    finish: ({ id, holder }, { target, version }) =>
      orLastly(async () => {
        const done = { holder: null, target, version }
        await db.updateTable('kw_calls').set(done).where('id', '=', id).where('holder', '=', holder).execute()
      }),
    release: (claimed) => orLastly(() => forget(claimed)),
    abandon: (claimed) => orLastly(() => leave(claimed)),
  }
}

function holderOn(node: string): string {
  return `${node}/${newId('claim')}`
}

function nodeOf(holder: string | null): string | null {
  return /^(.+)\/claim_\w+$/.exec(holder ?? '')?.[1] ?? null
}
