import type { Contract } from '../contract/contract.ts'
import { type DenialReason, rowOf } from '../contract/refusal.ts'
import type { KeyRecord, SecretVersion } from '../key/record.ts'
import type { FoundKey } from '../store/store.ts'

// One word: why the secret is refused, why it is from its last instant on, two flags, and the number of its version.
const REASON = 0x1f
const AFTERWARDS_SHIFT = 5
export const ROTATED = 0x400
export const TOUCHED = 0x800
const VERSION_SHIFT = 12

const reasons = Object.keys(rowOf) as DenialReason[]
const REVOKED = codeOf('revoked_key')

/**
 * The word, and the instant it is about, in milliseconds. Revocation is final, so it outranks expiry; expiry outranks a
 * suspension that may be lifted.
 */
export function standingOf(contract: Contract, { key, maker }: FoundKey, version: SecretVersion) {
  const rotated = version.retiresAt ? ROTATED : 0
  const flags = (version.number << VERSION_SHIFT) | TOUCHED | rotated
  if (key.revokedAt) return { usableUntil: Number.POSITIVE_INFINITY, state: flags | REVOKED }
  const expiresAt = key.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY
  const retiresAt = version.retiresAt?.getTime() ?? Number.POSITIVE_INFINITY
  const afterwards = expiresAt <= retiresAt ? 'expired_key' : 'retired_secret'
  return {
    usableUntil: version.ended ? Number.NEGATIVE_INFINITY : Math.min(expiresAt, retiresAt),
    state: flags | codeOf(refusedBefore(contract, key, maker)) | (codeOf(afterwards) << AFTERWARDS_SHIFT),
  }
}

export function reasonIn(state: number, isOver: boolean): DenialReason | null {
  const code = (isOver ? state >> AFTERWARDS_SHIFT : state) & REASON
  return code === 0 ? null : (reasons[code - 1] as DenialReason)
}

export function isRevoked(state: number): boolean {
  return (state & REASON) === REVOKED
}

export function versionIn(state: number): number {
  return state >>> VERSION_SHIFT
}

function refusedBefore(contract: Contract, key: KeyRecord, maker: FoundKey['maker']): DenialReason | null {
  if (key.suspendedAt) return 'suspended_key'
  return contract.permissions.byMakersRole && key.createdBy && !maker ? 'maker_left' : null
}

function codeOf(reason: DenialReason | null): number {
  return reason === null ? 0 : reasons.indexOf(reason) + 1
}
