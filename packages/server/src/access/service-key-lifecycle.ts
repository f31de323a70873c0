import {
  type Actor,
  type Change,
  type Lifecycle,
  LifecycleError,
  newId,
  type ServiceKeyRecord,
  type ServicePermission,
} from '@keywright/core'
import { mintServiceKey } from './service-key-format.ts'

export interface NewServiceKey {
  name: string
  permissions: readonly ServicePermission[]
  /** null: every organization of the instance. */
  organization: string | null
}

export interface ChangedServiceKey {
  serviceKey: ServiceKeyRecord
  change: Change | null
}

/** @throws LifecycleError `not_found` where there is no such organization */
export async function issueServiceKey(
  { store, digester, now }: Lifecycle,
  actor: Actor,
  input: NewServiceKey,
): Promise<ChangedServiceKey & { credential: string }> {
  const { credential, hint } = mintServiceKey()
  const { result, changes } = await store.transact(async (transaction) => {
    const { name, permissions, organization } = input
    if (organization !== null && !(await transaction.organization(organization))) {
      throw new LifecycleError('not_found', `There is no organization '${organization}'.`, 'organization')
    }
    const at = now()
    const serviceKey: ServiceKeyRecord = {
      ...{ id: newId('svc', at.getTime()), name, permissions, organization },
      ...{ digest: digester.digest(credential), hint, createdAt: at, revokedAt: null },
    }
    await transaction.putServiceKey(serviceKey)
    const details = { name, hint, permissions }
    transaction.record({ action: 'service_key.created', organization, target: serviceKey.id, actor, at, details })
    return serviceKey
  })
  return { serviceKey: result, change: changes[0] ?? null, credential }
}

/** Another secret in place of one that may never have reached its holder, which ends at once. */
export async function reissueServiceKey(
  { store, digester, now }: Lifecycle,
  actor: Actor,
  id: string,
): Promise<ChangedServiceKey & { credential: string }> {
  const { credential, hint } = mintServiceKey()
  const { result, changes } = await store.transact(async (transaction) => {
    const before = await transaction.serviceKey(id)
    if (!before) throw new LifecycleError('not_found', `There is no service key ${id}.`)
    if (before.revokedAt) throw new LifecycleError('conflict', 'This service key is revoked, and that is final.')
    const serviceKey = { ...before, digest: digester.digest(credential), hint }
    await transaction.putServiceKey(serviceKey)
    const { name, organization, permissions } = before
    const details = { name, hint, permissions, replaces: before.hint }
    transaction.record({ action: 'service_key.created', organization, target: id, actor, at: now(), details })
    return serviceKey
  })
  return { serviceKey: result, change: changes[0] ?? null, credential }
}

/** For good. Revoking a revoked one changes nothing. */
export async function revokeServiceKey(
  { store, now }: Lifecycle,
  actor: Actor,
  id: string,
  reaches: (key: ServiceKeyRecord) => boolean,
): Promise<ChangedServiceKey> {
  const { result, changes } = await store.transact(async (transaction) => {
    const before = await transaction.serviceKey(id)
    if (!before || !reaches(before)) throw new LifecycleError('not_found', `There is no service key ${id}.`)
    if (before.revokedAt) return before
    const at = now()
    const serviceKey = { ...before, revokedAt: at }
    await transaction.putServiceKey(serviceKey)
    const { name, organization } = before
    transaction.record({ action: 'service_key.revoked', organization, target: id, actor, at, details: { name } })
    return serviceKey
  })
  return { serviceKey: result, change: changes[0] ?? null }
}
