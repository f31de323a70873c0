import type { Action, Actor, Change, ChangeEvent } from '../audit/event.ts'
import type { Contract } from '../contract/contract.ts'
import type { CredentialFormat } from '../key/credential.ts'
import type { Digester } from '../key/digest.ts'
import type { KeyRecord } from '../key/record.ts'
import type { OrganizationRecord } from '../store/records.ts'
import type { Store, Transaction } from '../store/store.ts'

/** What every verb needs. The store is the published one (`publish.ts`): what a verb resolves with is in force here. */
export interface Lifecycle {
  contract: Contract
  format: CredentialFormat
  digester: Digester
  store: Store
  now: () => Date
}

/** A change of a key, as its maker is answered. */
export interface Changed {
  key: KeyRecord
  /** Its number is the receipt. null where nothing had to change. */
  change: Change | null
}

/** The one moment at which the credential exists outside its holder's hands. */
export interface Issued extends Changed {
  change: Change
  credential: string
}

/**
 * A change the domain does not allow. `code` is stable: `not_found` and `conflict` are states of the world, `invalid`
 * and `beyond_reach` are what was asked for. `field` names the member at fault.
 */
export class LifecycleError extends Error {
  readonly code: 'not_found' | 'conflict' | 'invalid' | 'beyond_reach'
  readonly field: string | null
  constructor(code: LifecycleError['code'], message: string, field: string | null = null) {
    super(message)
    this.name = 'LifecycleError'
    this.code = code
    this.field = field
  }
}

type KeyChange = (
  key: KeyRecord,
  now: Date,
) => { key: KeyRecord; action: Action; details: ChangeEvent['details'] } | null

/** One change of one key: read under lock, judged, written and recorded together, or left as it is. */
export async function changeKey(lifecycle: Lifecycle, actor: Actor, id: string, change: KeyChange): Promise<Changed> {
  const { result, changes } = await lifecycle.store.transact((transaction) =>
    changeKeyIn(transaction, lifecycle, actor, id, change),
  )
  return { key: result, change: changes[0] ?? null }
}

/** The same as part of a larger transaction. */
export async function changeKeyIn(
  transaction: Transaction,
  { now }: Lifecycle,
  actor: Actor,
  id: string,
  change: KeyChange,
): Promise<KeyRecord> {
  const before = await existingKey(transaction, id)
  const at = now()
  const changed = change(before, at)
  if (!changed) return before
  const { key, action, details } = changed
  await transaction.putKey(key)
  transaction.record({ action, organization: key.organization, target: id, actor, at, details })
  return key
}

/** A deleted key is as if it had never been. */
export async function existingKey(transaction: Transaction, id: string): Promise<KeyRecord> {
  const key = await transaction.key(id)
  if (!key || key.deletedAt) throw new LifecycleError('not_found', `There is no key ${id}.`)
  return key
}

export function refuseRevoked(key: KeyRecord): void {
  if (key.revokedAt) {
    throw new LifecycleError('conflict', 'This key is revoked, and that is final. Create another key instead.')
  }
}

export async function existingOrganization(
  reads: Pick<Transaction, 'organization'>,
  id: string,
): Promise<OrganizationRecord> {
  const organization = await reads.organization(id)
  if (!organization) throw new LifecycleError('not_found', `There is no organization '${id}'.`, 'organization')
  return organization
}
