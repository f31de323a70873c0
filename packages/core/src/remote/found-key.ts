import type { FoundKey } from '../store/store.ts'

const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

/** What the server says of a key, with its times as `Date`; undefined where there is no such key, null for anything else. */
export function readFoundKey(answer: Readonly<Record<string, unknown>>): FoundKey | undefined | null {
  if (answer.found === null) return undefined
  const found = answer.found as FoundKey | undefined
  const { key, organization, maker, readAt, readHash } = found ?? {}
  const isSound =
    typeof key?.id === 'string' &&
    Array.isArray(key.versions) &&
    key.versions.every((version) => typeof version?.digest === 'string' && revive(version, ['retiresAt'])) &&
    revive(key, ['expiresAt', 'suspendedAt', 'revokedAt', 'deletedAt']) &&
    [key.permissions, key.namespaces, key.allowedIps, key.limits].every(isListOrNull) &&
    [key.project, key.createdBy].every(isTextOrNull) &&
    typeof key.kind === 'string' &&
    typeof key.environment === 'string' &&
    typeof key.limitsBeside === 'boolean' &&
    typeof organization?.id === 'string' &&
    typeof organization.state === 'string' &&
    isTextOrNull(organization.plan) &&
    isListOrNull(organization.namespaces) &&
    (organization.monthlyQuota === null || Number.isSafeInteger(organization.monthlyQuota)) &&
    (maker === null || typeof maker?.role === 'string') &&
    Number.isSafeInteger(readAt) &&
    typeof readHash === 'string'
  return isSound && found ? found : null
}

/** What confines a key is said, if only as null: left out, it would confine nothing. */
function isListOrNull(value: unknown): boolean {
  return value === null || Array.isArray(value)
}

function isTextOrNull(value: unknown): boolean {
  return value === null || typeof value === 'string'
}

/**
 * Makes a time of `createdAt`, and of the others but for null. False where one is none: `Invalid Date` is earlier than
 * nothing, so that such a key would never expire.
 */
function revive(record: object, others: readonly string[]): boolean {
  const members = record as Record<string, unknown>
  for (const name of ['createdAt', ...others]) {
    const value = members[name]
    if (value === null && name !== 'createdAt') continue
    const time = typeof value === 'string' && instant.test(value) ? new Date(value) : null
    if (time === null || Number.isNaN(time.getTime())) return false
    members[name] = time
  }
  return true
}
