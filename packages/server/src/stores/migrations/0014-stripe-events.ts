import type { Migration } from './migration.ts'

/** Stripe sends an event more than once, and tells their time in seconds alone. */
export const stripeEvents: Migration = {
  number: 14,
  name: 'stripe-events',
  statements: () => ['alter table kw_stripe_subscriptions add column latest_events text'],
}
