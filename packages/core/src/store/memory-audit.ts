import type { Change } from '../audit/event.ts'
import type { AuditFilter, AuditPage } from './store.ts'

export function auditPage(log: readonly Change[], { newestFirst, from, limit, ...filter }: AuditFilter): AuditPage {
  const found = log.filter((change) => matches(change, filter))
  const ordered = newestFirst ? found.reverse() : found
  const isBehind = ({ number }: Change) => from === undefined || (newestFirst ? number < from : number > from)
  const behind = ordered.filter(isBehind)
  const changes = behind.slice(0, limit)
  return { changes, next: behind.length > limit ? (changes.at(-1)?.number ?? null) : null }
}

function matches(
  { organization, target, actor, action, at }: Change,
  filter: Omit<AuditFilter, 'newestFirst' | 'from' | 'limit'>,
): boolean {
  return (
    (filter.organization === undefined || organization === filter.organization) &&
    (filter.target === undefined || target === filter.target) &&
    (filter.actor === undefined || actor.id === filter.actor) &&
    (filter.action === undefined || action === filter.action) &&
    (filter.triggeredBy === undefined || actor.triggeredBy === filter.triggeredBy) &&
    (filter.since === undefined || at >= filter.since) &&
    (filter.until === undefined || at < filter.until)
  )
}
