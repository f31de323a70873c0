import type { IncomingMessage } from 'node:http'
import type { LimitState, Outcome, Verifier } from '@keywright/core'
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
    await requireServiceKey(request, authenticate, 'verify')
    const attempt = attemptOf(await bodyOf(request))
    if (attempt === null) {
      const refusal = verifier.refusal('invalid_request', { requestId })
      return JSON.stringify({ allowed: false, reason: 'malformed_request', refusal })
    }
    try {
      const outcome = await verifier.verify({ ...attempt, requestId })
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
