import { setTimeout } from 'node:timers/promises'
import { newId } from '@keywright/core'
import type { Kysely, Selectable } from 'kysely'
import { type CallStore, type Claim, callsKeptMs, callsRunMs, type NewCall } from '../control/calls.ts'
import type { CallRow, Schema } from './schema.ts'

const tryAgainEveryMs = 1_000

/**
 * Calls with an `Idempotency-Key`. Every step is one statement that says what it expects to find, so that of two
 * claimants one gets the call without a transaction around it.
 */
export function createSqlCalls({
  db,
  run,
  isOnlyProcess,
}: {
  db: Kysely<Schema>
  /** Runs a step where it is part of nobody's transaction. */
  run: <T>(step: () => Promise<T>) => Promise<T>
  /** Whoever else holds a call is gone. */
  isOnlyProcess: boolean
}): CallStore {
  const self = newId('node')

  function isLost({ holder, claimed_at }: Selectable<CallRow>, now: Date): boolean {
    return (isOnlyProcess && holder !== self) || Number(claimed_at) <= now.getTime() - callsRunMs
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

  async function forget(id: string): Promise<void> {
    await db.deleteFrom('kw_calls').where('id', '=', id).where('holder', '=', self).execute()
  }

  async function insert({ id, caller, route, key, fingerprint, since, now }: NewCall): Promise<boolean> {
    const times = { created_at: now.getTime(), claimed_at: now.getTime() }
    const { numInsertedOrUpdatedRows } = await db
      .insertInto('kw_calls')
      .values({ id, caller, route, name: key, fingerprint, since, ...times, holder: self, target: null, version: null })
      .onConflict((conflict) => conflict.columns(['caller', 'route', 'name']).doNothing())
      .executeTakeFirstOrThrow()
    return numInsertedOrUpdatedRows === 1n
  }

  /** Whether the call was still as it had been read. */
  async function take({ id, holder, claimed_at }: Selectable<CallRow>, now: Date): Promise<boolean> {
    const { numUpdatedRows } = await db
      .updateTable('kw_calls')
      .set({ holder: self, claimed_at: now.getTime() })
      .where('id', '=', id)
      .where('holder', holder === null ? 'is' : '=', holder)
      .where('claimed_at', '=', Number(claimed_at))
      .executeTakeFirstOrThrow()
    return numUpdatedRows === 1n
  }

  return {
    claim: (call) =>
      run(async (): Promise<Claim> => {
        const { caller, route, key, fingerprint, now } = call
        await db
          .deleteFrom('kw_calls')
          .where('created_at', '<=', now.getTime() - callsKeptMs)
          .execute()
        if (await insert(call)) return { state: 'new' }
        const known = await db
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
        if (!isDone && !isLost(known, now)) return { state: 'running' }
        if (!(await take(known, now))) return { state: 'running' }
        const { id, since, target, version } = known
        const earlier = { id, since: Number(since), target, version: version === null ? null : Number(version) }
        return { state: isDone ? 'done' : 'abandoned', call: earlier }
      }).catch((error: unknown) => {
        // It may have been claimed all the same, by a call that will not be carried out.
        void lastly(() => forget(call.id))
        throw error
      }),
    finish: (id, { target, version }) =>
      orLastly(async () => {
        const done = { holder: null, target, version }
        await db.updateTable('kw_calls').set(done).where('id', '=', id).where('holder', '=', self).execute()
      }),
    release: (id) => orLastly(() => forget(id)),
  }
}
