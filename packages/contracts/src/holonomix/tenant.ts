import {
  isSlug,
  type KeyRecord,
  type Lifecycle,
  LifecycleError,
  type OrganizationRecord,
  usualLimitsOf,
} from '@keywright/core'
import { Refused } from '../routes/refused.ts'

/** What this wire calls an organization. */
export function checkTenantId(id: string): void {
  if (isSlug(id)) return
  throw new Refused(
    'invalid_request',
    'A tenant_id is 1 to 63 of a–z, 0–9, _ and -, and begins with a letter or digit.',
  )
}

/** The lifecycle speaks of organizations, this wire of tenants. */
export async function ofTenant<T>(id: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof LifecycleError)) throw error
    if (error.code === 'not_found') throw new Refused('not_found', `Tenant '${id}' not found`)
    if (error.code === 'conflict' && error.field === 'id') {
      throw new Refused('conflict', `Tenant '${id}' already exists`)
    }
    throw error
  }
}

/** The tenant's key, if it has one that is not revoked and has not expired. */
export async function keyOf({ store, now }: Lifecycle, organization: string): Promise<KeyRecord | undefined> {
  for (const state of ['active', 'suspended'] as const) {
    const { items } = await store.keys({ organization, state, now: now(), limit: 1 })
    const [key] = items
    if (key) return key
  }
  return undefined
}

/** The limit of the tenant's key; null where it has none. */
export function rateLimitOf(
  { contract }: Lifecycle,
  tenant: OrganizationRecord,
  key: KeyRecord | undefined,
): { requests: number; window_s: number } | null {
  const [limit] = key?.limits ?? usualLimitsOf(contract, tenant)
  return limit ? { requests: limit.requests, window_s: limit.windowSeconds } : null
}
