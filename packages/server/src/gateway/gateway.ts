import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type Attempt, hasBody, type Outcome, type RefusalName, type Target, type Verifier } from '@keywright/core'
import { Pool } from 'undici'
import { answer } from '../http/answer.ts'
import type { Logger } from '../log/logger.ts'
import type { UpstreamMetrics } from '../metrics/upstream.ts'
import { LongStreams } from './long-streams.ts'
import { Relay, type RelayHost } from './relay.ts'
import { compileRequestFilter } from './request-headers.ts'
import { compileResponseFilter } from './response-headers.ts'
import { tunnel } from './tunnel.ts'

export interface GatewayOptions {
  verifier: Verifier
  upstream: URL
  /** The edge as callers know it: `https`, `api.example.com`. */
  origin: () => { scheme: string; host: string }
  /** `X-Forwarded-For` as the upstream gets it. */
  forwardedFor: (request: IncomingMessage) => string | null
  log: Logger
  metrics: UpstreamMetrics
  timeouts?: Partial<GatewayTimeouts>
}

export interface GatewayTimeouts {
  connectMs: number
  /** From the last byte of the request to the first of the answer. */
  answerMs: number
  /** How often a long stream's key is looked at again. */
  recheckMs: number
}

/** A request that may pass, with who it acts as. */
interface Passage {
  request: IncomingMessage
  target: Target
  requestId: string
  outcome: Outcome & { allowed: true }
  attempt: Attempt
}

export interface Gateway {
  forward: (passage: Passage, response: ServerResponse, body?: Buffer) => void
  /** `told` is called with the status that the caller is answered. */
  upgrade: (passage: Passage, socket: Socket, head: Buffer, told: (status: number) => void) => void
  /** WebSockets never finish by themselves. */
  endTunnels: () => void
  close: () => Promise<void>
}

const defaults: GatewayTimeouts = { connectMs: 5_000, answerMs: 300_000, recheckMs: 1_000 }

/** Forwards to one origin, which the configuration names and no request can change. */
export function createGateway(options: GatewayOptions): Gateway {
  const { verifier, upstream, origin, forwardedFor, log, metrics, timeouts } = options
  const { connectMs, answerMs, recheckMs } = { ...defaults, ...timeouts }
  const pool = new Pool(upstream.origin, {
    connect: { timeout: connectMs },
    headersTimeout: answerMs,
    // A stream may be silent for as long as both ends like; a dead peer is found by TCP.
    bodyTimeout: 0,
    pipelining: 1,
  })
  const base = upstream.pathname.replace(/\/$/, '')
  const filterRequest = compileRequestFilter(verifier.contract)
  const filterResponse = compileResponseFilter(verifier.contract)
  const streams = new LongStreams(verifier, recheckMs)
  const secretParameters = verifier.contract.credential.sources.flatMap((source) =>
    'query' in source ? [source.query] : [],
  )
  /** The fault that the log was told last, until there is an answer. */
  let told: string | null = null

  function answered(status: number, startedMs: number): void {
    told = null
    metrics.answered(status, performance.now() - startedMs)
  }

  function failed(requestId: string, error: Error): RefusalName {
    const name = failureOf(error)
    metrics.failed(name === 'upstream_timeout' ? 'timeout' : 'unreachable')
    const fault = faultOf(error)
    if (name !== 'upstream_timeout' && fault !== told) {
      told = fault
      log.warn(fault, { requestId, error })
    }
    return name
  }

  const brokeOff = () => metrics.failed('broken')

  const host: RelayHost = {
    streams,
    responseHeaders(status, headers, { requestId, notices, isAuthenticated, startedMs }) {
      answered(status, startedMs)
      // It has none (RFC 9110 §8.6): who believed it would take the next answer for this one's body.
      if (status === 204) delete headers['content-length']
      const all = filterResponse(headers, isAuthenticated)
      all.push('X-Request-Id', requestId, ...notices)
      return all
    },
    failed({ response, requestId, outcome }, error) {
      if (response.destroyed) return
      answer(response, verifier.refusal(failed(requestId, error), { requestId }, outcome), requestId)
    },
    brokeOff,
  }

  function pathOf({ path, query }: Target): string {
    const kept = query !== null && secretParameters.length > 0 ? withoutParameters(query, secretParameters) : query
    return kept === null ? base + path : `${base}${path}?${kept}`
  }

  function headersOf({ request, requestId, outcome: { principal } }: Passage): string[] {
    const headers = filterRequest(request.rawHeaders)
    headers.push('X-Request-Id', requestId)
    const { scheme, host: publicHost } = origin()
    headers.push('X-Forwarded-Proto', scheme, 'X-Forwarded-Host', publicHost)
    const addresses = forwardedFor(request)
    if (addresses !== null) headers.push('X-Forwarded-For', addresses)
    if (principal !== null) headers.push(...verifier.identityHeaders(principal))
    return headers
  }

  return {
    forward(passage, response, body) {
      // They left while the verdict was awaited, and no event tells of it any more.
      if (response.destroyed) return
      const { request, requestId, outcome, attempt, target } = passage
      const notices = verifier.responseHeaders(outcome)
      const streamed = body === undefined && hasBody(request.rawHeaders)
      const isRepeatable = body === undefined && !streamed && safeMethods.has(request.method ?? '')
      const again = isRepeatable ? () => void pool.dispatch(asked, relay) : null
      const relay = new Relay(host, { request, response, requestId, attempt, outcome, notices, again })
      if (streamed) relay.watch()
      const asked = {
        method: request.method ?? 'GET',
        path: pathOf(target),
        headers: headersOf(passage),
        body: body ?? (streamed ? request : null),
      }
      pool.dispatch(asked, relay)
    },
    upgrade(passage, socket, head, told) {
      if (socket.destroyed) return
      const startedMs = performance.now()
      const { outcome, attempt, target, requestId } = passage
      const isAuthenticated = outcome.principal !== null
      tunnel({
        upstream,
        path: pathOf(target),
        headers: headersOf(passage),
        timeouts: { connectMs, answerMs },
        socket,
        head,
        streams,
        attempt,
        isAuthenticated,
        filterResponse: (headers) => [
          ...filterResponse(headers, isAuthenticated),
          'X-Request-Id',
          requestId,
          ...verifier.responseHeaders(outcome),
        ],
        answered: (status) => {
          answered(status, startedMs)
          told(status)
        },
        failure: (error) => {
          const refusal = verifier.refusal(failed(requestId, error), { requestId }, outcome)
          told(refusal.status)
          return refusal
        },
        brokeOff,
        requestId,
      })
    },
    endTunnels: () => streams.cutTunnels(),
    async close() {
      streams.stop()
      await pool.destroy()
    },
  }
}

/** Change nothing (RFC 9110 §9.2.1), and so may be sent twice. */
const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS'])

const timedOut = new Set(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'ETIMEDOUT'])

function failureOf(error: Error): RefusalName {
  return 'code' in error && timedOut.has(String(error.code)) ? 'upstream_timeout' : 'upstream_unreachable'
}

function faultOf(error: Error): string {
  if ('code' in error && error.code === 'UND_ERR_HEADERS_OVERFLOW')
    return 'the upstream answers with a head that is too large'
  if (error.name === 'HTTPParserError') return 'the upstream answers with what is not HTTP'
  return 'the upstream cannot be reached'
}

/** A credential ends here, wherever the contract lets it come from, and however an upstream may read the name. */
function withoutParameters(query: string, names: readonly string[]): string | null {
  const kept = query.split('&').filter((pair) => !names.includes(decodedName(pair)))
  return kept.length === 0 ? null : kept.join('&')
}

function decodedName(pair: string): string {
  const [name = ''] = pair.split('=', 1)
  return name.replace(/%([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
}
