import { covers, intersect, type KeyRecord, type Lifecycle, LifecycleError, permissionsOfRole } from '@keywright/core'
import type { Caller } from '../../access/caller.ts'

/**
 * Where keys are as good as their makers, whoever gets a key's secret can do what its maker may: nobody gets one that can
 * do more than themselves.
 * @throws LifecycleError `beyond_reach`
 */
export async function requireSecretReach(
  { organization, createdBy, permissions }: KeyRecord,
  { person, places }: Caller,
  { store, contract }: Lifecycle,
): Promise<void> {
  const role = places?.get(organization)
  if (!contract.permissions.byMakersRole || !person || !role || createdBy === person.id) return
  const maker = createdBy === null ? undefined : await store.member(organization, createdBy)
  const held = maker ? intersect(permissions, permissionsOfRole(contract, maker.role)) : permissions
  if (covers(permissionsOfRole(contract, role), held)) return
  throw new LifecycleError(
    'beyond_reach',
    'This key may do what its maker may, and you may not: ask them, or an owner.',
  )
}
