import {
  type Actor,
  createOrganizationIn,
  isSlug,
  type Lifecycle,
  LifecycleError,
  type Transaction,
  updateOrganizationIn,
} from '@keywright/core'
import { invalid, Problem } from '../control/problem.ts'
import { parseStrictObject, StrictJsonError } from '../control/strict-json.ts'
import type { Logger } from '../log/logger.ts'
import { concernsUs, type StripeEvent, stripeEvent } from './event.ts'
import { isSignedByStripe } from './signature.ts'
import type { Subscription, Subscriptions } from './subscriptions.ts'

export interface StripeParts {
  lifecycle: Lifecycle
  subscriptions: Subscriptions
  /** `whsec_…` */
  secret: string
  /** Plans by Stripe's ids of prices. */
  prices: Readonly<Record<string, string>>
  log: Logger
}

export interface StripeWebhook {
  /** @throws Problem where nothing was changed; Stripe sends it again, and shows its answer to its user */
  receive(call: { signature: string | null; body: string; address: string | null; requestId: string }): Promise<void>
}

type SubscriptionEvent = Extract<StripeEvent, { type: `customer.subscription.${string}` }>
type Checkout = Exclude<StripeEvent, SubscriptionEvent>

/**
 * Tenants that pay by Stripe: the end of a checkout makes one, the life of its subscription moves its plan and its state.
 * Events come twice, late and in any order; each leaves what the newest says.
 */
export function createStripeWebhook({ lifecycle, subscriptions, secret, prices, log }: StripeParts): StripeWebhook {
  /** One that the contract has: what was remembered may be of an earlier one. */
  function known(plan: string | null | undefined): string | null {
    return plan != null && Object.hasOwn(lifecycle.contract.plans, plan) ? plan : null
  }

  function planOf(price: string | undefined): string | null {
    return price !== undefined && Object.hasOwn(prices, price) ? known(prices[price]) : null
  }

  /**
   * null: not told. The tenant's id tells no plan: its buyer may have taken it from the checkout of a dearer one to the
   * payment link of a cheaper one.
   */
  function planBought(price: string | undefined): string | null {
    const plan = planOf(price)
    if (plan !== null || price === undefined) return plan
    throw invalid([{ field: 'price', message: `${price.slice(0, 64)} is in no plan: name it in stripePrices` }])
  }

  async function checkedOut(transaction: Transaction, { data: { object } }: Checkout, actor: Actor): Promise<void> {
    if (!['paid', 'no_payment_required'].includes(object.payment_status)) return
    const organization = object.client_reference_id ?? ''
    if (!isSlug(organization)) {
      throw invalid([{ field: 'client_reference_id', message: 'must be a tenant id: a-z, 0-9, _ and -, at most 63' }])
    }
    const subscription = await subscriptions.take(transaction, object.subscription ?? object.id)
    if (subscription.organization !== null) return
    const plan = known(subscription.plan) ?? planBought(object.line_items?.data[0]?.price.id ?? object.metadata?.price)
    const input = { id: organization, name: organization, ...(plan !== null && { plan }) }
    await createOrganizationIn(transaction, lifecycle, actor, input)
    if (plan === null && Object.keys(lifecycle.contract.plans).length > 0) {
      log.error('a checkout tells no price: its tenant has the first plan until its subscription tells another', {
        ...(actor.requestId !== null && { requestId: actor.requestId }),
        organization,
      })
    }
    const state = stateOf(subscription)
    if (state !== 'active') await updateOrganizationIn(transaction, lifecycle, actor, organization, { state })
    await subscriptions.put(transaction, { ...subscription, organization, plan })
  }

  async function subscriptionChanged(transaction: Transaction, event: SubscriptionEvent, actor: Actor): Promise<void> {
    const { id, items } = event.data.object
    const before = await subscriptions.take(transaction, id)
    const news = newsIn(event, before)
    if (news === null) return
    // One that is in no plan any more moves no plan; that it has ended counts all the same.
    const plan = planOf(items.data[0]?.price.id) ?? before.plan
    const after: Subscription = { ...before, ...news, plan }
    if (before.organization !== null) {
      // What an operator has decided stays, where Stripe has nothing new to say about it.
      const terms = {
        ...(plan !== null && plan !== before.plan && { plan }),
        ...(stateOf(after) !== stateOf(before) && { state: stateOf(after) }),
      }
      await updateOrganizationIn(transaction, lifecycle, actor, before.organization, terms).catch(ignoreGone)
    }
    await subscriptions.put(transaction, after)
  }

  return {
    async receive({ signature, body, address, requestId }) {
      if (!isSignedByStripe(signature, body, secret, lifecycle.now())) throw new Problem('invalid_signature')
      const event = read(body)
      if (event === null) return
      const actor: Actor = { type: 'system', id: 'stripe', triggeredBy: 'api', address, requestId }
      const taken = lifecycle.store.transact((transaction) =>
        isSubscription(event) ? subscriptionChanged(transaction, event, actor) : checkedOut(transaction, event, actor),
      )
      await taken.catch((error) => {
        if (!isSubscription(event))
          log.error('a checkout has ended, and no tenant was made for it', { requestId, error })
        throw error
      })
    },
  }
}

function isSubscription(event: StripeEvent): event is SubscriptionEvent {
  return event.type.startsWith('customer.subscription.')
}

type News = Pick<Subscription, 'state' | 'changedAt' | 'latestEvents'>

/** null: nothing new. */
function newsIn(event: SubscriptionEvent, { state: before, changedAt, latestEvents }: Subscription): News | null {
  const { id, type, created, data } = event
  // It begins incomplete, for as long as its checkout takes: its beginning tells what is bought, and no state.
  if (type === 'customer.subscription.created') return before === null ? { state: null, changedAt, latestEvents } : null
  const at = new Date(created * 1000)
  if (before === 'ended' || changedAt > at) return null
  // Sent once more, it would undo what came after it in the same second.
  const earlier = changedAt.getTime() === at.getTime() ? latestEvents : []
  if (id != null && earlier.includes(id)) return null
  const state = type === 'customer.subscription.deleted' ? 'ended' : (states.get(data.object.status) ?? 'suspended')
  return { state, changedAt: at, latestEvents: id == null ? earlier : [...earlier, id] }
}

const states: ReadonlyMap<string, 'active' | 'unpaid' | 'suspended'> = new Map([
  ['active', 'active'],
  ['trialing', 'active'],
  ['past_due', 'unpaid'],
  ['unpaid', 'unpaid'],
  ['incomplete', 'unpaid'],
])

function stateOf({ state }: Subscription): 'active' | 'unpaid' | 'suspended' {
  return state === 'ended' ? 'suspended' : (state ?? 'active')
}

/** An operator has deleted the tenant, whose subscription lives on. */
function ignoreGone(error: unknown): void {
  if (!(error instanceof LifecycleError) || error.code !== 'not_found') throw error
}

/** null: an event that is none of ours. */
function read(body: string): StripeEvent | null {
  let event: unknown
  try {
    event = parseStrictObject(body)
  } catch (error) {
    if (error instanceof StrictJsonError) throw new Problem('malformed_body', error.message)
    throw error
  }
  if (!concernsUs(event)) return null
  const read = stripeEvent.safeParse(event)
  if (read.success) return read.data
  throw invalid(read.error.issues.map(({ path, message }) => ({ field: path.join('.') || 'body', message })))
}
