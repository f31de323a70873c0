import type { AgreedLimit, Contract, Key, Limit, Organization } from '@keywright/client'
import { spanInWords } from '../parts/time-words.ts'

type Rate = Pick<Limit, 'requests' | 'windowSeconds'> & { per?: AgreedLimit['per'] }

const number = new Intl.NumberFormat()

/** `100 requests in 1 minute`, and whose together where that is not the key's alone; `No limit` where there is none. */
export function limitsInWords(limits: readonly Rate[], { docs }: Pick<Contract, 'docs'>): string {
  const words = limits.map(({ requests, windowSeconds, per = 'key' }) => {
    const counted = `${number.format(requests)} requests in ${spanInWords(windowSeconds)}`
    return per === 'key' ? counted : `${counted} per ${per === 'organization' ? docs.organization : per}`
  })
  return words.join(', ') || 'No limit'
}

type Agreed = Pick<Organization, 'plan'>

/** The name of the plan that holds: the contract's first where there is none, or none that there still is. */
export function planHeld({ plans }: Contract, { plan }: Agreed): string | null {
  return plan !== null && Object.hasOwn(plans, plan) ? plan : (Object.keys(plans)[0] ?? null)
}

/** What holds for a key that has no limit of its own: those of the plan, or else the contract's. */
export function usualLimits(contract: Contract, organization: Agreed | undefined): AgreedLimit[] {
  return (planOf(contract, organization) ?? contract).limits
}

/** Requests in a month, as agreed with the organization or else by its plan; null: unlimited. */
export function monthlyQuota(
  contract: Contract,
  organization: Pick<Organization, 'plan' | 'monthlyQuota'> | undefined,
): number | null {
  return organization?.monthlyQuota ?? planOf(contract, organization)?.monthlyQuota ?? null
}

function planOf(contract: Contract, organization: Agreed | undefined) {
  const plan = organization && planHeld(contract, organization)
  return plan ? contract.plans[plan] : undefined
}

/** All that a key is held to. A usual limit says nothing more where its own are the same, or for it alone a narrower one. */
export function limitsHeldBy(
  { limits: own, limitsBeside }: Key,
  usual: readonly AgreedLimit[],
): readonly AgreedLimit[] {
  if (own === null) return usual
  if (!limitsBeside) return own
  const isKept = (limit: AgreedLimit) =>
    own.some((one) => keeps(one, limit) && (limit.per === 'key' || keeps(limit, one)))
  return [...own, ...usual.filter((limit) => !isKept(limit))]
}

function keeps(given: AgreedLimit, held: AgreedLimit): boolean {
  return (
    given.per === held.per &&
    given.requests <= held.requests &&
    given.windowSeconds >= held.windowSeconds &&
    (given.kind === held.kind || given.kind === 'window')
  )
}
