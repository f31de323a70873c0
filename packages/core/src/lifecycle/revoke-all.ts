import { setImmediate } from 'node:timers/promises'
import type { Actor } from '../audit/event.ts'
import type { KeyRecord } from '../key/record.ts'
import type { Transaction, UnrevokedFilter } from '../store/store.ts'
import type { Lifecycle } from './lifecycle.ts'
import { revoked } from './revoke.ts'

type Reads = Pick<Transaction, 'keys'>

/** How many are ended in one transaction, while nobody else can change anything. */
const mostPerTransaction = 1_000
/** How many are written with one statement, before whoever else has something to do gets a turn. */
const keysAtOnce = 100

/**
 * Revokes as many as it takes to leave so few that one more transaction can take them along, and answers how many these
 * were in each organization. Each of its transactions is whole in itself: where it is broken off, so many keys have ended
 * as the audit says, and it can be asked for again. `check` comes first in each.
 */
export async function revokeAhead(
  { store, now }: Lifecycle,
  actor: Actor,
  all: readonly UnrevokedFilter[],
  reason: string,
  check: (transaction: Transaction) => Promise<unknown>,
): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  while ((await someUnrevoked(store, all)).areMore) {
    const { result } = await store.transact(async (transaction) => {
      await check(transaction)
      const { keys } = await someUnrevoked(transaction, all)
      await revokeThese(transaction, actor, keys, now(), reason)
      return keys
    })
    for (const { organization } of result) counts.set(organization, (counts.get(organization) ?? 0) + 1)
  }
  return counts
}

/** One event each. @returns how many these were */
export async function revokeAllIn(
  transaction: Transaction,
  { now }: Lifecycle,
  actor: Actor,
  of: UnrevokedFilter,
  reason: string,
): Promise<number> {
  const at = now()
  let count = 0
  for (let areMore = true; areMore; ) {
    const some = await someUnrevoked(transaction, [of])
    await revokeThese(transaction, actor, some.keys, at, reason)
    count += some.keys.length
    areMore = some.areMore
  }
  return count
}

async function someUnrevoked(reads: Reads, all: readonly UnrevokedFilter[]) {
  const keys: KeyRecord[] = []
  for (const of of all) {
    const limit = mostPerTransaction - keys.length
    if (limit === 0) return { keys, areMore: true }
    const { items, next } = await reads.keys({ ...of, isRevoked: false, limit })
    keys.push(...items)
    if (next !== null) return { keys, areMore: true }
  }
  return { keys, areMore: false }
}

async function revokeThese(
  transaction: Transaction,
  actor: Actor,
  keys: readonly KeyRecord[],
  at: Date,
  reason: string,
): Promise<void> {
  for (let from = 0; from < keys.length; from += keysAtOnce) {
    if (from > 0) await setImmediate()
    const some = keys.slice(from, from + keysAtOnce)
    await Promise.all(some.map((key) => transaction.putKey(revoked(key, at, reason))))
    for (const { organization, id, name } of some) {
      transaction.record({ action: 'key.revoked', organization, target: id, actor, at, details: { name, reason } })
    }
  }
}
