import { type IncomingHttpHeaders, type IncomingMessage, request as requestHttp, STATUS_CODES } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { Socket } from 'node:net'
import { pipeline } from 'node:stream'
import type { Attempt, Refusal } from '@keywright/core'
import { asText, hangUp, lingerMs } from '../http/server.ts'
import type { LongStream, LongStreams } from './long-streams.ts'

/** A peer that has vanished is found by TCP, where nobody else would: a WebSocket may be silent for days. */
const keepAliveMs = 60_000
/** What a caller may say before the upstream has agreed to listen. */
const mostEarlyBytes = 64 * 1024

export interface Tunnel {
  upstream: URL
  path: string
  /** Name, value, name, value, … */
  headers: readonly string[]
  timeouts: { connectMs: number; answerMs: number }
  /** The caller's. */
  socket: Socket
  head: Buffer
  streams: LongStreams
  attempt: Attempt
  /** False: there is nothing to ask again. */
  isAuthenticated: boolean
  filterResponse: (headers: IncomingHttpHeaders) => string[]
  /** The upstream agreed, or not. */
  answered: (status: number) => void
  failure: (error: Error) => Refusal
  /** In the middle of an answer. */
  brokeOff: () => void
  requestId: string
}

/**
 * Takes a WebSocket handshake to the upstream and, where that agrees, joins the two connections until either end or a
 * revocation closes them. Where it does not, the caller gets its answer.
 */
export function tunnel(options: Tunnel): void {
  const { upstream, path, headers, timeouts, socket, answered, failure, requestId } = options
  const isHttps = upstream.protocol === 'https:'
  const send = isHttps ? requestHttps : requestHttp
  // One list of pairs: a repeated header stays repeated. Node adds nothing to such a list, the host included.
  const fields = ['Host', upstream.host, ...headers, 'Connection', 'Upgrade', 'Upgrade', 'websocket']
  const settings = { method: 'GET', path, headers: fields, agent: false, timeout: timeouts.connectMs }
  const request = send(upstream.origin, settings)
  request.setSocketKeepAlive(true, keepAliveMs)
  let isAnswered = false

  const abandon = () => {
    socket.destroy()
    request.destroy()
  }
  socket.on('close', abandon)
  const early = readEarly(options, abandon)
  request.on('socket', (upstreamSocket) => {
    upstreamSocket.once(isHttps ? 'secureConnect' : 'connect', () => request.setTimeout(timeouts.answerMs))
  })
  request.on('timeout', () => request.destroy(Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' })))
  request.on('error', (error) => {
    if (!isAnswered && socket.writable) hangUp(socket, asText(failure(error), requestId))
  })
  request.on('response', (response) => {
    isAnswered = true
    early()
    // Reset by its caller, of which `close` tells only in a moment: such a one cannot be joined to anything.
    if (socket.destroyed) {
      response.destroy()
      return
    }
    answered(response.statusCode ?? 502)
    // A stream may be silent for as long as both ends like.
    request.setTimeout(0)
    relayAnswer(options, response)
  })
  request.on('upgrade', (response, upstreamSocket, upstreamHead) => {
    if (socket.destroyed) {
      upstreamSocket.destroy()
      return
    }
    answered(101)
    join(options, early(), response, upstreamSocket, upstreamHead)
  })
  request.end()
}

/**
 * Reads on while the upstream is silent: only who reads learns that the caller has left. Answers how to stop, which
 * hands out what came early.
 */
function readEarly({ socket, head }: Tunnel, abandon: () => void): () => Buffer {
  const chunks = [head]
  let length = head.length
  const keep = (chunk: Buffer) => {
    chunks.push(chunk)
    length += chunk.length
    if (length >= mostEarlyBytes) socket.pause()
  }
  socket.on('end', abandon).on('data', keep)
  return () => {
    socket.off('end', abandon).off('data', keep)
    return Buffer.concat(chunks)
  }
}

function join(
  options: Tunnel,
  early: Buffer,
  response: IncomingMessage,
  upstreamSocket: Socket,
  upstreamHead: Buffer,
): void {
  const { socket, streams, attempt, isAuthenticated } = options
  const close = () => {
    streams.remove(stream)
    socket.destroy()
    upstreamSocket.destroy()
  }
  const stream: LongStream = { attempt: isAuthenticated ? attempt : null, isTunnel: true, cut: close }
  for (const end of [socket, upstreamSocket]) end.on('error', close)
  socket.on('close', close)
  // Nobody hears any more what the caller says. It has so long to read the last words, and may never do it.
  upstreamSocket.on('end', () => {
    socket.unpipe(upstreamSocket).resume()
    const timer = setTimeout(close, lingerMs)
    socket.once('close', () => clearTimeout(timer))
  })
  upstreamSocket.setTimeout(0)
  socket.write(
    `${statusLine(101)}${written([...filtered(options, response), 'Connection', 'Upgrade', 'Upgrade', 'websocket'])}\r\n`,
    'latin1',
  )
  if (upstreamHead.length > 0) socket.write(upstreamHead)
  if (early.length > 0) upstreamSocket.write(early)
  socket.pipe(upstreamSocket)
  // Not `pipe`: a caller who reads slowly still has its last words to come when it is gone.
  pipeline(upstreamSocket, socket, (error) => error && close())
  streams.add(stream)
}

/** What the upstream says to a handshake it did not like, or did not notice: that may be a stream without an end. */
function relayAnswer(options: Tunnel, response: IncomingMessage): void {
  const { socket, streams, attempt, isAuthenticated, brokeOff } = options
  // Its end is where the connection ends: only a reset tells the caller that this is not all of it.
  const cut = () => {
    response.destroy()
    socket.resetAndDestroy()
  }
  const stream: LongStream = { attempt, isTunnel: false, cut }
  if (isAuthenticated) streams.add(stream)
  const status = response.statusCode ?? 502
  const headers = filtered(options, response).filter((_, i, all) => {
    const name = all[i - (i % 2)] as string
    return name.toLowerCase() !== 'content-length'
  })
  // Whoever forwards an answer without one says when it came (RFC 9110 §6.6.1).
  if (response.headers.date === undefined) headers.push('Date', new Date().toUTCString())
  socket.write(`${statusLine(status)}${written([...headers, 'Connection', 'close'])}\r\n`, 'latin1')
  // Only who reads learns that the caller has left.
  socket.on('end', cut).resume()
  // Before the pipeline's own listener, which would end the connection as if all had come.
  response.on('error', () => {
    if (socket.destroyed) return
    brokeOff()
    cut()
  })
  pipeline(response, socket, (error) => {
    streams.remove(stream)
    if (!error) hangUp(socket)
  })
}

function filtered({ filterResponse }: Tunnel, { headersDistinct }: IncomingMessage): string[] {
  return filterResponse(headersDistinct as IncomingHttpHeaders)
}

function statusLine(status: number): string {
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`
}

/** As latin1, which is how Node reads them: other bytes would be other bytes. */
function written(headers: readonly string[]): string {
  let text = ''
  for (let i = 0; i < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`
  return text
}
