import type { Refusal } from '../contract/refusal.ts'
import type { Verifier } from '../verify/verifier.ts'

const accepted = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
const acceptedSet = new Set(accepted)

/** TRACE would echo the credential, CONNECT would open a tunnel to anywhere; others no route can name. */
export function isAcceptedMethod(method: string): boolean {
  return acceptedSet.has(method)
}

/** 405, in the contract's words. */
export function refuseMethod(verifier: Pick<Verifier, 'refusal'>, requestId: string): Refusal {
  const refusal = verifier.refusal('invalid_request', { requestId, status: 405 })
  return { ...refusal, headers: { ...refusal.headers, allow: accepted.join(', ') } }
}
