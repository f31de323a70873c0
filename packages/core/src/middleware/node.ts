import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Verifier } from '../verify/verifier.ts'
import { type Admitted, tell } from './admission.ts'
import { compileGate, type NodeGuardOptions } from './on-node.ts'

export type { Admitted, NodeGuardOptions }

export type GuardedRequest = IncomingMessage & { keywright: Admitted }

/**
 * For `node:http`: `createServer(guard(verifier)(handler))`. The handler runs for allowed requests alone, with the
 * principal in `request.keywright` and `request.url` in the one spelling that was authorised; all others have been
 * answered in the contract's words. A handler that throws or rejects is answered with the contract's 500.
 */
export function guard(verifier: Verifier, options: NodeGuardOptions = {}) {
  const pass = compileGate(verifier, options)
  return (handler: (request: GuardedRequest, response: ServerResponse) => unknown) =>
    async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      const passed = await pass(request, response)
      if (passed === null) return
      request.url = passed.url
      const { requestId } = passed.admitted
      const before = response.getHeaders()
      try {
        await handler(Object.assign(request, { keywright: passed.admitted }), response)
      } catch (error) {
        tell(options.onFailure, error, requestId)
        if (response.headersSent) {
          if (!response.writableEnded) cut(response)
          return
        }
        // What the handler has said of an answer that it did not give would be said of ours: how it is encoded, for one.
        for (const name of response.getHeaderNames()) response.removeHeader(name)
        for (const [name, value] of Object.entries(before)) if (value !== undefined) response.setHeader(name, value)
        response.statusMessage = ''
        const { status, headers, body } = verifier.refusal('internal_error', { requestId })
        response.writeHead(status, { ...headers, 'Content-Length': String(Buffer.byteLength(body)) }).end(body)
      }
    }
}

/**
 * Without chunks, as over HTTP/1.0, the connection's end may be the answer's: only a reset tells the caller that this is
 * not all of it. TLS tells the two ends apart itself, and a socket without an address knows no reset. A request that was
 * sent on as a body, and given up, has no socket any more: undici takes it away.
 */
function cut(response: ServerResponse): void {
  const { socket, chunkedEncoding } = response
  if (!chunkedEncoding && socket?.remoteAddress !== undefined && !('encrypted' in socket)) socket.resetAndDestroy()
  response.destroy()
}
