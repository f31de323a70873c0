import type { Refusal } from '../contract/refusal.ts'
import type { Verifier } from '../verify/verifier.ts'

const accepted = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
const acceptedSet = new Set(accepted)

/** Of RFC 9110 §9.3 and RFC 5789, but for TRACE, which would echo the credential, and CONNECT, a tunnel to anywhere. */
export function isAcceptedMethod(method: string): boolean {
  return acceptedSet.has(method)
}

/** 405, in the contract's words. */
export function refuseMethod(verifier: Pick<Verifier, 'refusal'>, requestId: string): Refusal {
  const refusal = verifier.refusal('invalid_request', { requestId, status: 405 })
  return { ...refusal, headers: { ...refusal.headers, allow: accepted.join(', ') } }
}
