import { canonicalAddress, isSlug } from '@keywright/core'
import type { Hono } from 'hono'
import type { Checkout } from '../stripe/checkout.ts'
import { pageHeaders, purchasePage } from '../stripe/pages.ts'
import type { Env } from './mount.ts'
import { invalid, notFound } from './problem.ts'

/** The two pages around a checkout at Stripe's: on the way there, and back. */
export function mountCheckoutCalls(app: Hono<Env>, checkout: Checkout): void {
  app.get('/api/stripe/checkout', (context) => {
    const wish = context.req.query('tenant_id') ?? null
    if (wish !== null && !isSlug(wish)) {
      throw invalid([{ field: 'tenant_id', message: 'must be a-z, 0-9, _ and -, at most 63' }])
    }
    const started = checkout.start(context.req.query('plan') ?? '', wish, context.req.header('cookie') ?? null)
    if (!started) throw notFound('plan')
    context.header('set-cookie', started.cookie)
    context.header('referrer-policy', 'no-referrer')
    return context.redirect(started.location, 303)
  })

  app.get('/api/stripe/success', async (context) => {
    const { method, headers } = context.req.raw
    // A browser that only guesses where its user goes would have the key, and the user not.
    const isVisit = method === 'GET' && !headers.has('sec-purpose') && !headers.has('purpose')
    const from = { address: canonicalAddress(context.env.peer), requestId: context.get('requestId') }
    const purchase = await checkout.finish(headers.get('cookie'), isVisit, from)
    if (purchase?.state === 'ready') context.header('set-cookie', purchase.cookie)
    const { status, html } = purchasePage(purchase)
    return context.body(html, status, pageHeaders)
  })
}
