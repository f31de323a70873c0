import type { IncomingMessage } from 'node:http'
import { soleHeader } from './framing.ts'

/**
 * The whole body, which whoever reads it next still finds; null where it has more than `mostBytes`.
 * Rejects when the sender gives up or has done so, and where somebody has read it already.
 */
export function peekBody(request: IncomingMessage, mostBytes: number): Promise<Buffer | null> {
  if (Number(soleHeader(request.rawHeaders, 'content-length')) > mostBytes) return Promise.resolve(null)
  if (request.readableDidRead) {
    return Promise.reject(new Error('The body has been read before the guard. Put the guard before body parsers.'))
  }
  // Before the sender is missed: a stream whose end somebody has read counts as destroyed too.
  if (isEmpty(request)) return Promise.resolve(Buffer.alloc(0))
  // No event will tell of that any more.
  if (request.destroyed) return Promise.reject(new SenderGoneError())
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    const settle = (result: Buffer | null) => {
      request.off('readable', onReadable).off('error', reject).off('close', onClose)
      resolve(result)
    }
    const onReadable = () => {
      // Nothing is asked for where nothing is left: that would end the stream, and nobody behind would be told.
      while (request.readableLength > 0) {
        const chunk = request.read() as Buffer
        chunks.push(chunk)
        length += chunk.length
        if (length > mostBytes) {
          settle(null)
          // The rest is taken in: its sender would otherwise not get to read the answer (RFC 9112 §9.6).
          request.resume()
          return
        }
      }
      if (!request.complete) return
      const body = Buffer.concat(chunks, length)
      // Before the stream has told anybody that it is at its end: it goes on from here as if nothing had been read.
      if (length > 0) request.unshift(body)
      settle(body)
    }
    const onClose = () => reject(new SenderGoneError())
    request.on('readable', onReadable).on('error', reject).on('close', onClose)
  })
}

/** All of it is there, and it is nothing: no event tells of that. */
function isEmpty(request: IncomingMessage): boolean {
  return request.complete && request.readableLength === 0
}

class SenderGoneError extends Error {
  constructor() {
    super('The sender closed the connection before the body was whole.')
  }
}
