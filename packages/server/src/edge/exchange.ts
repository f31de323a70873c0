import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Target } from '../gateway/path.ts'

/** A request that could be read, and where its answer goes. */
export interface Exchange {
  request: IncomingMessage
  response: ServerResponse
  /** Upper case. */
  method: string
  target: Target
  requestId: string
  /** Client address; null where there is none. */
  address: string | null
}
