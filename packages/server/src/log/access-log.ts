import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Contract, Outcome } from '@keywright/core'
import type { Exchange } from '../edge/exchange.ts'
import { RouteNames } from '../usage/route-names.ts'
import type { Logger } from './logger.ts'
import type { Redact } from './redact.ts'

/** One line a request, once it is over: never its query, a header or a body, nor more of its path than its route. */
export interface AccessLog {
  /** `stream` is where the answer goes. */
  opened(request: IncomingMessage, stream: ServerResponse | Duplex, requestId: string): void
  /** What is told of the request beside that, as far as it is known by then. */
  decided(stream: ServerResponse | Duplex, asked: Asked, outcome: Outcome | null): void
  /** Of a connection that has no response of Node's to tell it. */
  answered(connection: Duplex, status: number): void
}

type Asked = Pick<Exchange, 'method' | 'target' | 'address'>

interface Decision {
  asked: Asked
  /** null where no verdict was needed, or none could be reached. */
  outcome: Outcome | null
}

export function createAccessLog(log: Logger, contract: Contract, redact: Redact): AccessLog {
  const routes = new RouteNames(contract, redact)
  let hour = 0
  const decisions = new WeakMap<ServerResponse | Duplex, Decision>()
  const statuses = new WeakMap<ServerResponse | Duplex, number>()

  function told(decision: Decision | undefined) {
    if (!decision) return {}
    const current = Math.floor(Date.now() / 3_600_000)
    if (current !== hour) routes.forget()
    hour = current
    const { asked, outcome } = decision
    const { method, target, address } = asked
    const principal = outcome?.principal ?? null
    return {
      route: routes.nameOf(method, target.path, principal !== null),
      ...(address !== null && { address }),
      ...(outcome && { verdict: outcome.allowed ? 'allowed' : outcome.reason }),
      ...(principal && { key: principal.key, organization: principal.organization }),
    }
  }

  return {
    opened({ method = '', socket }, stream, requestId) {
      const startMs = performance.now()
      const startBytes = socket.bytesWritten
      stream.once('close', () => {
        const status = 'headersSent' in stream && stream.headersSent ? stream.statusCode : statuses.get(stream)
        log.info('request', {
          requestId,
          method,
          ...(status !== undefined && { status }),
          ...told(decisions.get(stream)),
          ms: Math.round((performance.now() - startMs) * 1000) / 1000,
          bytes: socket.bytesWritten - startBytes,
        })
      })
    },
    decided: (stream, asked, outcome) => void decisions.set(stream, { asked, outcome }),
    answered: (connection, status) => void statuses.set(connection, status),
  }
}
