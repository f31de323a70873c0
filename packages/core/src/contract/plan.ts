import type { KeyRecord, Limit } from '../key/record.ts'
import type { Contract, Plan } from './contract.ts'

/** An organization, as far as its plan. */
interface Agreed {
  plan: string | null
}

/** The first where it has none that there still is: a contract whose plans change lifts nobody's limits. */
function planOf({ plans }: Contract, { plan }: Agreed): Plan | undefined {
  return plan !== null && Object.hasOwn(plans, plan) ? plans[plan] : Object.values(plans)[0]
}

/** The organization's own, else its plan's; null: unlimited. */
export function monthlyQuotaOf(
  contract: Contract,
  { monthlyQuota, plan }: Agreed & { monthlyQuota: number | null },
): number | null {
  if (monthlyQuota !== null) return monthlyQuota
  return planOf(contract, { plan })?.monthlyQuota ?? null
}

/** What holds for a key that was given no limits of its own: the plan's, else the contract's. */
export function usualLimitsOf(contract: Contract, agreed: Agreed): readonly Limit[] {
  return (planOf(contract, agreed) ?? contract).limits
}

/**
 * What a key is counted against. Limits of its own take the place of the usual ones, but for those that somebody gave it
 * who lives under the usual ones. Beside these, whatever is shared with other keys goes on counting: a narrower limit is
 * another one, of which nothing is spent yet, and would begin anew with each number that is written. And so does what
 * they no longer keep, since the plan has become a smaller one.
 */
export function limitsOf(
  contract: Contract,
  agreed: Agreed,
  { limits: own, limitsBeside }: Pick<KeyRecord, 'limits' | 'limitsBeside'>,
): readonly Limit[] {
  const usual = usualLimitsOf(contract, agreed)
  if (own === null) return usual
  if (!limitsBeside) return own
  const isKept = (limit: Limit) =>
    own.some((one) => keepsLimit(one, limit) && (limit.per === 'key' || keepsLimit(limit, one)))
  return [...own, ...usual.filter((limit) => !isKept(limit))]
}

/** The first of the held limits that no given one keeps. */
export function limitNotKept(given: readonly Limit[], held: readonly Limit[]): Limit | undefined {
  return held.find((limit) => !given.some((one) => keepsLimit(one, limit)))
}

/** What an organization may reach; the default where it was made before the contract had namespaces. null: not used. */
export function namespacesHeldBy(
  contract: Contract,
  { namespaces }: { namespaces: readonly string[] | null },
): readonly string[] | null {
  return namespaces ?? contract.namespaces?.default ?? null
}

/** Whether whoever keeps `given` keeps `held`: no more requests, in at least as long a time, of the same subject. */
function keepsLimit(given: Limit, held: Limit): boolean {
  return (
    given.per === held.per &&
    given.requests <= held.requests &&
    given.windowSeconds >= held.windowSeconds &&
    // What a window lets through a bucket does, but not the other way about.
    (given.kind === held.kind || given.kind === 'window')
  )
}
