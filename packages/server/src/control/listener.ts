import type { IncomingMessage, ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { type Addressing, isSoundlyFramed, requestIdOf } from '@keywright/core'
import type { Console } from '../console/console.ts'
import type { Docs } from '../docs/docs.ts'
import { answer, answerJson } from '../http/answer.ts'
import type { HttpHandlers } from '../http/server.ts'
import type { Logger } from '../log/logger.ts'
import { tellOutage } from '../log/tell-outage.ts'
import type { Control } from './app.ts'
import { otherMethod, Problem, problemAnswer, unavailable } from './problem.ts'
import { failureOf } from './problem-of.ts'

/** Answers one path on Node's own request and response, without the framework's cost; at once where it can. */
export type RawHandler = (request: IncomingMessage, response: ServerResponse, requestId: string) => Promise<void> | void

export interface ControlListenerOptions {
  control: Control
  console: Console
  docs: Docs
  /** `POST /v1/verify`. */
  verify: RawHandler
  /** `/v1/forward-auth`, any method. */
  forwardAuth: RawHandler
  /** Whether verdicts can be reached now. */
  isReady: () => boolean | Promise<boolean>
  metrics: RawHandler
  addressing: Addressing
  /** Whether a text has a credential in it: such a request id would be written down. */
  hasCredential: (text: string) => boolean
  log: Logger
}

/** The control side: what is asked for every request of an API goes past the framework, everything else through it. */
export function createControlListener(options: ControlListenerOptions): HttpHandlers {
  const { control, console, docs, verify, forwardAuth, isReady, metrics, addressing, hasCredential, log } = options
  const viaFramework = getRequestListener(
    (request, { incoming }) => control.fetch(request, { peer: addressing.clientOf(incoming as IncomingMessage) ?? '' }),
    { overrideGlobalObjects: false },
  )

  const health: RawHandler = (_, response, requestId) => answerJson(response, requestId, '{"status":"ok"}')

  const ready: RawHandler = async (_, response, requestId) => {
    if (await isReady()) answerJson(response, requestId, '{"status":"ready"}')
    else answer(response, problemAnswer(unavailable(), requestId), requestId)
  }

  const noAnswer = tellOutage(log, 'no answer can be given without the database')

  const refuseOther =
    (methods: readonly string[]): RawHandler =>
    (_, response, requestId) =>
      answer(response, problemAnswer(otherMethod(methods), requestId), requestId)
  const refuseToWrite = refuseOther(['GET', 'HEAD'])
  const refuseOtherThanPost = refuseOther(['POST'])

  function handlerOf(method: string, path: string, request: IncomingMessage): RawHandler {
    if (path === '/v1/forward-auth') return forwardAuth
    if (path === '/v1/verify') return method === 'POST' ? verify : refuseOtherThanPost
    const read = readerOf(path, request)
    if (read === null) return viaFramework
    return method === 'GET' || method === 'HEAD' ? read : refuseToWrite
  }

  /** Who answers a GET or HEAD; null: the framework, all methods. */
  function readerOf(path: string, request: IncomingMessage): RawHandler | null {
    if (path === '/health') return health
    if (path === '/ready') return ready
    if (path === '/metrics') return metrics
    if (docs.takes(path)) return docs.handle
    return console.takes(path, request) ? console.handle : null
  }

  function fail(response: ServerResponse, requestId: string, error: unknown): void {
    const problem = failureOf(error)
    if (problem.code === 'unavailable') noAnswer(error, { requestId })
    else log.error('a request to the control side could not be handled', { requestId, error })
    if (response.headersSent || response.destroyed) response.destroy()
    else answer(response, problemAnswer(problem, requestId), requestId)
  }

  return {
    onRequest(request, response, expectsContinue) {
      const requestId = requestIdOf(request.rawHeaders, hasCredential)
      const { url = '', method = '' } = request
      if (!isSoundlyFramed(request) || url.charCodeAt(0) !== 0x2f) {
        response.shouldKeepAlive = false
        answer(response, problemAnswer(new Problem('malformed_request'), requestId), requestId)
        return
      }
      const query = url.indexOf('?')
      try {
        if (expectsContinue) response.writeContinue()
        const pending = handlerOf(method, query < 0 ? url : url.slice(0, query), request)(request, response, requestId)
        pending?.catch((error: unknown) => fail(response, requestId, error))
      } catch (error) {
        fail(response, requestId, error)
      }
    },
    refuse: (status, requestId) => problemAnswer(new Problem(codes[status]), requestId),
  }
}

const codes = {
  400: 'malformed_request',
  408: 'request_timeout',
  431: 'headers_too_large',
} as const
