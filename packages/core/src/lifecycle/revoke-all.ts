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
 * Where there are more than one transaction can take along, revokes all that are there, and answers how many these were in
 * each organization; what is made meanwhile is left to that last transaction. Each of its transactions is whole in itself:
 * where it is broken off, so many keys have ended as the audit says, and it can be asked for again. `check` comes first in
 * each.
 */
export async function revokeAhead(
  { store, now }: Lifecycle,
  actor: Actor,
  all: readonly UnrevokedFilter[],
  reason: string,
  check: (transaction: Transaction) => Promise<unknown>,
): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  const { next: areMore } = await someUnrevoked(store, all, start)
  for (let next = areMore && start; next; ) {
    const from = next
    const { result } = await store.transact(async (transaction) => {
      await check(transaction)
      const some = await someUnrevoked(transaction, all, from)
      await revokeThese(transaction, actor, some.keys, now(), reason)
      return some
    })
    for (const { organization } of result.keys) counts.set(organization, (counts.get(organization) ?? 0) + 1)
    next = result.next
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
  for (let from: Position | null = start; from; ) {
    const { keys, next }: Some = await someUnrevoked(transaction, [of], from)
    await revokeThese(transaction, actor, keys, at, reason)
    count += keys.length
    from = next
  }
  return count
}

/** In which of several lists, and behind which of its keys. */
interface Position {
  list: number
  after?: string
}

const start: Position = { list: 0 }

interface Some {
  keys: KeyRecord[]
  /** null: there are no more. */
  next: Position | null
}

/** From a position on: those before it are revoked by now, and are not to be passed over each time. */
async function someUnrevoked(reads: Reads, all: readonly UnrevokedFilter[], from: Position): Promise<Some> {
  const keys: KeyRecord[] = []
  let { list, ...page }: Position = from
  for (const of of all.slice(list)) {
    const limit = mostPerTransaction - keys.length
    if (limit === 0) return { keys, next: { list } }
    const { items, next } = await reads.keys({ ...of, ...page, isRevoked: false, limit })
    keys.push(...items)
    if (next !== null) return { keys, next: { list, after: next } }
    list++
    page = {}
  }
  return { keys, next: null }
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
