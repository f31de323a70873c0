import type { IncomingMessage } from 'node:http'
import type {} from 'hono'
import type { Verifier } from '../verify/verifier.ts'
import { type Admitted, compileRequestIds } from './admission.ts'
import { compileNodeAdmission, type NodeGuardOptions } from './on-node.ts'
import { compileWebAdmission, peek, refusalResponse, withHeaders } from './on-web.ts'

export type { Admitted, NodeGuardOptions }

declare module 'hono' {
  interface ContextVariableMap {
    keywright: Admitted
  }
}

interface HonoContext {
  env: unknown
  req: { raw: Request; path: string }
  get res(): Response
  set res(answer: Response | undefined)
  set(name: 'keywright', admitted: Admitted): void
}

/**
 * For Hono: `app.use(guard(verifier))`. `context.get('keywright')` has the principal. On Node it looks at the request
 * as Node has it; elsewhere nobody tells the client's address, and keys that are bound to addresses are refused.
 *
 * An application with `strict: false` routes `/things/` like `/things`, and the contract does not: it is refused there.
 */
export function guard(verifier: Verifier, options: NodeGuardOptions = {}) {
  const onNode = compileNodeAdmission(verifier, options)
  const onWeb = compileWebAdmission(verifier, options)
  const requestIdOf = compileRequestIds(verifier)
  return async (context: HonoContext, next: () => Promise<void>): Promise<Response | undefined> => {
    const { raw, path } = context.req
    const { method } = raw
    const { incoming } = (context.env ?? {}) as { incoming?: IncomingMessage }
    if (!path.endsWith('/') && endsInSlash(incoming?.url ?? raw.url)) {
      const requestId = requestIdOf([...raw.headers].flat())
      return refusalResponse(verifier.refusal('invalid_request', { requestId }), requestId, method)
    }
    // Hono's `methodOverride` changes the method of the one, and the other stays as it came.
    const admission = await (incoming
      ? onNode(incoming, { url: incoming.url ?? '', method, peekBody: (mostBytes) => peek(raw, mostBytes) })
      : onWeb(raw, null))
    if ('refusal' in admission) return refusalResponse(admission.refusal, admission.requestId, method)
    context.set('keywright', admission.admitted)
    await next()
    const answer = withHeaders(context.res, admission.headers)
    // Onto one that is already there Hono writes that one's headers again.
    context.res = undefined
    context.res = answer
    return undefined
  }
}

function endsInSlash(url: string): boolean {
  const query = url.indexOf('?')
  return url.endsWith('/', query < 0 ? url.length : query)
}
