import type { IncomingMessage, ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import type { Addressing } from '../http/addressing.ts'
import { answer, answerJson } from '../http/answer.ts'
import { isSoundlyFramed } from '../http/framing.ts'
import { requestIdOf } from '../http/request-id.ts'
import type { HttpHandlers } from '../http/server.ts'
import type { Logger } from '../log/logger.ts'
import type { Control } from './app.ts'
import { Problem, problemAnswer } from './problem.ts'

/** Answers one path on Node's own request and response, without the framework's cost. */
export type RawHandler = (request: IncomingMessage, response: ServerResponse, requestId: string) => Promise<void> | void

export interface ControlListenerOptions {
  control: Control
  /** `POST /v1/verify`. */
  verify: RawHandler
  /** `/v1/forward-auth`, any method. */
  forwardAuth: RawHandler
  /** Whether verdicts can be reached now. */
  isReady: () => boolean | Promise<boolean>
  metrics: RawHandler
  addressing: Addressing
  log: Logger
}

/** The control side: what is asked for every request of an API goes past the framework, everything else through it. */
export function createControlListener(options: ControlListenerOptions): HttpHandlers {
  const { control, verify, forwardAuth, isReady, metrics, addressing, log } = options
  const viaFramework = getRequestListener(
    (request, { incoming }) => control.fetch(request, { peer: addressing.clientOf(incoming as IncomingMessage) ?? '' }),
    { overrideGlobalObjects: false },
  )

  const ready: RawHandler = async (_, response, requestId) => {
    if (await isReady()) answerJson(response, 200, requestId, '{"status":"ready"}')
    else
      answer(
        response,
        problemAnswer(new Problem('unavailable', undefined, { headers: { 'retry-after': '1' } }), requestId),
        requestId,
      )
  }

  function handlerOf(method: string, path: string): RawHandler | null {
    if (path === '/v1/forward-auth') return forwardAuth
    if (path === '/v1/verify') return method === 'POST' ? verify : null
    if (method !== 'GET' && method !== 'HEAD') return null
    if (path === '/health') return (_, response, requestId) => answerJson(response, 200, requestId, '{"status":"ok"}')
    if (path === '/ready') return ready
    return path === '/metrics' ? metrics : null
  }

  async function handle(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): Promise<void> {
    const requestId = requestIdOf(request.rawHeaders)
    try {
      if (!isSoundlyFramed(request) || request.url?.charCodeAt(0) !== 0x2f) {
        response.shouldKeepAlive = false
        answer(response, problemAnswer(new Problem('malformed_request'), requestId), requestId)
        return
      }
      const query = request.url.indexOf('?')
      const path = query < 0 ? request.url : request.url.slice(0, query)
      const handler = handlerOf(request.method ?? '', path)
      if (expectsContinue) response.writeContinue()
      if (handler) await handler(request, response, requestId)
      else await viaFramework(request, response)
    } catch (error) {
      log.error('a request to the control side could not be handled', { requestId, error })
      if (response.headersSent) response.destroy()
      else answer(response, problemAnswer(new Problem('internal_error'), requestId), requestId)
    }
  }

  return {
    onRequest: (request, response, expectsContinue) => void handle(request, response, expectsContinue),
    refuse: (status, requestId) => problemAnswer(new Problem(codes[status]), requestId),
  }
}

const codes = {
  400: 'malformed_request',
  408: 'request_timeout',
  431: 'headers_too_large',
} as const
