import type { Contract, Route } from '../contract/contract.ts'
import type { DenialReason } from '../contract/refusal.ts'
import { type RouteMatch, readingsOf } from '../contract/route.ts'
import { networkOf } from '../key/address.ts'
import { isSlug } from '../key/namespace.ts'
import { grants } from '../key/permission.ts'
import type { Limit } from '../key/record.ts'
import type { Counters, LimitState, Meter, Quota } from '../limit/counters.ts'
import { type MonthlyQuotas, type MonthMeter, monthOf } from '../limit/monthly-quotas.ts'
import type { KeyCache } from './key-cache.ts'
import { type Allowed, type Attempt, type Denied, denied, type Outcome, type Principal } from './outcome.ts'
import type { Profile } from './profile.ts'

/** What a route asks of a key, and the key does not have. */
interface Obstacle {
  reason: DenialReason
  about: string | null
}

export interface JudgeParts {
  contract: Contract
  cache: KeyCache
  counters: Counters
  quotas: MonthlyQuotas
  /** From the start, for an attempt that had to wait. */
  again: (attempt: Attempt) => Outcome | Promise<Outcome>
}

export interface Judge {
  /** Everything behind the look-up. −1 is a key that does not exist. */
  key(entry: number, attempt: Attempt, match: RouteMatch | null, nowMs: number): Outcome | Promise<Outcome>
  /** The key's state alone. */
  state(entry: number, nowMs: number): Outcome
  /** The same with what is left of the key's own limits; charges nothing. */
  peek(entry: number, nowMs: number): Outcome | Promise<Outcome>
  /** Without a key, on a route of each reading that asks for none. */
  anonymous(match: RouteMatch, attempt: Attempt, nowMs: number): Outcome | Promise<Outcome>
}

/**
 * State, then reach, then quota: nothing about a key is told before its secret has matched, and what is denied for any
 * other reason spends nothing.
 */
export function createJudge({ contract, cache, counters, quotas, again }: JudgeParts): Judge {
  /** Routes of one path have different methods, and each has limits of its own. */
  const namesOfRoutes = new Map(contract.routes.map((route) => [route, `${route.path} ${route.methods ?? ''}`]))

  /** By its state, or its organization's. */
  function refusal(entry: number, profile: Profile, nowMs: number): Denied | null {
    const reason = cache.refusedAt(entry, nowMs) ?? profile.account.refused
    return reason === null ? null : { ...denied(reason), principal: cache.principal(entry, profile) }
  }

  function allow(entry: number, profile: Profile, limits: readonly LimitState[]): Allowed {
    return { allowed: true, principal: cache.principal(entry, profile), limits, retiresAt: cache.retiresAt(entry) }
  }

  /** A denial of a key that is known: its caller is told what is left of its limits, and charged nothing. */
  function obstruct(
    entry: number,
    profile: Profile,
    { reason, about }: Obstacle,
    nowMs: number,
    retryAfterMs = 0,
  ): Denied | Promise<Denied> {
    const meters = cache.metersOf(entry, profile)
    const principal = cache.principal(entry, profile)
    const retiresAt = cache.retiresAt(entry)
    const denial = (limits: readonly LimitState[]): Denied => {
      return { ...denied(reason), principal, about, limits, retryAfterMs, retiresAt }
    }
    const states = meters.length === 0 ? [] : counters.peek(meters, nowMs)
    return states instanceof Promise ? states.then(denial) : denial(states)
  }

  async function afterwards(reading: Promise<void>, attempt: Attempt): Promise<Outcome> {
    await reading
    return again(attempt)
  }

  /**
   * The month's quota and all limits, or none of them. No closures here: what they capture would be allocated for every
   * request, though only those that wait need it.
   */
  function take(entry: number, profile: Profile, attempt: Attempt, nowMs: number): Outcome | Promise<Outcome> {
    const { perAddress, account } = profile
    const { month } = account
    const cost = costOf(attempt)
    const fits = quotas.take(month, cost, nowMs)
    if (fits instanceof Promise) return afterwards(fits, attempt)
    if (!fits) return obstruct(entry, profile, overQuota, nowMs, monthOf(new Date(nowMs)).endMs - nowMs)
    const own = cache.metersOf(entry, profile)
    const meters = perAddress.length === 0 ? own : [...own, ...addressMeters(perAddress, account.name, attempt)]
    if (meters.length === 0) return allow(entry, profile, [])
    let quota: Quota | Promise<Quota>
    try {
      quota = counters.take(meters, cost, nowMs)
    } catch (error) {
      quotas.giveBack(month, cost, nowMs)
      throw error
    }
    if (quota instanceof Promise) return settleLater(allow(entry, profile, []), quota, month, cost, nowMs)
    if (quota.taken) return allow(entry, profile, quota.states)
    quotas.giveBack(month, cost, nowMs)
    return overLimit(quota, cache.principal(entry, profile), cache.retiresAt(entry))
  }

  /** Once waited for, the entry may be another key's: `allowed` was taken down before. */
  async function settleLater(
    allowed: Allowed,
    pending: Promise<Quota>,
    month: MonthMeter,
    cost: number,
    nowMs: number,
  ): Promise<Outcome> {
    let taken = false
    try {
      const quota = await pending
      taken = quota.taken
      return taken ? { ...allowed, limits: quota.states } : overLimit(quota, allowed.principal, allowed.retiresAt)
    } finally {
      if (!taken) quotas.giveBack(month, cost, nowMs)
    }
  }

  return {
    key(entry, attempt, match, nowMs) {
      if (entry < 0) return denied('unknown_key')
      const profile = cache.profile(entry)
      const refused = refusal(entry, profile, nowMs)
      if (refused !== null) return refused
      const obstacle = obstacleTo(contract, profile, attempt, match)
      return obstacle === null ? take(entry, profile, attempt, nowMs) : obstruct(entry, profile, obstacle, nowMs)
    },
    state(entry, nowMs) {
      if (entry < 0) return denied('unknown_key')
      const profile = cache.profile(entry)
      return refusal(entry, profile, nowMs) ?? allow(entry, profile, [])
    },
    peek(entry, nowMs) {
      if (entry < 0) return denied('unknown_key')
      const profile = cache.profile(entry)
      const refused = refusal(entry, profile, nowMs)
      if (refused !== null) return refused
      const allowed = allow(entry, profile, [])
      const meters = cache.metersOf(entry, profile)
      if (meters.length === 0) return allowed
      const states = counters.peek(meters, nowMs)
      return states instanceof Promise
        ? states.then((limits) => ({ ...allowed, limits }))
        : { ...allowed, limits: states }
    },
    anonymous(match, attempt, nowMs) {
      const meters: Meter[] = []
      const counted: Route[] = []
      for (const { route } of readingsOf(match)) {
        if (!route?.limits || counted.includes(route)) continue
        counted.push(route)
        meters.push(...addressMeters(route.limits, namesOfRoutes.get(route) as string, attempt))
      }
      if (meters.length === 0) return anonymously([])
      const settle = (quota: Quota) => (quota.taken ? anonymously(quota.states) : overLimit(quota, null, null))
      const quota = counters.take(meters, costOf(attempt), nowMs)
      return quota instanceof Promise ? quota.then(settle) : settle(quota)
    },
  }
}

const overQuota: Obstacle = { reason: 'quota_exceeded', about: null }

function anonymously(limits: readonly LimitState[]): Allowed {
  return { allowed: true, principal: null, limits, retiresAt: null }
}

/** Organization and project are the key's own; what is left to check is where it may go, as what, and from where. */
function obstacleTo(contract: Contract, profile: Profile, attempt: Attempt, match: RouteMatch | null): Obstacle | null {
  const { permissions } = profile
  if (match !== null) {
    const { route } = match
    if (route === null) {
      if (contract.otherRoutes === 'not_found') return { reason: 'unknown_route', about: null }
      if (permissions !== null) return { reason: 'route_without_rule', about: null }
    }
    if (route?.kinds ? !route.kinds.includes(profile.kind) : profile.kind === 'publishable') {
      return { reason: 'kind_not_accepted', about: profile.kind }
    }
    if (match.namespaceExpected && match.namespace === null && attempt.namespace === undefined) {
      return { reason: 'namespace_missing', about: null }
    }
  }
  const outside =
    (match !== null && match.namespace !== null && outsideNamespace(profile, match.namespace)) ||
    (attempt.namespace !== undefined && outsideNamespace(profile, attempt.namespace))
  if (outside) return outside
  if (match !== null && match.permission !== null && !grants(permissions, match.permission)) {
    return { reason: 'permission_missing', about: match.permission }
  }
  for (const permission of attempt.permissions ?? []) {
    if (!grants(permissions, permission)) return { reason: 'permission_missing', about: permission }
  }
  if (profile.allowedIps !== null && (attempt.ip === undefined || !profile.allowedIps.has(attempt.ip))) {
    return { reason: 'address_not_allowed', about: attempt.ip ?? null }
  }
  return match?.otherReading ? obstacleTo(contract, profile, attempt, match.otherReading) : null
}

function outsideNamespace(profile: Profile, namespace: string): Obstacle | null {
  if (!isSlug(namespace)) return { reason: 'namespace_malformed', about: null }
  if (profile.namespaces === null || profile.namespaces.includes(namespace)) return null
  return { reason: 'namespace_not_permitted', about: namespace }
}

/**
 * Each organization, and each anonymous route, counts an address for itself: nobody behind a shared one is refused for
 * what strangers do elsewhere. Those who hide their address share one.
 */
function addressMeters(limits: readonly Limit[], countedBy: string, { ip }: Attempt): Meter[] {
  const network = (ip !== undefined && networkOf(ip)) || 'unknown'
  return limits.map((limit) => ({ limit, subject: `${countedBy} ${network}`, slot: -1 }))
}

/** Whatever counts would go wrong for good with a cost that is none. */
function costOf({ cost = 1 }: Attempt): number {
  if (!Number.isSafeInteger(cost) || cost < 0) throw new RangeError('A cost is a whole number, 0 or more.')
  return cost
}

function overLimit(
  { states, retryAfterMs, refusedBy }: Quota,
  principal: Principal | null,
  retiresAt: Date | null,
): Denied {
  const limit = states[refusedBy] ?? null
  return { ...denied('rate_limited'), principal, limits: states, retryAfterMs, retiresAt, limit }
}
