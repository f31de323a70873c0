import { newId } from '@keywright/core'
import type { Kysely, Selectable } from 'kysely'
import { type CallStore, callsKeptMs, callsRunMs, type NewCall } from '../control/calls.ts'
import type { CallRow, Schema } from './schema.ts'

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
      run(async () => {
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
      }),
    finish: (id, { target, version }) =>
      run(async () => {
        await db.updateTable('kw_calls').set({ holder: null, target, version }).where('id', '=', id).execute()
      }),
    release: (id) =>
      run(async () => {
        await db.deleteFrom('kw_calls').where('id', '=', id).execute()
      }),
  }
}
