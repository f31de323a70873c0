import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Verifier } from '../verify/verifier.ts'
import type { Admitted } from './admission.ts'
import { compileGate, type NodeGuardOptions } from './on-node.ts'

export type { Admitted, NodeGuardOptions }

declare global {
  namespace Express {
    interface Request {
      keywright: Admitted
    }
  }
}

interface ExpressRequest extends IncomingMessage {
  originalUrl: string
  baseUrl: string
  app: Application
}

interface Application {
  router: Router
  /** That of Express 4, where `router` throws. */
  _router?: Router
  /** The one it is mounted in. */
  parent?: Application
}

interface Router {
  caseSensitive?: boolean
  strict?: boolean
  stack: readonly Layer[]
}

interface Layer {
  handle: unknown
  route?: { stack: readonly Layer[] }
}

/**
 * For Express: `app.use(guard(verifier))`, before body parsers and routes. `request.keywright` has the principal.
 *
 * Express by itself routes `/V1/Things/` like `/v1/things`, and the contract does not: a router without
 * `case sensitive routing` and `strict routing` would run handlers under rules that are not theirs, so it gets an error.
 * Only an application that is mounted behind the guard is out of its sight, and has to say both itself.
 */
export function guard(verifier: Verifier, options: NodeGuardOptions = {}) {
  const pass = compileGate(verifier, options)
  const proceed = async (incoming: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => {
    const request = incoming as ExpressRequest & { keywright?: Admitted }
    const { originalUrl, baseUrl, app } = request
    if (!routesExactly(app, handler)) return next(new LooseRoutingError())
    const passed = await pass(request, response, originalUrl)
    if (passed === null) return
    if (!passed.url.startsWith(baseUrl)) return next(new MountError())
    // Express writes back what it cut off, so that only the rest is ours to spell.
    const rest = passed.url.slice(baseUrl.length)
    request.url = rest.startsWith('/') ? rest : `/${rest}`
    request.keywright = passed.admitted
    next()
  }
  const handler = (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void): void => {
    // Express 4 looks at no promise, and one that rejects would end the process.
    proceed(request, response, next).catch(next)
  }
  return handler
}

/**
 * Routers are asked, not the application: one takes the settings when it is made, which is at the first `app.use`, and a
 * mounted application is told those of its parent after that. Routers that are added later are looked at all the same,
 * and what stands before the guard, which it does not guard, is not.
 */
function routesExactly(app: Application, guarding: unknown): boolean {
  const router = app._router ?? app.router
  const own = router.stack.findIndex(({ handle }) => handle === guarding)
  return isExact(router, own + 1) && (app.parent === undefined || routesExactly(app.parent, guarding))
}

function isExact({ caseSensitive, strict, stack }: Router, from = 0): boolean {
  return caseSensitive === true && strict === true && areExact(stack.slice(from))
}

function areExact(layers: readonly Layer[]): boolean {
  return layers.every(({ handle, route }) => (route ? areExact(route.stack) : !isRouter(handle) || isExact(handle)))
}

/** Others have a stack as well, such as applications of `connect`, and route nothing that a contract would name. */
function isRouter(handle: unknown): handle is Router {
  return typeof handle === 'function' && 'stack' in handle && 'caseSensitive' in handle
}

class LooseRoutingError extends Error {
  readonly code = 'loose_routing'
  constructor() {
    super(
      "Express is not as exact about paths as the contract. Before anything else say app.set('case sensitive routing', true) and app.set('strict routing', true), and make every Router with { caseSensitive: true, strict: true }.",
    )
    this.name = 'LooseRoutingError'
  }
}

class MountError extends Error {
  readonly code = 'ambiguous_mount'
  readonly status = 400
  constructor() {
    super('The path above this router has escapes that it need not have. Ask for it in plain letters.')
    this.name = 'MountError'
  }
}
