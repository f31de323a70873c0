import type { Actor } from '../audit/event.ts'
import type { KeyRecord } from '../key/record.ts'
import { type Changed, existingKey, type Lifecycle, LifecycleError, refuseRevoked } from './lifecycle.ts'
import { checkTerms, type Reach, type Terms } from './terms.ts'

/**
 * Changes what was agreed about a key; members left out stay as they are. `reach` as with `issue`.
 * @throws LifecycleError
 */
export async function update(
  { store, contract, now }: Lifecycle,
  actor: Actor,
  id: string,
  terms: Terms,
  reach: Reach | null = null,
): Promise<Changed> {
  const { result, changes } = await store.transact(async (transaction) => {
    const before = await existingKey(transaction, id)
    refuseRevoked(before)
    const organization = await transaction.organization(before.organization)
    if (!organization) throw new LifecycleError('not_found', `There is no key ${id}.`)
    const at = now()
    checkTerms(terms, contract, organization, at, reach)
    const changed = Object.entries(terms).filter(([name, value]) => differs(before[name as keyof Terms], value))
    if (changed.length === 0) return before
    const key: KeyRecord = { ...before, ...Object.fromEntries(changed) }
    await transaction.putKey(key)
    const details = {
      changed: Object.fromEntries(changed.map(([name, to]) => [name, { from: before[name as keyof Terms], to }])),
    }
    transaction.record({
      action: 'key.updated',
      organization: key.organization,
      target: id,
      actor,
      at,
      details: plain(details),
    })
    return key
  })
  return { key: result, change: changes[0] ?? null }
}

function differs(before: unknown, after: unknown): boolean {
  return after !== undefined && JSON.stringify(before) !== JSON.stringify(after)
}

/** As JSON holds it: dates as RFC 3339. */
function plain(details: Record<string, unknown>): Record<string, unknown> {
  return JSON.parse(JSON.stringify(details)) as Record<string, unknown>
}
