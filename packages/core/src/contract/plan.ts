import type { Limit } from '../key/record.ts'
import type { Contract } from './contract.ts'

/** An organization, as far as its plan. */
interface Agreed {
  plan: string | null
}

/** The organization's own, else its plan's; null: unlimited. */
export function monthlyQuotaOf(
  { plans }: Contract,
  { monthlyQuota, plan }: Agreed & { monthlyQuota: number | null },
): number | null {
  if (monthlyQuota !== null) return monthlyQuota
  return plan !== null && Object.hasOwn(plans, plan) ? (plans[plan]?.monthlyQuota ?? null) : null
}

/** What holds for a key that was given no limits of its own: the plan's, else the contract's. */
export function usualLimitsOf({ plans, limits }: Contract, { plan }: Agreed) {
  return plan !== null && Object.hasOwn(plans, plan) ? (plans[plan]?.limits ?? []) : limits
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
