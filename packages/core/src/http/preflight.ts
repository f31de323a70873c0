import type { Contract } from '../contract/contract.ts'
import type { Allowed } from '../verify/outcome.ts'
import { soleHeader } from './framing.ts'

/**
 * A CORS preflight (Fetch Standard §3.2.2) that the contract passes on without a credential: browsers send none with
 * it, and it changes nothing.
 */
export function isForwardedPreflight(contract: Contract, method: string, rawHeaders: readonly string[]): boolean {
  if (method !== 'OPTIONS' || contract.preflight !== 'forward') return false
  return Boolean(soleHeader(rawHeaders, 'origin') && soleHeader(rawHeaders, 'access-control-request-method'))
}

/** What is made of it: nobody is known, and nothing counted. */
export const forwardedPreflight: Allowed = { allowed: true, principal: null, limits: [], retiresAt: null }
