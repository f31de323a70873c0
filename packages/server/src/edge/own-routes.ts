import type { EdgeAnswer, EdgeRequest, EdgeRoutes } from '@keywright/contracts'
import { readBody } from '../http/read-body.ts'
import type { Exchange } from './exchange.ts'

/** A request for one of the contract's own routes, whose body is taken only where the route asks for it. */
export function answerOwn(
  routes: EdgeRoutes,
  { request, response, method, target, requestId }: Exchange,
  attempt: EdgeRequest['attempt'],
  expectsContinue: boolean,
  decided: EdgeRequest['decided'],
): Promise<EdgeAnswer> {
  return routes.answer({
    method,
    path: target.path,
    attempt,
    requestId,
    readBody: (mostBytes) => readBody(request, mostBytes, () => expectsContinue && response.writeContinue()),
    decided,
  })
}
