import type { IncomingMessage } from 'node:http'
import { soleHeader } from '@keywright/core'

/**
 * The whole body; null where it has more than `mostBytes`, of which the rest is thrown away. Rejects when the sender gives up.
 *
 * `askForIt` is called unless the head says already that it is too much (RFC 9110 §10.1.1).
 */
export function readBody(
  request: IncomingMessage,
  mostBytes: number,
  askForIt: () => void = () => {},
): Promise<Buffer | null> {
  if (Number(soleHeader(request.rawHeaders, 'content-length')) > mostBytes) return Promise.resolve(null)
  askForIt()
  if (request.readableEnded) return Promise.resolve(Buffer.alloc(0))
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    request.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length <= mostBytes) chunks.push(chunk)
      // The rest is taken in all the same: its sender would otherwise not get to read the answer (RFC 9112 §9.6).
      else resolve(null)
    })
    request.on('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)))
    request.on('error', reject)
    request.on('close', () => {
      if (!request.readableEnded) reject(new Error('The sender closed the connection before the body was whole.'))
    })
  })
}
