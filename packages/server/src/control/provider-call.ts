import { canonicalAddress } from '@keywright/core'
import type { Hono } from 'hono'
import { countAttempt, passkeyBounds } from '../sign-in/attempts.ts'
import { admitByProvider } from '../sign-in/by-provider.ts'
import { requireSignIn } from '../sign-in/guard.ts'
import type { ControlDeps } from './deps.ts'
import type { Env } from './mount.ts'
import { Problem } from './problem.ts'

/** Where a provider sends the browser back to: a page and no call, so what went wrong is told by the console. */
export function mountProviderCall(app: Hono<Env>, deps: ControlDeps): void {
  app.get('/api/auth/provider/:provider/callback', async (context) => {
    const signIn = requireSignIn(deps)
    const { providers, attempts, consoleUrl } = signIn
    const { lifecycle } = deps
    const { raw } = context.req
    const address = canonicalAddress(context.env.peer)
    context.header('set-cookie', providers.forget)
    context.header('referrer-policy', 'no-referrer')
    try {
      const now = lifecycle.now()
      const bounds = passkeyBounds(address)
      await countAttempt(attempts, bounds, now)
      const query = new URL(raw.url).search.slice(1)
      const back = await providers.finish(context.req.param('provider'), query, raw.headers.get('cookie'), now)
      if (!back) throw new Problem('provider_refused')
      const from = { address, requestId: context.get('requestId') }
      const { cookies } = await admitByProvider(signIn, lifecycle, back, raw, from)
      // Where it began it was counted too.
      for (const { name } of [...bounds, ...bounds]) await attempts.uncount(name)
      for (const cookie of cookies) context.header('set-cookie', cookie, { append: true })
      // What a header cannot hold is encoded, as browsers do.
      return context.redirect(new URL(`${consoleUrl()}${back.errand.to}`).href, 303)
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      return context.redirect(`${consoleUrl()}/sign-in?problem=${error.code}`, 303)
    }
  })
}
