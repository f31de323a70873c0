import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Attempt, Outcome } from '@keywright/core'
import { type Dispatcher, errors } from 'undici'
import { discardRest } from '../http/discard-rest.ts'
import type { LongStream, LongStreams } from './long-streams.ts'

/** What a relay needs of the gateway it works for. */
export interface RelayHost {
  streams: LongStreams
  /** What the caller is told beside the upstream's headers: name, value, name, value, … */
  responseHeaders: (status: number, headers: IncomingHttpHeaders, relay: Relay) => string[]
  failed: (relay: Relay, error: Error) => void
  /** In the middle of an answer. */
  brokeOff: () => void
}

/** One request on its way to the upstream, and its answer on the way back. Nothing is kept of either body. */
export class Relay implements Dispatcher.DispatchHandler, LongStream {
  readonly isTunnel = false
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly requestId: string
  readonly attempt: Attempt
  readonly outcome: Outcome
  /** False on a route that asks for no credential: there is nothing to ask again. */
  readonly isAuthenticated: boolean
  /** What the verifier says to the caller. */
  readonly notices: readonly string[]
  /** Of the monotonic clock. */
  readonly startedMs = performance.now()
  readonly #socket: Socket | null
  readonly #host: RelayHost
  /** Sends it once more; null where that could do something twice, or was done. */
  #again: (() => void) | null
  #controller: Dispatcher.DispatchController | null = null
  #over = false

  constructor(
    host: RelayHost,
    exchange: {
      request: IncomingMessage
      response: ServerResponse
      requestId: string
      attempt: Attempt
      outcome: Outcome
      notices: readonly string[]
      again: (() => void) | null
    },
  ) {
    this.#host = host
    this.request = exchange.request
    this.response = exchange.response
    // Neither the request nor its answer leads to it any more once both are over.
    this.#socket = exchange.response.socket
    this.requestId = exchange.requestId
    this.attempt = exchange.attempt
    this.outcome = exchange.outcome
    this.isAuthenticated = exchange.outcome.principal !== null
    this.notices = exchange.notices
    this.#again = exchange.again
    this.response.on('close', this.#onClose)
  }

  /** From here on it is asked again and again whether this may go on. */
  watch(): void {
    if (this.isAuthenticated) this.#host.streams.add(this)
  }

  /** Over HTTP/1.0 the connection's end may be the answer's: only a reset tells the caller that this is not all of it. */
  cut(): void {
    if (this.request.httpVersionMinor === 0) this.response.socket?.resetAndDestroy()
    this.response.destroy()
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#over) controller.abort(new errors.RequestAbortedError())
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    // Early hints and the like are between the upstream and us.
    if (status < 200) return
    const { response } = this
    response.writeHead(status, this.#host.responseHeaders(status, headers, this))
    response.on('drain', this.#onDrain)
    queueMicrotask(this.#afterStart)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.response.write(chunk)) controller.pause()
  }

  onResponseEnd(): void {
    this.response.end()
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    if (this.#over) return
    if (this.response.headersSent) {
      this.#host.brokeOff()
      this.cut()
    } else if (this.#again !== null && isHangUp(error)) {
      queueMicrotask(this.#again)
      this.#again = null
    } else this.#host.failed(this, error)
  }

  /** What came with the headers has been written by now; a stream that is silent so far must not hold them back. */
  readonly #afterStart = (): void => {
    if (this.#over || this.response.writableEnded) return
    this.response.flushHeaders()
    this.watch()
  }

  readonly #onDrain = (): void => this.#controller?.resume()

  readonly #onClose = (): void => {
    this.#over = true
    if (this.isAuthenticated) this.#host.streams.remove(this)
    if (!this.response.writableFinished) this.#controller?.abort(new errors.RequestAbortedError())
    else if (!this.request.complete) discardRest(this.request, this.#socket)
  }
}

/** As of a kept connection that the upstream closed while the request was on its way (RFC 9112 §9.3.1). */
function isHangUp(error: Error): boolean {
  return 'code' in error && (error.code === 'UND_ERR_SOCKET' || error.code === 'ECONNRESET')
}
