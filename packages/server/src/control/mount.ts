import { z } from '@hono/zod-openapi'
import { canonicalAddress } from '@keywright/core'
import type { Context, Hono } from 'hono'
import { type Access, actorOf, identify, permit } from '../access/caller.ts'
import { parseBody, readBody } from './body.ts'
import type { ControlParts } from './deps.ts'
import { once } from './idempotency.ts'
import type { Route } from './route.ts'
import { validated, validatedQuery } from './validation.ts'

/** What the listener knows of a request beside the request itself. */
export interface Env {
  Bindings: { peer: string }
  Variables: { requestId: string }
}

const nothing = z.strictObject({})

/** `/v1/keys/{key}` as Hono spells it. */
function honoPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1')
}

export function mount(app: Hono<Env>, routes: readonly Route[], deps: ControlParts): void {
  for (const route of routes) {
    app.on(route.method.toUpperCase(), honoPath(route.path), async (context) => {
      const answer = await answerTo(route, context, deps)
      return context.body(JSON.stringify(answer), route.answer.status, { 'content-type': 'application/json' })
    })
  }
}

/** Who asks comes before what is asked: a stranger learns nothing of what would have been valid. */
async function answerTo(route: Route, context: Context<Env>, deps: ControlParts): Promise<unknown> {
  const { headers } = context.req.raw
  const requestId = context.get('requestId')
  const address = canonicalAddress(context.env.peer)
  const schema = route.body ?? nothing
  if (route.permission === null) {
    // Before anybody is looked at: a body may take its time, in which a session can end.
    const text = await readBody(context.req.raw)
    const body = async () => validated(schema, parseBody(text, headers))
    const setCookies = (cookies: readonly string[]) => {
      for (const cookie of cookies) context.header('set-cookie', cookie, { append: true })
    }
    return route.answerTo({ request: context.req.raw, headers, address, requestId, body, setCookies }, deps)
  }
  const { permission } = route
  const enter = async () => {
    const caller = await identify(context.req.raw, accessOf(deps))
    permit(caller, permission)
    return caller
  }
  let caller = await enter()
  const url = new URL(context.req.url)
  const query = validatedQuery(route.query ?? nothing, url.searchParams)
  const text = await readBody(context.req.raw, route.mostBytes)
  // A body may take its time, in which they can lose what they came with.
  if (context.req.raw.body !== null) caller = await enter()
  const body = validated(schema, parseBody(text, headers))
  const actor = actorOf(caller, { address, requestId })
  const call = { params: context.req.param(), query, body, caller, actor, deps }
  const { lifecycle } = deps
  if (route.method !== 'post') return route.handle({ ...call, lifecycle })

  const attempted = {
    caller: `${caller.type}:${caller.id}`,
    route: route.operationId,
    header: headers.get('idempotency-key'),
    content: [url.pathname, url.search, text],
    now: lifecycle.now(),
  }
  return once(deps.calls, lifecycle.store, attempted, {
    run: (store) => route.handle({ ...call, lifecycle: { ...lifecycle, store } }),
    replay: (store, earlier) =>
      (route.replay ?? route.handle)({ ...call, lifecycle: { ...lifecycle, store } }, earlier),
  })
}

export function accessOf({ serviceKeys, cliTokens, signIn, lifecycle: { store, format } }: ControlParts): Access {
  return { serviceKeys, cliTokens, sessions: signIn?.sessions ?? null, store, format }
}
