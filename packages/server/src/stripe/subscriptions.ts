import type { OrganizationRecord } from '@keywright/core'

/** What Stripe has told of a subscription, or of a single payment. */
export interface Subscription {
  /** Stripe's id of it. */
  id: string
  /** Whom it pays for; null: the checkout has not been told of yet. */
  organization: string | null
  /** The organization was made for it. */
  isFounded: boolean
  plan: string | null
  /** null: nothing but the checkout has been told; `ended` is for good. */
  state: OrganizationRecord['state'] | 'ended' | null
  /** Stripe's time of the event that said so. */
  changedAt: Date
}

export interface Subscriptions {
  get(id: string): Promise<Subscription | undefined>
  put(subscription: Subscription): Promise<void>
}
