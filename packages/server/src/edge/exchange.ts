import type { IncomingMessage, ServerResponse } from 'node:http'
import type { EdgeRequest } from '@keywright/contracts'
import type { Target } from '@keywright/core'

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

/** What the verifier is asked about it. */
export function attemptOf({
  request,
  method,
  target,
  address,
  requestId,
}: Omit<Exchange, 'response'>): EdgeRequest['attempt'] {
  const attempt: EdgeRequest['attempt'] = { headers: request.rawHeaders, method, path: target.path, requestId }
  if (target.query !== null) attempt.query = target.query
  if (address !== null) attempt.ip = address
  return attempt
}
