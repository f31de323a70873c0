import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Refusal } from '../contract/refusal.ts'
import { createAddressing } from '../http/addressing.ts'
import { hasBody, isSoundlyFramed } from '../http/framing.ts'
import { peekBody } from '../http/peek-body.ts'
import type { Verifier } from '../verify/verifier.ts'
import {
  type Admission,
  type Admitted,
  compileAdmission,
  compileRequestIds,
  type GuardOptions,
  tell,
} from './admission.ts'
import { keepVary } from './keep-vary.ts'

export interface NodeGuardOptions extends GuardOptions {
  /** Addresses and CIDR ranges of the proxies in front, whose `X-Forwarded-For` is believed; nobody's unless given. */
  trustedProxies?: readonly string[]
}

/** Who asks, and in which one spelling what for. */
export interface Passed {
  admitted: Admitted
  /** Path and query, canonical. */
  url: string
}

/** What the framework goes by, where that is not the request as it came. */
interface Routed {
  url: string
  method?: string
  peekBody?: (mostBytes: number) => Promise<Uint8Array | null>
}

/** Connections with a request whose end is unsure: what comes behind it may be part of it. */
const unsure = new WeakSet<object>()

type AdmitOnNode = (request: IncomingMessage, routed: Routed) => Promise<Admission & { requestId: string }>

export function compileNodeAdmission(
  verifier: Verifier,
  { trustedProxies = [], ...options }: NodeGuardOptions,
): AdmitOnNode {
  const addressing = createAddressing(trustedProxies)
  const admit = compileAdmission(verifier, options)
  const requestIdOf = compileRequestIds(verifier)
  return async (request, { url, method = request.method ?? '', ...routed }) => {
    const { rawHeaders } = request
    const requestId = requestIdOf(rawHeaders)
    if (request.httpVersionMajor !== 1) {
      tell(options.onFailure, new HttpVersionError(), requestId)
      return { refusal: verifier.refusal('internal_error', { requestId }), requestId }
    }
    if (!isSoundlyFramed(request)) unsure.add(request.socket)
    if (unsure.has(request.socket)) {
      const refusal = verifier.refusal('invalid_request', { requestId })
      return { refusal: { ...refusal, headers: { ...refusal.headers, Connection: 'close' } }, requestId }
    }
    const admission = await admit({
      method,
      url,
      rawHeaders,
      requestId,
      address: addressing.clientOf(request),
      hasBody: hasBody(rawHeaders),
      peekBody: routed.peekBody ?? ((mostBytes) => peekBody(request, mostBytes)),
    })
    return { ...admission, requestId }
  }
}

/** Lets a request pass with the headers of its answer set, or answers it: then null. `url` where the framework has changed `request.url`. */
export function compileGate(verifier: Verifier, options: NodeGuardOptions) {
  const admit = compileNodeAdmission(verifier, options)
  return async (
    request: IncomingMessage,
    response: ServerResponse,
    url = request.url ?? '',
  ): Promise<Passed | null> => {
    const admission = await admit(request, { url })
    if ('refusal' in admission) {
      answer(response, admission.refusal, admission.requestId)
      return null
    }
    const { admitted, target, headers } = admission
    for (let at = 0; at < headers.length; at += 2) {
      const name = headers[at] as string
      const value = headers[at + 1] as string
      response.setHeader(name, value)
      if (name === 'Vary') keepVary(response, value)
    }
    return { admitted, url: target.query === null ? target.path : `${target.path}?${target.query}` }
  }
}

function answer(response: ServerResponse, refusal: Refusal, requestId: string): void {
  const { status, headers, body } = refusal
  const fields = { 'X-Request-Id': requestId, ...headers, 'Content-Length': String(Buffer.byteLength(body)) }
  response.writeHead(status, fields).end(body)
}

/** Over HTTP/2 no header says whether a body follows, so that one which names a namespace would go unread. */
class HttpVersionError extends Error {
  readonly code = 'http_version'
  constructor() {
    super('The guard reads HTTP/1.1. Let HTTP/2 end at the proxy in front.')
    this.name = 'HttpVersionError'
  }
}
