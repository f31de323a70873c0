import { createHmac } from 'node:crypto'

const stripeSecret = 'whsec_a_secret_of_the_tests'
export const stripeEnv = {
  KEYWRIGHT_STRIPE_WEBHOOK_SECRET: stripeSecret,
  KEYWRIGHT_STRIPE_PRICES: 'price_pro:pro, price_builder:builder',
}

let count = 0

export const stripeNow = () => Math.floor(Date.now() / 1000)

/** As Stripe documents it: https://docs.stripe.com/webhooks#verify-manually */
export function signedByStripe(body: string, { at = stripeNow(), key = stripeSecret } = {}): string {
  return `t=${at},v1=${createHmac('sha256', key).update(`${at}.${body}`).digest('hex')}`
}

export async function postStripe(control: string, body: string, signature: string | null) {
  const response = await fetch(`${control}/api/stripe/webhook`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(signature !== null && { 'stripe-signature': signature }) },
    body,
  })
  return { status: response.status, json: JSON.parse(await response.text()) }
}

export function sendStripe(control: string, event: object) {
  const body = JSON.stringify(event)
  return postStripe(control, body, signedByStripe(body))
}

export function checkout(tenant: string, { subscription = `sub_${tenant}`, price = 'price_pro', ...more } = {}) {
  const object = {
    id: `cs_${tenant}`,
    object: 'checkout.session',
    client_reference_id: tenant,
    subscription,
    payment_status: 'paid',
    metadata: { price },
    ...more,
  }
  const type = 'checkout.session.completed'
  return { id: `evt_${++count}`, object: 'event', type, created: stripeNow(), data: { object } }
}

export function subscription(
  tenant: string,
  { type = 'updated', status = 'active', price = 'price_pro', created = stripeNow() } = {},
) {
  const object = { id: `sub_${tenant}`, object: 'subscription', status, items: { data: [{ price: { id: price } }] } }
  return { id: `evt_${++count}`, object: 'event', type: `customer.subscription.${type}`, created, data: { object } }
}
