import type { Actor } from '../audit/event.ts'
import { DuplicateError } from '../store/store.ts'
import type { Lifecycle } from './lifecycle.ts'

/**
 * Deletes changes made before `before`, up to `limit` of them, the oldest first and never one with a younger one behind
 * it missing. What is deleted ends in a checkpoint, and that is a change itself: whoever has a later hash can tell that
 * the checkpoint was not moved. Answers how many were deleted.
 */
export async function pruneAudit(
  { store, now }: Pick<Lifecycle, 'store' | 'now'>,
  actor: Actor,
  { before, limit }: { before: Date; limit: number },
): Promise<number> {
  const start = await store.checkpoint()
  const oldest = await store.changes(start.number, limit)
  const at = now()
  // A clock was ahead where a time is still to come: it keeps nothing that is older than what came after it.
  const end = oldest.findIndex((change) => change.at >= before && change.at <= at)
  const last = oldest.slice(0, end < 0 ? oldest.length : end).findLast((change) => change.at < before)
  if (!last) return 0
  try {
    await store.transact(async (transaction) => {
      await transaction.pruneChanges(last.number)
      const details = { through: last.number, hash: last.hash }
      transaction.record({ action: 'audit.pruned', organization: null, target: 'audit', actor, at, details })
    })
  } catch (error) {
    // Another node was quicker.
    if (error instanceof DuplicateError) return 0
    throw error
  }
  return last.number - start.number
}
