import type { FoundKey } from '../store/store.ts'

const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

/** What the server says of a key, with its times as `Date`; undefined where there is no such key, null for anything else. */
export function readFoundKey(answer: Readonly<Record<string, unknown>>): FoundKey | undefined | null {
  if (answer.found === null) return undefined
  const found = revived(answer.found) as FoundKey
  const { key, organization, maker, readAt } = found ?? {}
  const isSound =
    typeof key?.id === 'string' &&
    Array.isArray(key.versions) &&
    key.versions.every(({ digest, createdAt }) => typeof digest === 'string' && createdAt instanceof Date) &&
    [key.expiresAt, key.suspendedAt, key.revokedAt].every((at) => at === null || at instanceof Date) &&
    typeof organization?.id === 'string' &&
    typeof organization.state === 'string' &&
    (maker === null || typeof maker?.role === 'string') &&
    Number.isSafeInteger(readAt)
  return isSound ? found : null
}

/** Only members named `…At` hold times. */
function revived(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revived)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      name.endsWith('At') && typeof member === 'string' && instant.test(member) ? new Date(member) : revived(member),
    ]),
  )
}
