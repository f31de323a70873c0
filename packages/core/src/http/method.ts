import { acceptedMethods } from '../contract/method.ts'
import type { Refusal } from '../contract/refusal.ts'
import type { Verifier } from '../verify/verifier.ts'

const acceptedSet = new Set<string>(acceptedMethods)

export function isAcceptedMethod(method: string): boolean {
  return acceptedSet.has(method)
}

/** 405, in the contract's words. */
export function refuseMethod(verifier: Pick<Verifier, 'refusal'>, requestId: string): Refusal {
  const refusal = verifier.refusal('invalid_request', { requestId, status: 405 })
  return { ...refusal, headers: { ...refusal.headers, allow: acceptedMethods.join(', ') } }
}
