import type { Insertable } from 'kysely'
import type { Decision } from '../usage/decision.ts'
import type { CallerCount, Dropped, UsageCount } from '../usage/usage-store.ts'
import { text } from './codec.ts'
import type { CallerRow, DroppedRow, RefusalRow, UsageRow } from './schema.ts'

export function usageRow({
  key,
  hour,
  version,
  verdict,
  route,
  organization,
  count,
}: UsageCount): Insertable<UsageRow> {
  return {
    ...about({ key, organization }),
    hour: hour.getTime(),
    version,
    outcome: verdict,
    route: text.encode(route),
    count,
  }
}

export function callerRow(caller: CallerCount): Insertable<CallerRow> {
  const { key, hour, version, route, address, userAgent, organization, allowed, refused } = caller
  return {
    key: text.encode(key),
    organization: text.encode(organization),
    hour: hour.getTime(),
    version,
    route: text.encode(route),
    address: text.encode(address),
    user_agent: text.encode(userAgent),
    allowed,
    refused,
    first_seen_at: caller.firstSeenAt.getTime(),
    last_seen_at: caller.lastSeenAt.getTime(),
  }
}

export function refusalRow(decision: Decision): Insertable<RefusalRow> {
  const { id, at, verdict, key, version, organization, project, user, route, method } = decision
  const { address, userAgent, requestId } = decision
  return {
    ...about({ key, organization }),
    id,
    at: at.getTime(),
    reason: verdict,
    version,
    project: encoded(project),
    user: encoded(user),
    route: text.encode(route),
    method: encoded(method),
    address: encoded(address),
    user_agent: encoded(userAgent),
    request_id: encoded(requestId),
  }
}

export function droppedRow({ key, organization, hour, kind, count }: Dropped): Insertable<DroppedRow> {
  return { ...about({ key, organization }), hour: hour.getTime(), kind, count }
}

function about({ key, organization }: { key: string | null; organization: string | null }) {
  return { key: text.encode(key ?? ''), organization: encoded(organization) }
}

function encoded(value: string | null): string | null {
  return value === null ? null : text.encode(value)
}
