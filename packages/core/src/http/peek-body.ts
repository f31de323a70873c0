import type { IncomingMessage } from 'node:http'
import { soleHeader } from './framing.ts'

/**
 * The whole body, which whoever reads it next still finds; null where it has more than `mostBytes`.
 * Rejects when the sender gives up, and where somebody has read it already.
 */
export function peekBody(request: IncomingMessage, mostBytes: number): Promise<Buffer | null> {
  if (Number(soleHeader(request.rawHeaders, 'content-length')) > mostBytes) return Promise.resolve(null)
  if (request.readableDidRead) {
    return Promise.reject(new Error('The body has been read before the guard. Put the guard before body parsers.'))
  }
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    const settle = (result: Buffer | null) => {
      request.off('readable', onReadable).off('error', reject).off('close', onClose)
      resolve(result)
    }
    const onReadable = () => {
      for (let chunk = request.read() as Buffer | null; chunk !== null; chunk = request.read() as Buffer | null) {
        chunks.push(chunk)
        length += chunk.length
        if (length > mostBytes) return settle(null)
      }
      if (!request.complete) return
      const body = Buffer.concat(chunks, length)
      // Before the stream has told anybody that it is at its end: it goes on from here as if nothing had been read.
      if (length > 0) request.unshift(body)
      settle(body)
    }
    const onClose = () => reject(new Error('The sender closed the connection before the body was whole.'))
    request.on('readable', onReadable).on('error', reject).on('close', onClose)
  })
}
