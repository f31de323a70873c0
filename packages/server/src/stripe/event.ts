import { z } from 'zod'

/** As far as a `Date` goes (ECMA-262 §21.4.1.1). */
const seconds = z.int().min(0).max(8_640_000_000_000)
/** No longer at Stripe (docs.stripe.com/upgrades), and a database has no index for one of thousands of letters. */
const id = z.string().min(1).max(255)
const price = z.object({ id: z.string() })
const items = z.object({ data: z.array(z.object({ price })) })

const checkout = z.object({
  // A payment that takes days completes the checkout unpaid, and succeeds later.
  type: z.enum(['checkout.session.completed', 'checkout.session.async_payment_succeeded']),
  created: seconds,
  data: z.object({
    object: z.object({
      id,
      client_reference_id: z.string().nullish(),
      subscription: id.nullish(),
      payment_status: z.string(),
      metadata: z.record(z.string(), z.string()).nullish(),
      line_items: items.nullish(),
    }),
  }),
})

const subscription = z.object({
  /** Stripe's own events have one. */
  id: id.nullish(),
  type: z.enum(['customer.subscription.created', 'customer.subscription.updated', 'customer.subscription.deleted']),
  created: seconds,
  data: z.object({ object: z.object({ id, status: z.string(), items }) }),
})

/** As much of Stripe's events as concerns us. */
export const stripeEvent = z.union([checkout, subscription])
export type StripeEvent = z.output<typeof stripeEvent>

const known = new Set<string>([...checkout.shape.type.options, ...subscription.shape.type.options])

/** Stripe sends whatever an endpoint was ticked for. */
export function concernsUs(event: unknown): boolean {
  return typeof event === 'object' && event !== null && 'type' in event && known.has(String(event.type))
}
