import { acceptedMethods } from '../contract/method.ts'
import type { Refusal } from '../contract/refusal.ts'
import type { Verifier } from '../verify/verifier.ts'

/** 405, in the contract's words. */
export function refuseMethod(verifier: Pick<Verifier, 'refusal'>, requestId: string): Refusal {
  const refusal = verifier.refusal('invalid_request', { requestId, status: 405 })
  return { ...refusal, headers: { ...refusal.headers, allow: acceptedMethods.join(', ') } }
}
