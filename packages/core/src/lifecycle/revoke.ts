import type { Actor } from '../audit/event.ts'
import { hideDigests } from '../key/hide-digests.ts'
import type { KeyRecord } from '../key/record.ts'
import type { Transaction } from '../store/store.ts'
import { type Changed, changeKey, changeKeyIn, type Lifecycle } from './lifecycle.ts'
import { digestsOf, invalid, isOneLine } from './terms.ts'

/** Ends a key and all its secrets, for good. Revoking a revoked key changes nothing. `reason`: at most 500 characters. */
export async function revoke(
  lifecycle: Lifecycle,
  actor: Actor,
  id: string,
  { reason }: { reason?: string } = {},
): Promise<Changed> {
  const { result, changes } = await lifecycle.store.transact((transaction) =>
    revokeIn(transaction, lifecycle, actor, id, reason ?? null),
  )
  return { key: result, change: changes[0] ?? null }
}

/** The same as part of a larger transaction. */
export async function revokeIn(
  transaction: Transaction,
  lifecycle: Lifecycle,
  actor: Actor,
  id: string,
  reason: string | null,
): Promise<KeyRecord> {
  if (reason !== null && reason.length > 500) throw invalid('reason', 'A reason has at most 500 characters.')
  if (reason !== null && !isOneLine(reason)) throw invalid('reason', 'A reason holds no control characters.')
  return changeKeyIn(transaction, lifecycle, actor, id, (key, at) =>
    key.revokedAt
      ? null
      : { key: revoked(key, at, reason), action: 'key.revoked', details: { name: key.name, reason } },
  )
}

/** Revokes where that is still to be done, and hides the key from every list. Its audit stays. */
export function remove(lifecycle: Lifecycle, actor: Actor, id: string): Promise<Changed> {
  return changeKey(lifecycle, actor, id, removed)
}

/** The same as part of a larger transaction. */
export function removeIn(transaction: Transaction, lifecycle: Lifecycle, actor: Actor, id: string): Promise<KeyRecord> {
  return changeKeyIn(transaction, lifecycle, actor, id, removed)
}

function removed(key: KeyRecord, at: Date) {
  return {
    key: { ...(key.revokedAt ? key : revoked(key, at, null)), deletedAt: at },
    action: 'key.deleted',
    details: { name: key.name },
  } as const
}

export function revoked(key: KeyRecord, at: Date, reason: string | null): KeyRecord {
  return { ...key, revokedAt: at, revokedReason: reason && hideDigests(reason, digestsOf(key.versions)) }
}
