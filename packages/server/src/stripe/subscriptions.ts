import type { OrganizationRecord, Transaction } from '@keywright/core'

/** What Stripe has told of a subscription, or of a single payment. */
export interface Subscription {
  /** Stripe's id of it. */
  id: string
  /** What was made for it, and for nothing else; null: no checkout has ended in one. */
  organization: string | null
  plan: string | null
  /** null: nothing but the checkout has been told; `ended` is for good. */
  state: OrganizationRecord['state'] | 'ended' | null
  /** Stripe's time of the event that said so. */
  changedAt: Date
  /** Stripe's ids of all of that time that said something. */
  latestEvents: readonly string[]
}

/** Part of the transaction that changes the organization: events of one subscription may come to several nodes at once. */
export interface Subscriptions {
  /** What is known of it, which is nothing at first. Nobody else has it before the transaction is over. */
  take(transaction: Transaction, id: string): Promise<Subscription>
  put(transaction: Transaction, subscription: Subscription): Promise<void>
}
