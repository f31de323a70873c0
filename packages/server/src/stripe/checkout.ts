import { randomBytes } from 'node:crypto'
import { type Actor, issueIn, type Lifecycle, LifecycleError } from '@keywright/core'
import { createSealedCookie } from '../sign-in/sealed.ts'

/** Where somebody is with buying their first key. */
export type Purchase =
  /** @param cookie what the browser keeps from now on */
  | { state: 'ready'; tenant: string; credential: string; cookie: string }
  /** Stripe has not told us yet. */
  | { state: 'waiting'; tenant: string }
  /** The key was shown, and is shown once. */
  | { state: 'over'; tenant: string }

export interface Checkout {
  /** null: no payment link is configured for this plan. @param cookies with what the browser has started before */
  start(plan: string, wish: string | null, cookies: string | null): { location: string; cookie: string } | null
  /** null: this browser has started none. @param isVisit somebody looks at it; else nothing is made */
  finish(
    cookies: string | null,
    isVisit: boolean,
    from: { address: string | null; requestId: string },
  ): Promise<Purchase | null>
}

const lifetimeSeconds = 24 * 3600
/** Of those that a buyer looks at and goes back from, any may be the one that is paid. */
const mostTenants = 5
/** Of base32, 60 bits: who pays for a tenant is told by its id alone, so nobody may guess or choose another's. */
const suffixLength = 12
const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789'

export function createCheckout({
  lifecycle,
  secret,
  links,
  isSecure,
}: {
  lifecycle: Lifecycle
  secret: string
  /** Stripe's payment links, by plan. */
  links: Readonly<Record<string, string>>
  isSecure: boolean
}): Checkout {
  const kept = createSealedCookie({ secret, purpose: 'checkout', isSecure, lifetimeSeconds })

  /** The last first. */
  function startedIn(cookies: string | null): readonly string[] {
    return (kept.read(cookies, lifecycle.now()) as { tenants: string[] } | null)?.tenants ?? []
  }

  function cookieOf(tenants: readonly string[]): string {
    return tenants.length === 0 ? kept.forget : kept.write({ tenants }, lifecycle.now())
  }

  async function stateOf(tenant: string): Promise<'unpaid' | 'paid' | 'over'> {
    if (!(await lifecycle.store.organization(tenant))) return 'unpaid'
    const { items } = await lifecycle.store.keys({ organization: tenant, limit: 1 })
    if (items.length > 0) return 'over'
    // A key that was deleted has been shown as well.
    const created = { organization: tenant, action: 'key.created', newestFirst: true, limit: 1 }
    const { changes, next } = await lifecycle.store.audit(created)
    return changes.length > 0 || next !== null ? 'over' : 'paid'
  }

  return {
    start(plan, wish, cookies) {
      const link = Object.hasOwn(links, plan) ? links[plan] : undefined
      if (link === undefined) return null
      const suffix = Array.from(randomBytes(suffixLength), (byte) => alphabet[byte & 31]).join('')
      const tenant = `${wish === null ? 'tenant' : wish.slice(0, 63 - suffixLength - 1)}-${suffix}`
      const location = new URL(link)
      location.searchParams.set('client_reference_id', tenant)
      const cookie = cookieOf([tenant, ...startedIn(cookies)].slice(0, mostTenants))
      return { location: location.href, cookie }
    },
    async finish(cookies, isVisit, from) {
      const started = startedIn(cookies)
      const [last] = started
      if (last === undefined) return null
      if (!isVisit) return { state: 'waiting', tenant: last }
      const states = await Promise.all(started.map(stateOf))
      const tenant = started[states.indexOf('paid')]
      if (tenant === undefined) {
        const unpaid = started[states.indexOf('unpaid')]
        return unpaid === undefined ? { state: 'over', tenant: last } : { state: 'waiting', tenant: unpaid }
      }
      const actor: Actor = { type: 'system', id: 'stripe', triggeredBy: 'api', ...from }
      try {
        const { result } = await lifecycle.store.transact(async (transaction) => {
          // Under its lock, so that of visits at once the others find the key of the first.
          await transaction.organization(tenant)
          const { items } = await transaction.keys({ organization: tenant, limit: 1 })
          if (items.length > 0) throw new LifecycleError('conflict', 'The key of this tenant has been shown.')
          return issueIn(transaction, lifecycle, actor, { organization: tenant, name: 'Default' })
        })
        const { credential } = result
        const cookie = cookieOf(started.filter((one, i) => one !== tenant && states[i] !== 'over'))
        return { state: 'ready', tenant, credential, cookie }
      } catch (error) {
        if (error instanceof LifecycleError && error.code === 'conflict') return { state: 'over', tenant }
        throw error
      }
    },
  }
}
