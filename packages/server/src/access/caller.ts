import type { Actor, CredentialFormat, ServicePermission } from '@keywright/core'
import { Problem } from '../control/problem.ts'
import { readBearer } from './bearer.ts'
import type { ServiceKeys } from './service-keys.ts'

/** Who calls the control side, and how far that reaches. Nothing of it is ever taken from a body or a query. */
export interface Caller {
  type: 'service_key'
  id: string
  name: string
  permissions: readonly ServicePermission[]
  /** null: every organization. */
  organization: string | null
}

export interface Access {
  serviceKeys: ServiceKeys
  /** The form of API keys, which are told apart so that their holders learn what was wrong. */
  format: CredentialFormat
}

/** The one place where a request becomes a caller. @throws Problem */
export async function identify(headers: Headers, { serviceKeys, format }: Access): Promise<Caller> {
  const bearer = readBearer(headers.get('authorization'))
  if ('problem' in bearer) throw refusalOf(bearer.problem)
  const principal = await serviceKeys.authenticate(bearer.token)
  if (principal) return { type: 'service_key', ...principal }
  throw challenge(format.parse(bearer.token) < 0 ? 'invalid_credential' : 'wrong_credential_type')
}

function may(caller: Caller, permission: ServicePermission): boolean {
  return caller.permissions.includes('*') || caller.permissions.includes(permission)
}

/** @throws Problem */
export function permit(caller: Caller, permission: ServicePermission): void {
  if (may(caller, permission)) return
  throw new Problem('permission_missing', `This needs a service key with the permission '${permission}'.`, {
    headers: { 'www-authenticate': 'Bearer realm="keywright", error="insufficient_scope"' },
  })
}

export function actorOf(caller: Caller, { address, requestId }: { address: string | null; requestId: string }): Actor {
  return { type: caller.type, id: caller.id, triggeredBy: 'api', address, requestId }
}

/** RFC 6750 §3: no error code where no credential was sent. */
export function refusalOf(problem: 'missing' | 'repeated' | 'malformed'): Problem {
  if (problem === 'repeated') {
    return new Problem('repeated_credential', undefined, {
      headers: { 'www-authenticate': 'Bearer realm="keywright", error="invalid_request"' },
    })
  }
  if (problem === 'malformed') return challenge('invalid_credential')
  return new Problem('missing_credential', undefined, { headers: { 'www-authenticate': 'Bearer realm="keywright"' } })
}

export function challenge(code: 'invalid_credential' | 'wrong_credential_type'): Problem {
  return new Problem(code, undefined, {
    headers: { 'www-authenticate': 'Bearer realm="keywright", error="invalid_token"' },
  })
}
