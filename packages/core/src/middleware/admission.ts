import { credentialHeaders } from '../contract/credential-headers.ts'
import { isAcceptedMethod } from '../contract/method.ts'
import type { Refusal, RefusalName } from '../contract/refusal.ts'
import { readTarget, type Target } from '../contract/target.ts'
import { refuseMethod } from '../http/method.ts'
import { readNamespaceInBody } from '../http/namespace-in-body.ts'
import { forwardedPreflight, isForwardedPreflight } from '../http/preflight.ts'
import { requestIdOf } from '../http/request-id.ts'
import { credentialPattern } from '../key/credential-pattern.ts'
import type { Allowed, Attempt, Outcome } from '../verify/outcome.ts'
import { refuseBody } from '../verify/refused-body.ts'
import type { Verifier } from '../verify/verifier.ts'

export interface GuardOptions {
  /** Needed beside what the contract's own route needs; then also where that asks for no credential. */
  permissions?: readonly string[]
  /**
   * Told why no verdict could be reached, when the caller is answered 503 (or 500, where it was not an outage). What it
   * throws is dropped.
   */
  onFailure?: (error: unknown, requestId: string) => void
}

/** What a handler behind the guard knows of its caller. */
export interface Admitted extends Allowed {
  /** In the `X-Request-Id` of the answer. */
  requestId: string
}

/** A request as it came, whichever framework it came through. */
interface Asked {
  method: string
  /** Request target, byte for byte. */
  url: string
  /** Name, value, name, value, … */
  rawHeaders: readonly string[]
  requestId: string
  /** Client address; null where it is not known. */
  address: string | null
  hasBody: boolean
  /** Leaves the body to be read again; null where it has more than `mostBytes`. */
  peekBody(mostBytes: number): Promise<Uint8Array | null>
}

export type Admission =
  | { refusal: Refusal }
  /** `headers` are for the answer: name, value, name, value, … */
  | { admitted: Admitted; target: Target; headers: string[] }

export type Admit = (asked: Asked) => Promise<Admission>

/** Decides as the edge does. Never rejects: where no verdict can be reached, that is a refusal. */
export function compileAdmission(verifier: Verifier, { permissions, onFailure }: GuardOptions): Admit {
  const { contract } = verifier
  const vary = credentialHeaders(contract).join(', ')

  function settle(outcome: Outcome, target: Target, requestId: string): Admission {
    if (!outcome.allowed) return { refusal: verifier.refuse(outcome, { requestId }) }
    const headers = ['X-Request-Id', requestId, ...verifier.responseHeaders(outcome)]
    // An answer to a caller is for that caller alone: caches that are shared leave it, the others tell callers apart.
    if (outcome.principal !== null) headers.push('Cache-Control', 'private')
    if (outcome.principal !== null && vary !== '') headers.push('Vary', vary)
    return { admitted: { ...outcome, requestId }, target, headers }
  }

  /** A body is read only for someone who holds a key; what it says is then part of what is asked. */
  async function withNamespace(attempt: Attempt, asked: Asked, path: string): Promise<Attempt | Refusal | Outcome> {
    const { method, rawHeaders } = asked
    const presence = verifier.namespaceInBody(method, path)
    const rule = contract.namespaces?.body
    if (!rule || presence === 'no' || (presence === 'optional' && !asked.hasBody)) return attempt
    const known = await verifier.authenticate(attempt)
    if (!known.allowed) return known
    const body = await asked.peekBody(rule.maxBytes).catch((error) => Promise.reject(new BodyError(error)))
    if (body === null) return refuseBody(verifier, attempt, known, { refused: 'payload_too_large' })
    const found = readNamespaceInBody(body, rule, presence, rawHeaders)
    if (!found.valid) return refuseBody(verifier, attempt, known, { refused: 'invalid_request', ...found })
    return found.namespace === null ? attempt : { ...attempt, namespace: found.namespace }
  }

  async function decide(asked: Asked): Promise<Admission> {
    const { method, requestId, rawHeaders, address } = asked
    const target = readTarget(asked.url)
    if (target === null) return { refusal: verifier.refusal('invalid_request', { requestId }) }
    if (!isAcceptedMethod(method)) return { refusal: refuseMethod(verifier, requestId) }
    if (isForwardedPreflight(contract, method, rawHeaders)) return settle(forwardedPreflight, target, requestId)
    const attempt = await withNamespace(
      {
        headers: rawHeaders,
        method,
        path: target.path,
        requestId,
        ...(target.query !== null && { query: target.query }),
        ...(address !== null && { ip: address }),
        ...(permissions && { permissions }),
      },
      asked,
      target.path,
    )
    if ('status' in attempt) return { refusal: attempt }
    return settle('allowed' in attempt ? attempt : await verifier.verify(attempt), target, requestId)
  }

  return async (asked) => {
    const { requestId } = asked
    try {
      return await decide(asked)
    } catch (error) {
      const name: RefusalName = error instanceof BodyError ? 'internal_error' : 'unavailable'
      tell(onFailure, error instanceof BodyError ? error.cause : error, requestId)
      return { refusal: verifier.refusal(name, { requestId }) }
    }
  }
}

/** As the edge does: an id with a credential in it would be written down wherever the id is. */
export function compileRequestIds({ contract }: Verifier): (rawHeaders: readonly string[]) => string {
  const credentials = credentialPattern(contract.key.forms.map(({ prefix }) => prefix))
  return (rawHeaders) => requestIdOf(rawHeaders, (id) => id.search(credentials) >= 0)
}

/** Whoever is told may fail in turn: the caller is answered all the same. */
export function tell(onFailure: GuardOptions['onFailure'], error: unknown, requestId: string): void {
  try {
    onFailure?.(error, requestId)
  } catch {}
}

class BodyError extends Error {
  constructor(cause: unknown) {
    super('The body could not be read.', { cause })
  }
}
