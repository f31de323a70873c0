import { createMemoryCounters, requestIdOf } from '@keywright/core'
import { Hono } from 'hono'
import { watchHead } from '../feed/head-watch.ts'
import { tellOutage } from '../log/tell-outage.ts'
import { routes } from '../routes/index.ts'
import { mountCheckoutCalls } from './checkout-call.ts'
import type { ControlDeps } from './deps.ts'
import { mountDeviceCalls } from './device-calls.ts'
import { type Env, mount } from './mount.ts'
import { openapiDocument } from './openapi.ts'
import { otherMethod, Problem, problemResponse } from './problem.ts'
import { failureOf, problemOf } from './problem-of.ts'
import { mountProviderCall } from './provider-call.ts'
import { mountStripeCall } from './stripe-call.ts'

export interface Control {
  fetch(request: Request, env: { peer: string }): Response | Promise<Response>
}

/** The management API and people's sign-in. */
export function createControl(deps: ControlDeps): Control {
  const app = new Hono<Env>()

  app.use(async (context, next) => {
    const own = context.req.header('x-request-id')
    context.set('requestId', requestIdOf(own === undefined ? [] : ['x-request-id', own], deps.hasCredential))
    await next()
    context.header('x-request-id', context.get('requestId'))
    context.header('cache-control', 'no-store')
    context.header('x-content-type-options', 'nosniff')
  })

  let document: string | undefined
  app.get('/openapi.json', (context) => {
    document ??= JSON.stringify(openapiDocument())
    return context.body(document, 200, { 'content-type': 'application/json' })
  })

  mount(app, routes, {
    ...deps,
    leakReports: createMemoryCounters({ maxCounters: 65_536 }),
    awaitHead: watchHead(() => deps.lifecycle.store.head()),
  })
  mountDeviceCalls(app, deps)
  mountProviderCall(app, deps)
  if (deps.stripe) mountStripeCall(app, deps.stripe)
  if (deps.checkout) mountCheckoutCalls(app, deps.checkout)
  refuseOtherMethods(app)

  app.notFound((context) => problemResponse(noSuchPath(context.req.path), context.get('requestId')))
  const noAnswer = tellOutage(deps.logger, 'a call to the management API could not be carried out by the database')
  app.onError((error, context) => {
    const requestId = context.get('requestId')
    const problem = problemOf(error)
    if (problem) return problemResponse(problem, requestId)
    const { method, path } = context.req
    const facts = { requestId, method, path }
    const failure = failureOf(error)
    if (failure.code === 'unavailable') noAnswer(error, facts)
    else deps.logger.error('a call to the management API failed', { ...facts, error })
    return problemResponse(failure, requestId)
  })

  return { fetch: (request, env) => app.fetch(request, env) }
}

function noSuchPath(path: string): Problem {
  return new Problem('not_found', `There is no ${path.slice(0, 200)} here. /openapi.json lists what there is.`)
}

/** After the routes themselves, so that what arrives here has none. */
function refuseOtherMethods(app: Hono<Env>): void {
  const offered = app.routes.filter(({ method }) => method !== 'ALL')
  for (const path of new Set(offered.map((route) => route.path))) {
    const methods = offered.filter((route) => route.path === path).map(({ method }) => method)
    if (methods.includes('GET')) methods.push('HEAD')
    app.all(path, () => {
      throw otherMethod(methods)
    })
  }
}
