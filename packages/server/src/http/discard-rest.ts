import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Takes in what is left of a request that was answered before its end, and that whoever was reading it has destroyed. To
 * close instead would reset the connection, and with it the answer on its way (RFC 9112 §9.6).
 */
export function discardRest(request: IncomingMessage, socket: Socket | null): void {
  // As Node does itself with a request that nobody has begun to read.
  ;(request as IncomingMessage & { _dump(): void })._dump()
  socket?.resume()
}
