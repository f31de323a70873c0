import type { Refusal, Verifier } from '@keywright/core'
import { withStatus } from '../http/answer.ts'

const accepted = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
const acceptedSet = new Set(accepted)

/** TRACE would echo the credential, CONNECT would open a tunnel to anywhere; others no route can name. */
export function isAcceptedMethod(method: string): boolean {
  return acceptedSet.has(method)
}

export function refuseMethod(verifier: Verifier, requestId: string): Refusal {
  const refusal = withStatus(verifier.refusal('invalid_request', { requestId }), 405)
  return { ...refusal, headers: { ...refusal.headers, allow: accepted.join(', ') } }
}
