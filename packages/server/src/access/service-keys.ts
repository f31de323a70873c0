import { hash } from 'node:crypto'
import type { Change, Digester, ServiceKeyRecord, ServicePermission, Store } from '@keywright/core'
import { isServiceKey } from './service-key-format.ts'

/** The machine that a service key stands for. */
export interface ServicePrincipal {
  /** `svc_…`, or `configured` for the one the process was started with. */
  id: string
  name: string
  permissions: readonly ServicePermission[]
  /** null: every organization of the instance. */
  organization: string | null
}

export interface ServiceKeys {
  /** null for what is no service key, unknown or revoked. Throws where the database cannot be reached. */
  authenticate(credential: string): ServicePrincipal | null | Promise<ServicePrincipal | null>
  /** Whether it is the one that the process was started with, which nothing but another start ends. */
  isConfigured(credential: string): boolean
  /** Follows the change log. Once it returns, nothing these changes took away is accepted any more. */
  apply(changes: readonly Change[]): void
  /** Forgets all that is known. */
  reset(): void
}

const configuredPrincipal: ServicePrincipal = {
  id: 'configured',
  name: 'KEYWRIGHT_SERVICE_KEY',
  permissions: ['*'],
  organization: null,
}

const cachedForMs = 5_000
const mostCached = 1_000

/** `configured` is compared in memory alone, and gone when a process starts without it. */
export function createServiceKeys({
  store,
  configured,
  digester,
}: {
  store: Pick<Store, 'serviceKey'>
  configured: string | null
  digester: Digester
}): ServiceKeys {
  const expected = configured === null ? null : hash('sha256', configured, 'binary')
  const cache = new Map<string, { principal: ServicePrincipal; until: number }>()
  let changesApplied = 0

  async function find(credential: string, cacheKey: string): Promise<ServicePrincipal | null> {
    const appliedBefore = changesApplied
    const record = await firstOf(digester.candidates(credential), (digest) => store.serviceKey(digest))
    if (!record || record.revokedAt) return null
    const { id, name, permissions, organization } = record
    const principal = { id, name, permissions, organization }
    // What was read before a revocation was applied must not be put back after it.
    if (appliedBefore === changesApplied && cache.size < mostCached) {
      cache.set(cacheKey, { principal, until: performance.now() + cachedForMs })
    }
    return principal
  }

  function reset(): void {
    changesApplied++
    cache.clear()
  }

  /** How far two digests agree says nothing of the credential. */
  function isConfigured(credential: string): boolean {
    return expected !== null && hash('sha256', credential, 'binary') === expected
  }

  return {
    isConfigured,
    authenticate(credential) {
      if (isConfigured(credential)) return configuredPrincipal
      if (!isServiceKey(credential)) return null
      const cacheKey = digester.digest(credential)
      const cached = cache.get(cacheKey)
      if (cached && performance.now() < cached.until) return cached.principal
      cache.delete(cacheKey)
      return find(credential, cacheKey)
    },
    apply(changes) {
      if (changes.some(({ action }) => action.startsWith('service_key.') || action === 'organization.deleted')) reset()
    },
    reset,
  }
}

async function firstOf(
  digests: readonly string[],
  find: (digest: string) => Promise<ServiceKeyRecord | undefined>,
): Promise<ServiceKeyRecord | undefined> {
  for (const digest of digests) {
    const record = await find(digest)
    if (record) return record
  }
  return undefined
}
