import type { Contract, Route } from '../contract/contract.ts'
import type { DenialReason } from '../contract/refusal.ts'
import type { RouteMatch } from '../contract/route.ts'
import { isSlug } from '../key/namespace.ts'
import { grants } from '../key/permission.ts'
import type { Counters, Meter, Quota } from '../limit/counters.ts'
import type { KeyCache } from './key-cache.ts'
import { type Allowed, type Attempt, type Denied, denied, type Outcome, type Principal } from './outcome.ts'
import type { Grant, WarmKey } from './warm-key.ts'

/** What a route asks of a key, and the key does not have. */
interface Obstacle {
  reason: DenialReason
  about: string | null
}

export interface Judge {
  /** Everything behind the look-up. −1 is a key that does not exist. */
  key(entry: number, attempt: Attempt, match: RouteMatch | null, nowMs: number): Outcome | Promise<Outcome>
  /** The key's state alone. */
  state(entry: number, nowMs: number): Outcome
  anonymous(route: Route, attempt: Attempt, nowMs: number): Outcome | Promise<Outcome>
}

/**
 * State, then reach, then quota: nothing about a key is told before its secret has matched, and what is denied for any
 * other reason spends nothing.
 */
export function createJudge(contract: Contract, cache: KeyCache, counters: Counters): Judge {
  function standing(entry: number, key: WarmKey, nowMs: number): DenialReason | null {
    return cache.refusedAt(entry, nowMs) ?? key.account.refused
  }

  function allow(entry: number, key: WarmKey, limits: Quota['states']): Allowed {
    return { allowed: true, principal: principalOf(key), limits, retiresAt: cache.retiresAt(entry) }
  }

  function settle(entry: number, key: WarmKey, meters: readonly Meter[], quota: Quota): Outcome {
    if (quota.taken) return allow(entry, key, quota.states)
    return overLimit(quota, meters, principalOf(key))
  }

  /** A denial of a key that is known: the caller is told what is left of its limits, and charged nothing. */
  function obstruct(key: WarmKey, { reason, about }: Obstacle, nowMs: number): Denied | Promise<Denied> {
    const denial = (limits: Quota['states']): Denied => ({
      allowed: false,
      reason,
      principal: principalOf(key),
      limits,
      retryAfterMs: 0,
      about,
      limit: null,
    })
    if (key.meters.length === 0) return denial([])
    const states = counters.peek(key.meters, nowMs)
    return states instanceof Promise ? states.then(denial) : denial(states)
  }

  return {
    key(entry, attempt, match, nowMs) {
      if (entry < 0) return denied('unknown_key')
      const key = cache.key(entry)
      const refused = standing(entry, key, nowMs)
      if (refused !== null) return { ...denied(refused), principal: principalOf(key) }
      const obstacle = obstacleTo(contract, key.grant, attempt, match)
      if (obstacle !== null) return obstruct(key, obstacle, nowMs)
      const meters =
        key.grant.perAddress.length === 0
          ? key.meters
          : [...key.meters, ...addressMeters(key.grant.perAddress, attempt)]
      if (meters.length === 0) return allow(entry, key, [])
      const quota = counters.take(meters, attempt.cost ?? 1, nowMs)
      if (quota instanceof Promise) return quota.then((taken) => settle(entry, key, meters, taken))
      return settle(entry, key, meters, quota)
    },
    state(entry, nowMs) {
      if (entry < 0) return denied('unknown_key')
      const key = cache.key(entry)
      const refused = standing(entry, key, nowMs)
      return refused === null ? allow(entry, key, []) : { ...denied(refused), principal: principalOf(key) }
    },
    anonymous(route, attempt, nowMs) {
      const meters = addressMeters(route.limits ?? [], attempt)
      if (meters.length === 0) return { allowed: true, principal: null, limits: [], retiresAt: null }
      const settleAnonymous = (quota: Quota): Outcome =>
        quota.taken
          ? { allowed: true, principal: null, limits: quota.states, retiresAt: null }
          : overLimit(quota, meters, null)
      const quota = counters.take(meters, attempt.cost ?? 1, nowMs)
      return quota instanceof Promise ? quota.then(settleAnonymous) : settleAnonymous(quota)
    },
  }
}

/** Organization and project are the key's own; what is left to check is where it may go, as what, and from where. */
function obstacleTo(contract: Contract, grant: Grant, attempt: Attempt, match: RouteMatch | null): Obstacle | null {
  const { permissions } = grant
  if (match !== null) {
    const { route } = match
    if (route === null) {
      if (contract.otherRoutes === 'not_found') return { reason: 'unknown_route', about: null }
      if (permissions !== null) return { reason: 'route_without_rule', about: null }
    }
    if (route?.kinds ? !route.kinds.includes(grant.kind) : grant.kind === 'publishable') {
      return { reason: 'kind_not_accepted', about: grant.kind }
    }
    if (match.namespaceExpected && match.namespace === null && attempt.namespace === undefined) {
      return { reason: 'namespace_missing', about: null }
    }
  }
  const outside =
    (match !== null && match.namespace !== null && outsideNamespace(grant, match.namespace)) ||
    (attempt.namespace !== undefined && outsideNamespace(grant, attempt.namespace))
  if (outside) return outside
  if (match !== null && match.permission !== null && !grants(permissions, match.permission)) {
    return { reason: 'permission_missing', about: match.permission }
  }
  for (const permission of attempt.permissions ?? []) {
    if (!grants(permissions, permission)) return { reason: 'permission_missing', about: permission }
  }
  if (grant.allowedIps !== null && (attempt.ip === undefined || !grant.allowedIps.has(attempt.ip))) {
    return { reason: 'address_not_allowed', about: attempt.ip ?? null }
  }
  return null
}

function outsideNamespace(grant: Grant, namespace: string): Obstacle | null {
  if (!isSlug(namespace)) return { reason: 'namespace_malformed', about: null }
  if (grant.namespaces === null || grant.namespaces.includes(namespace)) return null
  return { reason: 'namespace_not_permitted', about: namespace }
}

function addressMeters(limits: NonNullable<Route['limits']>, attempt: Attempt): Meter[] {
  // Those who hide their address share one.
  return limits.map((limit) => ({ limit, subject: attempt.ip ?? 'unknown', slot: -1 }))
}

function overLimit(quota: Quota, meters: readonly Meter[], principal: Principal | null): Denied {
  const { states, retryAfterMs, refusedBy } = quota
  const limit = states[refusedBy] ?? null
  const about = meters[refusedBy]?.limit.per ?? null
  return { allowed: false, reason: 'rate_limited', principal, limits: states, retryAfterMs, about, limit }
}

function principalOf({ id, version, account, project, user, grant }: WarmKey): Principal {
  return {
    key: id,
    version,
    organization: account.name,
    project,
    user,
    kind: grant.kind,
    environment: grant.environment,
    permissions: grant.permissions,
    namespaces: grant.namespaces,
  }
}
