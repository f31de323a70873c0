import type { Limit } from '../key/record.ts'
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

/** What an organization may reach; the default where it was made before the contract had namespaces. null: not used. */
export function namespacesHeldBy(
  contract: Contract,
  { namespaces }: { namespaces: readonly string[] | null },
): readonly string[] | null {
  return namespaces ?? contract.namespaces?.default ?? null
}

/** Whether whoever keeps `given` keeps `held`: no more requests, in at least as long a time, of the same subject. */
export function keepsLimit(given: Limit, held: Limit): boolean {
  return (
    given.per === held.per &&
    given.requests <= held.requests &&
    given.windowSeconds >= held.windowSeconds &&
    // What a window lets through a bucket does, but not the other way about.
    (given.kind === held.kind || given.kind === 'window')
  )
}
