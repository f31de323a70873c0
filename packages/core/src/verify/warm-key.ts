import type { Contract } from '../contract/contract.ts'
import type { DenialReason } from '../contract/refusal.ts'
import type { AddressRanges } from '../key/address.ts'
import type { KeyRecord, Limit, SecretVersion } from '../key/record.ts'
import type { Meter } from '../limit/counters.ts'
import type { OrganizationRecord } from '../store/records.ts'
import type { FoundKey } from '../store/store.ts'

/** One secret version of a key as the verdict needs it. What many keys have in common, they share. */
export interface WarmKey {
  id: string
  version: number
  project: string | null
  user: string | null
  account: Account
  /** Its maker's place in the organization, where the contract makes a key as good as that. */
  maker: Shared | null
  grant: Grant
  /** What it is counted against, whoever calls. */
  meters: readonly Meter[]
}

/** Something many keys hang on. Once stale, whatever hangs on it is read again before it is used again. */
export interface Shared {
  name: string
  stale: boolean
  /** Warm keys that hold it. */
  holders: number
}

/** Its `name` is the organization's id. */
export interface Account extends Shared {
  refused: DenialReason | null
  meters: Map<string, Meter>
}

/** What a key may do. */
export interface Grant {
  kind: string
  environment: string
  permissions: readonly string[] | null
  namespaces: readonly string[] | null
  allowedIps: AddressRanges | null
  /** Limits counted per address, which only the attempt knows. */
  perAddress: readonly Limit[]
}

/** When a secret stops working, and why. */
export interface Standing {
  /** Milliseconds since the epoch; Infinity. */
  usableUntil: number
  /** Why it is refused from then on. */
  afterwards: DenialReason | null
  /** Why it is refused before. */
  refused: DenialReason | null
}

/** Revocation is final, so it outranks expiry; expiry outranks a suspension that may be lifted. */
export function standingOf(contract: Contract, { key, maker }: FoundKey, version: SecretVersion): Standing {
  if (key.revokedAt) return { usableUntil: Infinity, afterwards: null, refused: 'revoked_key' }
  const expiresAt = key.expiresAt?.getTime() ?? Infinity
  const retiresAt = version.retiresAt?.getTime() ?? Infinity
  const makerLeft = contract.permissions.byMakersRole !== null && key.createdBy !== null && maker === null
  return {
    usableUntil: Math.min(expiresAt, retiresAt),
    afterwards: expiresAt <= retiresAt ? 'expired_key' : 'retired_secret',
    refused: key.suspendedAt ? 'suspended_key' : makerLeft ? 'maker_left' : null,
  }
}

/** The key's own limits, else those of its organization's plan, else the contract's. */
export function limitsOf(contract: Contract, key: KeyRecord, organization: OrganizationRecord): readonly Limit[] {
  if (key.limits) return key.limits
  const { plan } = organization
  return plan !== null && Object.hasOwn(contract.plans, plan) ? (contract.plans[plan]?.limits ?? []) : contract.limits
}

export function metersOf(limits: readonly Limit[], key: KeyRecord, account: Account): readonly Meter[] {
  return limits.filter((limit) => limit.per !== 'address').map((limit) => meterOf(limit, key, account))
}

function meterOf(limit: Limit, key: KeyRecord, account: Account): Meter {
  if (limit.per === 'organization') {
    const name = `${limit.requests}/${limit.windowSeconds}/${limit.kind}`
    const meter = account.meters.get(name) ?? { limit, subject: account.name, slot: -1 }
    account.meters.set(name, meter)
    return meter
  }
  // Without a project or a maker a key is its own subject: it neither escapes the limit nor shares it with strangers.
  const subject = (limit.per === 'project' && key.project) || (limit.per === 'user' && key.createdBy) || key.id
  return { limit, subject, slot: -1 }
}
