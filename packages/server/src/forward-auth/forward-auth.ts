import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  type Addressing,
  type Attempt,
  forwardedPreflight,
  isAcceptedMethod,
  isForwardedPreflight,
  type Outcome,
  type Refusal,
  readTarget,
  refuseBody,
  refuseMethod,
  soleHeader,
  type Verifier,
} from '@keywright/core'
import type { RawHandler } from '../control/listener.ts'
import { Problem, problemAnswer } from '../control/problem.ts'
import type { FailedAttempts } from '../edge/failed-attempts.ts'
import { answer } from '../http/answer.ts'
import type { Logger } from '../log/logger.ts'
import { tellOutage } from '../log/tell-outage.ts'

/**
 * Answers a proxy that asks whether it may pass a request on: 200 with the identity headers for the upstream, or the
 * contract's refusal for the caller. With `?for=nginx`, whose `auth_request` takes anything but 2xx, 401 and 403 for a
 * failure, other statuses become 403 and stand in `X-Auth-Status`.
 */
export function createForwardAuth({
  verifier,
  addressing,
  failedAttempts,
  log,
}: {
  verifier: Verifier
  addressing: Addressing
  failedAttempts: FailedAttempts
  log: Logger
}): RawHandler {
  const noVerdict = tellOutage(log, 'no verdict could be reached')

  function tell(
    response: ServerResponse,
    requestId: string,
    outcome: Decision,
    say: Say,
    address: string | undefined,
  ): void {
    if ('status' in outcome) {
      answer(response, say(outcome), requestId)
    } else if (outcome.allowed) {
      const headers = verifier.responseHeaders(outcome)
      headers.push('X-Request-Id', requestId)
      if (outcome.principal) headers.push(...verifier.identityHeaders(outcome.principal))
      headers.push('Cache-Control', 'no-store', 'Content-Length', '0')
      response.writeHead(200, headers).end()
    } else {
      const instead = failedAttempts.count(outcome.reason, address ?? null, requestId)
      answer(response, say(instead ?? verifier.refuse(outcome, { requestId })), requestId)
    }
  }

  return (request, response, requestId) => {
    if (!addressing.isTrustedPeer(request)) {
      answer(response, problemAnswer(new Problem('untrusted_peer'), requestId), requestId)
      return
    }
    const say = isForNginx(request) ? forNginx : asItIs
    const attempt = attemptIn(request, addressing, requestId)
    if (attempt === null) {
      answer(response, say(verifier.refusal('invalid_request', { requestId })), requestId)
      return
    }
    if (!isAcceptedMethod(attempt.method)) {
      answer(response, say(refuseMethod(verifier, requestId)), requestId)
      return
    }
    const unavailable = (error: unknown): void => {
      noVerdict(error, { requestId })
      answer(response, say(verifier.refusal('unavailable', { requestId })), requestId)
    }
    let outcome: ReturnType<typeof decide>
    try {
      outcome = decide(verifier, attempt)
    } catch (error) {
      unavailable(error)
      return
    }
    if (!(outcome instanceof Promise)) {
      tell(response, requestId, outcome, say, attempt.ip)
      return
    }
    return outcome.then((settled) => tell(response, requestId, settled, say, attempt.ip), unavailable)
  }
}

type Say = (refusal: Refusal) => Refusal
type Told = Attempt & { headers: readonly string[]; method: string; path: string }

type Decision = Outcome | Refusal

function decide(verifier: Verifier, attempt: Told): Decision | Promise<Decision> {
  const { method, path, headers } = attempt
  if (isForwardedPreflight(verifier.contract, method, headers)) return forwardedPreflight
  const unseen = bodied.has(method) && verifier.namespaceInBody(method, path) === 'optional'
  return unseen ? refuseUnseen(verifier, attempt) : verifier.verify(attempt)
}

/** The path names one namespace, the body may name another, and nobody here sees it. */
async function refuseUnseen(verifier: Verifier, attempt: Told): Promise<Decision> {
  const known = await verifier.authenticate(attempt)
  return known.allowed ? refuseBody(verifier, attempt, known, { refused: 'forbidden' }) : known
}

const bodied = new Set(['POST', 'PUT', 'PATCH'])

/** The original request, as the proxy tells it; null where it tells none, or two that differ. */
function attemptIn(request: IncomingMessage, addressing: Addressing, requestId: string): Told | null {
  const { rawHeaders } = request
  const method = told(rawHeaders, 'x-forwarded-method', 'x-original-method')
  const uri = told(rawHeaders, 'x-forwarded-uri', 'x-original-uri')
  const target = uri === null ? null : readTarget(uri)
  if (method === null || target === null) return null
  const attempt: Told = { headers: rawHeaders, method, path: target.path, requestId }
  if (target.query !== null) attempt.query = target.query
  const address = addressing.clientOf(request)
  if (address !== null) attempt.ip = address
  return attempt
}

/**
 * A proxy sets one of the two and passes on what a caller sent as the other, so that both may be there: then they
 * have to agree, or a caller could choose what is authorised.
 */
function told(rawHeaders: readonly string[], one: string, other: string): string | null {
  const first = soleHeader(rawHeaders, one)
  const second = soleHeader(rawHeaders, other)
  if (first === undefined || second === undefined) return null
  if (first !== null && second !== null && first !== second) return null
  return first ?? second
}

function isForNginx({ url = '' }: IncomingMessage): boolean {
  return /[?&]for=nginx(?:&|$)/.test(url)
}

function asItIs(refusal: Refusal): Refusal {
  return refusal
}

function forNginx(refusal: Refusal): Refusal {
  const { status, headers } = refusal
  return {
    ...refusal,
    status: status === 401 ? 401 : 403,
    headers: { ...headers, 'x-auth-status': String(status) },
  }
}
