import type { IncomingMessage } from 'node:http'
import { type Attempt, denied, type LimitState, type Outcome, refuseMethod, type Verifier } from '@keywright/core'
import { requireServiceKey } from '../access/require-service-key.ts'
import type { ServiceKeys } from '../access/service-keys.ts'
import type { RawHandler } from '../control/listener.ts'
import { Problem, problemAnswer } from '../control/problem.ts'
import { parseStrictObject, StrictJsonError } from '../control/strict-json.ts'
import { answer, answerJson } from '../http/answer.ts'
import { soleHeader } from '../http/framing.ts'
import { readBody } from '../http/read-body.ts'
import type { Logger } from '../log/logger.ts'
import { attemptOf } from './attempt.ts'

const mostBytes = 64 * 1024

export interface VerifyEndpointOptions {
  verifier: Verifier
  authenticate: ServiceKeys['authenticate']
  log: Logger
}

/** The verdict for a caller of somebody else's API, told to the machine that asks. */
export function createVerifyEndpoint({ verifier, authenticate, log }: VerifyEndpointOptions): RawHandler {
  async function verdict(request: IncomingMessage, requestId: string): Promise<string> {
    const { organization } = await requireServiceKey(request, authenticate, 'verify')
    const attempt = attemptOf(await bodyOf(request))
    if (typeof attempt === 'string') {
      const isMethod = attempt === 'method'
      const refusal = isMethod ? refuseMethod(verifier, requestId) : verifier.refusal('invalid_request', { requestId })
      return JSON.stringify({ allowed: false, reason: 'malformed_request', refusal })
    }
    try {
      const outcome = await verdictFor(organization, verifier, { ...attempt, requestId })
      return JSON.stringify(told(outcome, verifier, requestId))
    } catch (error) {
      log.error('no verdict could be reached', { requestId, error })
      throw new Problem('unavailable', undefined, { headers: { 'retry-after': '1' } })
    }
  }

  return async (request, response, requestId) => {
    try {
      answerJson(response, 200, requestId, await verdict(request, requestId))
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      if (!request.complete) response.shouldKeepAlive = false
      answer(response, problemAnswer(error, requestId), requestId)
    }
  }
}

/** A service key bound to an organization learns of keys of others what it learns of keys that were never made. */
async function verdictFor(organization: string | null, verifier: Verifier, attempt: Attempt): Promise<Outcome> {
  if (organization === null) return verifier.verify(attempt)
  const { credential, headers, query } = attempt
  const { principal } = await verifier.authenticate({
    ...(credential !== undefined && { credential }),
    ...(headers !== undefined && { headers }),
    ...(query !== undefined && { query }),
  })
  if (principal === null || principal.organization === organization) return verifier.verify(attempt)
  // Where no credential is asked for, none is looked at.
  const { credential: _, ...rest } = attempt
  const outcome = await verifier.verify({ ...rest, headers: [], query: '' })
  return !outcome.allowed && outcome.reason === 'missing_credential' ? denied('unknown_key') : outcome
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const { rawHeaders } = request
  const type = soleHeader(rawHeaders, 'content-type')
  const isCompressed = soleHeader(rawHeaders, 'content-encoding') !== null
  if (!type || !/^application\/json *(?:; *charset="?utf-8"?)?$/i.test(type) || isCompressed) {
    throw new Problem('unsupported_media_type')
  }
  const body = await readBody(request, mostBytes)
  if (body === null) throw new Problem('payload_too_large', `The body has more than ${mostBytes} bytes. Send less.`)
  try {
    return parseStrictObject(utf8.decode(body))
  } catch (error) {
    if (error instanceof StrictJsonError) throw new Problem('malformed_body', error.message)
    throw new Problem('malformed_body', 'The body is not UTF-8.')
  }
}

function told(outcome: Outcome, verifier: Verifier, requestId: string): unknown {
  if (outcome.allowed) {
    const { principal, limits, retiresAt } = outcome
    return { allowed: true, principal, limits: limits.map(limitTold), retiresAt }
  }
  const { status, headers, body } = verifier.refuse(outcome, { requestId })
  return { allowed: false, reason: outcome.reason, refusal: { status, headers, body } }
}

function limitTold({ limit, remaining, resetAt }: LimitState): unknown {
  return { ...limit, remaining, resetAt: new Date(resetAt) }
}
