import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import {
  type Attempt,
  type CredentialFormat,
  type LimitState,
  type Outcome,
  type Principal,
  refuseMethod,
  soleHeader,
  type Verifier,
} from '@keywright/core'
import { requireServiceKey } from '../access/require-service-key.ts'
import type { ServiceKeys } from '../access/service-keys.ts'
import type { RawHandler } from '../control/listener.ts'
import { Problem, problemAnswer, unavailable } from '../control/problem.ts'
import { parseStrictObject, StrictJsonError } from '../control/strict-json.ts'
import { answer, answerJson } from '../http/answer.ts'
import { readBody } from '../http/read-body.ts'
import type { Logger } from '../log/logger.ts'
import { tellOutage } from '../log/tell-outage.ts'
import { attemptOf } from './attempt.ts'

const mostBytes = 64 * 1024

export interface VerifyEndpointOptions {
  verifier: Verifier
  /** Of API keys. */
  format: CredentialFormat
  authenticate: ServiceKeys['authenticate']
  log: Logger
}

/** The verdict for a caller of somebody else's API, told to the machine that asks. */
export function createVerifyEndpoint({ verifier, format, authenticate, log }: VerifyEndpointOptions): RawHandler {
  const noVerdict = tellOutage(log, 'no verdict could be reached')

  async function verdict(request: IncomingMessage, requestId: string): Promise<string> {
    const holder = requireServiceKey(request, authenticate, 'verify')
    const { organization } = holder instanceof Promise ? await holder : holder
    requireJson(request)
    const attempt = attemptOf(read(await readBody(request, mostBytes).catch(notWhole)))
    if (typeof attempt === 'string') {
      const isMethod = attempt === 'method'
      const refusal = isMethod ? refuseMethod(verifier, requestId) : verifier.refusal('invalid_request', { requestId })
      return JSON.stringify({ allowed: false, reason: 'malformed_request', refusal })
    }
    try {
      attempt.requestId = requestId
      const pending =
        organization === null ? verifier.verify(attempt) : verdictWithin(organization, verifier, format, attempt)
      const outcome = pending instanceof Promise ? await pending : pending
      return told(outcome, verifier, requestId)
    } catch (error) {
      noVerdict(error, { requestId })
      throw unavailable()
    }
  }

  return async (request, response, requestId) => {
    try {
      answerJson(response, requestId, await verdict(request, requestId))
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      answer(response, problemAnswer(error, requestId), requestId)
    }
  }
}

/** A service key bound to an organization learns of keys of others what it learns of keys that were never made. */
async function verdictWithin(
  organization: string,
  verifier: Verifier,
  format: CredentialFormat,
  attempt: Attempt,
): Promise<Outcome> {
  const { credential, headers, query } = attempt
  const { principal } = await verifier.authenticate({
    ...(credential !== undefined && { credential }),
    ...(headers !== undefined && { headers }),
    ...(query !== undefined && { query }),
  })
  if (principal === null || principal.organization === organization) return verifier.verify(attempt)
  // So it is also counted as what is answered; where no credential is asked for, this one is not looked at either.
  const { credential: neverMade } = format.mint(format.forms.find(({ retired }) => !retired) ?? principal)
  return verifier.verify({ ...attempt, credential: neverMade })
}

function requireJson({ rawHeaders }: IncomingMessage): void {
  const type = soleHeader(rawHeaders, 'content-type')
  const isCompressed = soleHeader(rawHeaders, 'content-encoding') !== null
  if (!type || !/^application\/json *(?:; *charset="?utf-8"?)?$/i.test(type) || isCompressed) {
    throw new Problem('unsupported_media_type')
  }
}

/** Its sender has left, which is no failure of ours: anybody could fill the log with it. */
function notWhole(): never {
  throw new Problem('malformed_body', 'The connection ended before the body was whole.')
}

function read(body: Buffer | null): unknown {
  if (body === null) throw new Problem('payload_too_large', `The body has more than ${mostBytes} bytes. Send less.`)
  // A byte order mark stays, and is no JSON.
  if (!isUtf8(body)) throw new Problem('malformed_body', 'The body is not UTF-8.')
  try {
    return parseStrictObject(body.toString())
  } catch (error) {
    throw error instanceof StrictJsonError ? new Problem('malformed_body', error.message) : error
  }
}

/** Written by hand: `JSON.stringify` takes as long as the verdict itself. Ids, slugs and words need no escaping. */
function told(outcome: Outcome, verifier: Verifier, requestId: string): string {
  if (outcome.allowed) {
    const { principal, limits, retiresAt } = outcome
    const ends = retiresAt === null ? 'null' : `"${retiresAt.toISOString()}"`
    const who = principal === null ? 'null' : principalTold(principal)
    return `{"allowed":true,"principal":${who},"limits":[${limits.map(limitTold).join()}],"retiresAt":${ends}}`
  }
  const { status, headers, body } = verifier.refuse(outcome, { requestId })
  return JSON.stringify({ allowed: false, reason: outcome.reason, refusal: { status, headers, body } })
}

function principalTold(principal: Principal): string {
  const { key, version, organization, project, user, kind, environment, permissions, namespaces } = principal
  const place = `"organization":"${organization}","project":${project === null ? 'null' : `"${project}"`}`
  const maker = `"user":${user === null ? 'null' : JSON.stringify(user)},"kind":${JSON.stringify(kind)}`
  const reach = `"permissions":${listTold(permissions)},"namespaces":${listTold(namespaces)}`
  const where = `"environment":${JSON.stringify(environment)}`
  return `{"key":"${key}","version":${version},${place},${maker},${where},${reach}}`
}

/** The lists of a key are the same objects for as long as it is known. */
const lists = new WeakMap<readonly string[], string>()

function listTold(list: readonly string[] | null): string {
  if (list === null) return 'null'
  let text = lists.get(list)
  if (text === undefined) {
    text = JSON.stringify(list)
    lists.set(list, text)
  }
  return text
}

function limitTold({ limit, remaining, resetAt }: LimitState): string {
  const { requests, windowSeconds, per, kind } = limit
  const agreed = `"requests":${requests},"windowSeconds":${windowSeconds},"per":"${per}","kind":"${kind}"`
  return `{${agreed},"remaining":${remaining},"resetAt":"${isoOf(resetAt)}"}`
}

let lastMs = Number.NaN
let lastIso = ''

/** What is asked within a millisecond has most of its times in common, and each costs as much as the rest of the text. */
function isoOf(ms: number): string {
  if (ms !== lastMs) lastIso = new Date(ms).toISOString()
  lastMs = ms
  return lastIso
}
