import type { IncomingMessage, ServerResponse } from 'node:http'
import type { EdgeRoutes } from '@keywright/contracts'
import {
  type Addressing,
  type Attempt,
  type Denied,
  forwardedPreflight,
  hasBody,
  isAcceptedMethod,
  isForwardedPreflight,
  isSoundlyFramed,
  type Outcome,
  type Refusal,
  type RefusalName,
  readTarget,
  refuseBody,
  refuseMethod,
  requestIdOf,
  type Verifier,
} from '@keywright/core'
import type { Gateway } from '../gateway/gateway.ts'
import { answer, answerJson } from '../http/answer.ts'
import type { HttpHandlers } from '../http/server.ts'
import type { AccessLog } from '../log/access-log.ts'
import type { Logger } from '../log/logger.ts'
import { tellOutage } from '../log/tell-outage.ts'
import { readNamespaceFromBody } from './body-namespace.ts'
import { attemptOf, type Exchange } from './exchange.ts'
import type { FailedAttempts } from './failed-attempts.ts'
import { answerOwn } from './own-routes.ts'
import { createUpgrades } from './upgrades.ts'

export interface EdgeOptions {
  verifier: Verifier
  /** null: there is no upstream, and what is allowed is not found. */
  gateway: Gateway | null
  /** What the contract answers itself; null: nothing. */
  routes: EdgeRoutes | null
  addressing: Addressing
  failedAttempts: FailedAttempts
  /** null: none is kept. */
  accessLog: AccessLog | null
  /** Whether a text has a credential in it: such a request id would be written down. */
  hasCredential: (text: string) => boolean
  log: Logger
}

/** The contract's wire: health, its own routes, and the gateway for everything else. Whatever goes wrong, nothing passes. */
export function createEdge(options: EdgeOptions): HttpHandlers {
  const { verifier, gateway, routes, addressing, failedAttempts, accessLog, hasCredential, log } = options
  const noVerdict = tellOutage(log, 'no verdict could be reached')

  /** A request with its head read and found sound, or the refusal it gets. */
  function read(request: IncomingMessage, response: ServerResponse, requestId: string): Exchange | Refusal {
    const method = request.method ?? ''
    const target = readTarget(request.url ?? '')
    if (!isSoundlyFramed(request)) {
      // Where this request ends is anybody's guess, and so is where the next one begins.
      response.shouldKeepAlive = false
      return verifier.refusal('invalid_request', { requestId })
    }
    if (target === null) return verifier.refusal('invalid_request', { requestId })
    if (!isAcceptedMethod(method)) return refuseMethod(verifier, requestId)
    return { request, response, method, target, requestId, address: addressing.clientOf(request) }
  }

  /** What was thrown is ours to read in the log; the caller learns that the fault was not theirs. */
  function fail(response: ServerResponse, requestId: string, name: RefusalName, error: unknown): void {
    if (name === 'unavailable') noVerdict(error, { requestId })
    else log.error('a request could not be handled', { requestId, error })
    if (response.headersSent) response.destroy()
    else answer(response, verifier.refusal(name, { requestId }), requestId)
  }

  /** What a denied attempt is answered: its own refusal, unless its like came from there too often. */
  function refusalOf(outcome: Denied, { address, requestId }: Pick<Exchange, 'address' | 'requestId'>): Refusal {
    return failedAttempts.count(outcome.reason, address, requestId) ?? verifier.refuse(outcome, { requestId })
  }

  function settle(
    exchange: Exchange,
    attempt: Attempt,
    outcome: Outcome,
    expectsContinue: boolean,
    body?: Buffer,
  ): void {
    const { request, response, requestId, target } = exchange
    accessLog?.decided(response, exchange, outcome)
    if (!outcome.allowed) {
      answer(response, refusalOf(outcome, exchange), requestId)
    } else if (gateway === null) {
      answer(response, verifier.refusal('not_found', { requestId }, outcome), requestId)
    } else {
      if (expectsContinue && body === undefined) response.writeContinue()
      gateway.forward({ request, target, requestId, outcome, attempt }, response, body)
    }
  }

  function mustReadBody(method: string, path: string, rawHeaders: readonly string[]): boolean {
    const presence = verifier.namespaceInBody(method, path)
    return presence === 'required' || (presence === 'optional' && hasBody(rawHeaders))
  }

  function decide(exchange: Exchange, expectsContinue: boolean): void {
    const { request, response, requestId, method, target } = exchange
    const attempt = attemptOf(exchange)
    if (isForwardedPreflight(verifier.contract, method, request.rawHeaders)) {
      settle(exchange, attempt, forwardedPreflight, expectsContinue)
      return
    }
    if (mustReadBody(method, target.path, request.rawHeaders)) {
      void decideWithBody(exchange, attempt, expectsContinue)
      return
    }
    let outcome: Outcome | Promise<Outcome>
    try {
      outcome = verifier.verify(attempt)
    } catch (error) {
      fail(response, requestId, 'unavailable', error)
      return
    }
    if (outcome instanceof Promise) void settleLater(exchange, attempt, outcome, expectsContinue)
    else settle(exchange, attempt, outcome, expectsContinue)
  }

  async function settleLater(
    exchange: Exchange,
    attempt: Attempt,
    pending: Promise<Outcome>,
    expectsContinue: boolean,
  ): Promise<void> {
    const { response, requestId } = exchange
    let outcome: Outcome
    try {
      outcome = await pending
    } catch (error) {
      fail(response, requestId, 'unavailable', error)
      return
    }
    try {
      settle(exchange, attempt, outcome, expectsContinue)
    } catch (error) {
      fail(response, requestId, 'internal_error', error)
    }
  }

  /** A body is read only for someone who holds a key; what it says is then part of what is asked. */
  async function decideWithBody(exchange: Exchange, attempt: Attempt, expectsContinue: boolean): Promise<void> {
    const { request, response, requestId, method, target } = exchange
    let name: RefusalName = 'unavailable'
    try {
      const known = await verifier.authenticate(attempt)
      if (!known.allowed) {
        settle(exchange, attempt, known, expectsContinue)
        return
      }
      name = 'internal_error'
      const askForIt = () => expectsContinue && response.writeContinue()
      const reading = await readNamespaceFromBody(verifier, request, { method, path: target.path }, askForIt)
      if ('refused' in reading) {
        name = 'unavailable'
        const refused = await refuseBody(verifier, attempt, known, reading)
        if ('status' in refused) answer(response, refused, requestId)
        else settle(exchange, attempt, refused, expectsContinue)
        return
      }
      const { namespace, body } = reading
      name = 'unavailable'
      const asked = namespace === null ? attempt : { ...attempt, namespace }
      const outcome = await verifier.verify(asked)
      name = 'internal_error'
      settle(exchange, asked, outcome, expectsContinue, body)
    } catch (error) {
      if (!response.destroyed) fail(response, requestId, name, error)
    }
  }

  function handle(exchange: Exchange, expectsContinue: boolean): void {
    const { method, target, response, requestId } = exchange
    accessLog?.decided(response, exchange, null)
    if (target.path === '/health' && (method === 'GET' || method === 'HEAD')) {
      answerJson(response, requestId, '{"status":"ok"}')
    } else if (routes?.owns(target.path)) {
      void settleOwn(routes, exchange, expectsContinue)
    } else {
      decide(exchange, expectsContinue)
    }
  }

  async function settleOwn(routes: EdgeRoutes, exchange: Exchange, expectsContinue: boolean): Promise<void> {
    const { response, requestId, address } = exchange
    try {
      const decided = (outcome: Outcome) => accessLog?.decided(response, exchange, outcome)
      const own = await answerOwn(routes, exchange, attemptOf(exchange), expectsContinue, decided)
      const instead = own.status === 401 ? failedAttempts.countUnauthenticated(address, requestId) : null
      answer(response, instead ?? own, requestId)
    } catch (error) {
      if (!response.destroyed) fail(response, requestId, 'unavailable', error)
    }
  }

  return {
    onRequest(request, response, expectsContinue) {
      const requestId = requestIdOf(request.rawHeaders, hasCredential)
      accessLog?.opened(request, response, requestId)
      try {
        const exchange = read(request, response, requestId)
        if ('request' in exchange) handle(exchange, expectsContinue)
        else answer(response, exchange, requestId)
      } catch (error) {
        fail(response, requestId, 'internal_error', error)
      }
    },
    takesUpgrade({ url = '' }) {
      const target = readTarget(url)
      return target === null || !(target.path === '/health' || routes?.owns(target.path))
    },
    onUpgrade: createUpgrades(options, refusalOf, noVerdict),
    refuse: (status, requestId) => verifier.refusal('invalid_request', { requestId, status }),
  }
}
