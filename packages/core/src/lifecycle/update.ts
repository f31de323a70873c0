import type { Actor } from '../audit/event.ts'
import { type KeyRecord, stateAt } from '../key/record.ts'
import { refuseSecondKey } from './issue.ts'
import { type Changed, existingKey, type Lifecycle, LifecycleError, refuseRevoked } from './lifecycle.ts'
import {
  checkTerms,
  limitsBesideFor,
  type MakersReach,
  reachNow,
  refuseOwnDigest,
  type Terms,
  termNames,
} from './terms.ts'

/**
 * Changes what was agreed about a key; members left out stay as they are. `reach` as with `issue`.
 * @throws LifecycleError
 */
export async function update(
  { store, contract, now }: Lifecycle,
  actor: Actor,
  id: string,
  terms: Terms,
  reach: MakersReach = null,
): Promise<Changed> {
  const place = await store.key(id)
  const { result, changes } = await store.transact(async (transaction) => {
    // Before any key, as whoever ends all of its keys does: each would wait for the other.
    const organization = place && (await transaction.organization(place.organization))
    const before = await existingKey(transaction, id)
    refuseRevoked(before)
    if (!organization) throw new LifecycleError('not_found', `There is no key ${id}.`)
    const at = now()
    const held = await reachNow(transaction, reach)
    checkTerms(terms, contract, organization, at, held)
    const { limits } = terms
    const limitsBeside = limits === undefined ? before.limitsBeside : limitsBesideFor(limits, held)
    const changed = termNames.filter(
      (name) => differs(before[name], terms[name]) || (name === 'limits' && limitsBeside !== before.limitsBeside),
    )
    if (changed.length === 0) return before
    const after = Object.fromEntries(changed.map((name) => [name, terms[name]]))
    refuseOwnDigest(after, before.versions)
    const key: KeyRecord = { ...before, ...after, limitsBeside }
    const revives = stateAt(before, at) === 'expired' && stateAt(key, at) !== 'expired'
    if (revives && contract.oneKeyPerOrganization) await refuseSecondKey(transaction, organization.id, at)
    await transaction.putKey(key)
    const details = {
      changed: Object.fromEntries(changed.map((name) => [name, { from: before[name], to: terms[name] }])),
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
