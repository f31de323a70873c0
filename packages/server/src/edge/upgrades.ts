import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { type Denied, hasBody, isSoundlyFramed, type Refusal, readTarget, requestIdOf } from '@keywright/core'
import { asText, hangUp } from '../http/server.ts'
import type { tellOutage } from '../log/tell-outage.ts'
import type { EdgeOptions } from './edge.ts'
import { attemptOf, type Exchange } from './exchange.ts'

type Parts = Pick<EdgeOptions, 'verifier' | 'gateway' | 'addressing' | 'accessLog' | 'hasCredential'>
type RefusalOf = (outcome: Denied, from: Pick<Exchange, 'address' | 'requestId'>) => Refusal

/** A request to become something else, such as a WebSocket: judged like any other, and tunnelled where it is allowed. */
export function createUpgrades(
  { verifier, gateway, addressing, accessLog, hasCredential }: Parts,
  refusalOf: RefusalOf,
  noVerdict: ReturnType<typeof tellOutage>,
) {
  async function decide(
    request: IncomingMessage,
    socket: Socket,
    head: Buffer,
    requestId: string,
  ): Promise<Refusal | null> {
    const target = readTarget(request.url ?? '')
    if (target === null || !isSoundlyFramed(request) || hasBody(request.rawHeaders)) {
      return verifier.refusal('invalid_request', { requestId })
    }
    const exchange = { request, method: 'GET', target, requestId, address: addressing.clientOf(request) }
    accessLog?.decided(socket, exchange, null)
    const attempt = attemptOf(exchange)
    const outcome = await verifier.verify(attempt)
    accessLog?.decided(socket, exchange, outcome)
    if (!outcome.allowed) return refusalOf(outcome, exchange)
    if (gateway === null) return verifier.refusal('not_found', { requestId }, outcome)
    const answered = (status: number) => accessLog?.answered(socket, status)
    gateway.upgrade({ request, target, requestId, outcome, attempt }, socket, head, answered)
    return null
  }

  return async (request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> => {
    const requestId = requestIdOf(request.rawHeaders, hasCredential)
    socket.on('error', () => socket.destroy())
    accessLog?.opened(request, socket, requestId)
    const refusal = await decide(request, socket, head, requestId).catch((error) => {
      noVerdict(error, { requestId })
      return verifier.refusal('unavailable', { requestId })
    })
    if (!refusal || !socket.writable) return
    accessLog?.answered(socket, refusal.status)
    hangUp(socket, asText(refusal, requestId))
  }
}
