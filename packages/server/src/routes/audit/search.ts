import type { Change, Store, TriggeredBy } from '@keywright/core'

export interface AuditFilter {
  organization?: string | undefined
  /** Those of any of these alone. */
  within?: ReadonlySet<string> | undefined
  key?: string | undefined
  action?: string | undefined
  triggeredBy?: TriggeredBy | undefined
  /** Included. */
  since?: Date | undefined
  /** Not included. */
  until?: Date | undefined
}

const chunk = 500
const mostRead = 10_000

/**
 * Up to `limit` changes that match, and the number to go on from; null at the end. Reads a bounded stretch of the log
 * and may answer fewer than there are: what was read is never read again.
 */
export async function searchNewestFirst(store: Store, filter: AuditFilter, before: number | null, limit: number) {
  let end = before ?? (await store.head()).number + 1
  const found: Change[] = []
  for (let read = 0; end > 1 && read < mostRead; read += chunk) {
    const start = Math.max(0, end - 1 - chunk)
    const changes = await store.changes(start, end - 1 - start)
    for (const change of changes.reverse()) {
      if (matches(change, filter)) found.push(change)
      if (found.length === limit) return { changes: found, next: change.number > 1 ? change.number : null }
    }
    end = start + 1
  }
  return { changes: found, next: end > 1 ? end : null }
}

/** The same from the beginning of the log, or from behind the number `after`. */
export async function searchOldestFirst(store: Store, filter: AuditFilter, after: number | null, limit: number) {
  let last = after ?? 0
  const found: Change[] = []
  for (let read = 0; read < mostRead; read += chunk) {
    const changes = await store.changes(last, chunk)
    for (const change of changes) {
      last = change.number
      if (matches(change, filter)) found.push(change)
      if (found.length === limit) return { changes: found, next: last }
    }
    if (changes.length < chunk) return { changes: found, next: null }
  }
  return { changes: found, next: last }
}

function matches(change: Change, filter: AuditFilter): boolean {
  const { organization, within, key, action, triggeredBy, since, until } = filter
  return (
    (organization === undefined || change.organization === organization) &&
    (within === undefined || (change.organization !== null && within.has(change.organization))) &&
    (key === undefined || change.target === key) &&
    (action === undefined || change.action === action) &&
    (triggeredBy === undefined || change.actor.triggeredBy === triggeredBy) &&
    (since === undefined || change.at >= since) &&
    (until === undefined || change.at < until)
  )
}
