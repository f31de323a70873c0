import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { newRequestId, type Refusal } from '@keywright/core'
import { answer } from './answer.ts'

export interface HttpHandlers {
  /** `expectsContinue`: the body comes once `response.writeContinue()` was called (RFC 9110 §10.1.1). */
  onRequest: (request: IncomingMessage, response: ServerResponse, expectsContinue: boolean) => void
  /** WebSocket handshakes; absent: they are ordinary requests. */
  onUpgrade?: (request: IncomingMessage, socket: Socket, head: Buffer) => void
  /** Absent: all of them; one that is not taken is an ordinary request (RFC 9110 §7.8). */
  takesUpgrade?: (request: IncomingMessage) => boolean
  /** What a caller is answered whose message could not be read. */
  refuse: (status: 400 | 408 | 431, requestId: string) => Refusal
}

/** For slow senders; a request's head may take no longer than this, and a second. */
const headersTimeout = 8_000
const requestTimeout = 300_000
/** Longer than the idle time of the proxies in front, so that they close first and no request falls between. */
const keepAliveTimeout = 75_000
/** For who gets to read the last of a connection only once they have said what they had to say. */
export const lingerMs = 30_000
/** Requests behind the last answer of a connection, which may be a stream without an end. */
const mostBehindLast = 100

export interface HttpServer {
  /** Resolves with the address, once connections are accepted. */
  listen: (host: string, port: number) => Promise<string>
  /** Takes no more connections, lets the requests under way finish, and cuts off what is left at the deadline. */
  drain: (deadlineMs: number) => Promise<void>
}

export function createHttpServer({ onRequest, onUpgrade, takesUpgrade, refuse }: HttpHandlers): HttpServer {
  const answers = new WeakMap<Duplex, ServerResponse[]>()
  const unreadable = new WeakSet<Duplex>()
  /** Asked to become something else, and are ordinary requests all the same. */
  const notUpgraded = new WeakSet<IncomingMessage>()
  /** The connection's last request; the answers before its own come first. */
  const latest = (socket: Duplex) => answers.get(socket)?.at(-1)
  /** Whether it is to be answered. What comes behind the last answer is not, and is not let pile up either. */
  const opened = (socket: Duplex, response: ServerResponse): boolean => {
    const waiting = answers.get(socket) ?? []
    if (socket.writableEnded || waiting.at(-mostBehindLast)?.shouldKeepAlive === false) {
      socket.destroy()
      return false
    }
    // Not carried out either (RFC 9112 §9.6): where the last request ends may be unsure, and so what this one is.
    const isBehindLast = waiting.at(-1)?.shouldKeepAlive === false
    while (waiting[0]?.writableFinished) waiting.shift()
    answers.set(socket, waiting)
    waiting.push(response)
    if (!isBehindLast) return true
    response.shouldKeepAlive = false
    response.req.resume()
    return false
  }
  const server = createServer({
    insecureHTTPParser: false,
    maxHeaderSize: 16 * 1024,
    headersTimeout,
    requestTimeout,
    keepAliveTimeout,
    // Of TCP: whoever has vanished from a stream that never ends is found by it.
    keepAlive: true,
    keepAliveInitialDelay: 60_000,
    connectionsCheckingInterval: 1_000,
    // Its absence is answered by the handler, in the contract's words.
    requireHostHeader: false,
    optimizeEmptyRequests: true,
    shouldUpgradeCallback: (request) => {
      const isTaken =
        onUpgrade !== undefined &&
        isWebSocketHandshake(request) &&
        // Behind a request that is still to be answered, the connection cannot become something else yet.
        latest(request.socket)?.writableFinished !== false &&
        !request.socket.writableEnded &&
        (takesUpgrade?.(request) ?? true)
      if (!isTaken) notUpgraded.add(request)
      return isTaken
    },
  })
  // Node drops what is beyond the limit, and with it a second credential; the size of the head is bounded anyway.
  server.maxHeadersCount = 0

  const take = (request: IncomingMessage, response: ServerResponse, expectsContinue: boolean) => {
    if (!opened(request.socket, response)) return
    // Node loses what came with a request that is not upgraded, and would read the next packet as if it began there.
    if (!server.listening || expectsContinue || notUpgraded.has(request)) response.shouldKeepAlive = false
    onRequest(request, response, expectsContinue)
  }
  server.on('request', (request, response) => take(request, response, false))
  server.on('checkContinue', (request, response) => take(request, response, true))
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    if (!opened(request.socket, response)) return
    const requestId = newRequestId()
    response.shouldKeepAlive = false
    answer(response, refuse(400, requestId), requestId)
  })
  if (onUpgrade) server.on('upgrade', (request, _, head) => onUpgrade(request, request.socket, head))
  // Without a listener the connection would be closed without a word.
  server.on('connect', (_, socket: Duplex) => {
    // Nobody else listens to it any more: a caller who hangs up first would end the process.
    socket.on('error', () => socket.destroy())
    const last = latest(socket)
    if (last?.writableFinished === false) {
      const waiting = answers.get(socket) ?? []
      // Node has let go of the connection, and no longer does this for the answers before this one.
      socket.on('drain', () => waiting.find(({ writableFinished }) => !writableFinished)?.emit('drain'))
      // Nor does it see any more that a caller has left.
      socket.on('end', () => socket.destroy())
      socket.on('close', () => {
        for (const response of waiting) response.destroy()
      })
      socket.resume()
      last.shouldKeepAlive = false
      last.once('finish', () => hangUp(socket))
      return
    }
    const requestId = newRequestId()
    hangUp(socket, asText(refuse(400, requestId), requestId))
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const waiting = answers.get(socket) ?? []
    const last = waiting.at(-1)
    if (socket.writableEnded || (last?.writableEnded && !last.shouldKeepAlive)) return
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    // Whatever else it sends cannot be read either, and is told of once more each time.
    if (unreadable.has(socket)) return
    unreadable.add(socket)
    const isOfLast = last?.req.complete === false
    const before = isOfLast ? waiting.at(-2) : last
    // What could not be read came behind a request that could: its answer goes first, and is the last.
    if (before?.writableFinished === false) {
      before.shouldKeepAlive = false
      before.once('finish', () => hangUp(socket))
      return
    }
    if (isOfLast && last.headersSent) {
      // A request has one answer.
      if (last.writableEnded) hangUp(socket)
      else socket.destroy()
      return
    }
    const requestId = newRequestId()
    hangUp(socket, asText(refuse(statusOf(error), requestId), requestId))
  })
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    // By this Node closes a connection behind its last answer, which a request that is still being sent would reset.
    const destroySoon = socket.destroySoon.bind(socket)
    socket.destroySoon = () => {
      if (latest(socket)?.req.complete === false) hangUp(socket, undefined, lingerMs)
      else destroySoon()
    }
  })

  return {
    listen: (host, port) => listen(server, host, port),
    drain: (deadlineMs) =>
      new Promise((resolve) => {
        const sweep = setInterval(() => server.closeIdleConnections(), 50)
        // Upgraded connections too, which the server itself no longer knows. By a reset, since an answer over HTTP/1.0
        // that is cut off by anything else looks like a whole one.
        const deadline = setTimeout(() => {
          for (const socket of sockets) socket.resetAndDestroy()
        }, deadlineMs)
        server.close(() => {
          clearInterval(sweep)
          clearTimeout(deadline)
          resolve()
        })
        server.closeIdleConnections()
        for (const socket of sockets) {
          const response = latest(socket)
          // Told otherwise, the caller would send the next request into a connection that is closed meanwhile.
          if (response?.headersSent === false) response.shouldKeepAlive = false
        }
      }),
  }
}

/** HTTP/1.0 has no upgrades (RFC 9110 §7.8). */
function isWebSocketHandshake({ method, headers, httpVersion }: IncomingMessage): boolean {
  return method === 'GET' && httpVersion === '1.1' && headers.upgrade?.toLowerCase() === 'websocket'
}

function statusOf({ code }: NodeJS.ErrnoException): 400 | 408 | 431 {
  if (code === 'HPE_HEADER_OVERFLOW') return 431
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400
}

/** Ends a connection that no server looks after any more, with a last answer or without. */
export function hangUp(socket: Duplex, answer?: string, withinMs = 1_000): void {
  socket.end(answer)
  // What the sender still has on the way would otherwise make the answer vanish in a reset.
  socket.resume()
  // Not a timeout of the socket, which every byte that the other side sends would put off.
  const timer = setTimeout(() => socket.destroy(), withinMs)
  socket.once('close', () => clearTimeout(timer))
}

/** An answer where there is no response to write it with. */
export function asText({ status, headers, body }: Refusal, requestId: string): string {
  const fields = {
    ...headers,
    'X-Request-Id': requestId,
    'Content-Length': String(Buffer.byteLength(body)),
    // Whoever has a clock says so in every answer (RFC 9110 §6.6.1).
    Date: new Date().toUTCString(),
    Connection: 'close',
  }
  const head = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${head.join('')}\r\n${body}`
}

/** Resolves with the address, once connections are accepted. */
function listen(server: Server, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.removeListener('error', reject)
      const { address, port: bound, family } = server.address() as AddressInfo
      resolve(`http://${family === 'IPv6' ? `[${address}]` : address}:${bound}`)
    })
  })
}
