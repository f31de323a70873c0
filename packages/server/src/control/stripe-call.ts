import { canonicalAddress } from '@keywright/core'
import type { Hono } from 'hono'
import type { StripeWebhook } from '../stripe/webhook.ts'
import { readBody } from './body.ts'
import type { Env } from './mount.ts'

/** The signature is over the bytes as they came, so nothing reads them before. */
export function mountStripeCall(app: Hono<Env>, webhook: StripeWebhook): void {
  app.post('/api/stripe/webhook', async (context) => {
    await webhook.receive({
      signature: context.req.header('stripe-signature') ?? null,
      body: await readBody(context.req.raw),
      address: canonicalAddress(context.env.peer),
      requestId: context.get('requestId'),
    })
    return context.json({ received: true })
  })
}
