import { randomBytes } from 'node:crypto'
import { type Actor, issue, type Lifecycle, LifecycleError } from '@keywright/core'
import type { Sealer } from '../sign-in/sealed.ts'

/** Where somebody is with buying their first key. */
export type Purchase =
  | { state: 'ready'; tenant: string; credential: string }
  /** Stripe has not told us yet. */
  | { state: 'waiting'; tenant: string }
  /** The key was shown, and is shown once. */
  | { state: 'over'; tenant: string }

export interface Checkout {
  /** null: no payment link is configured for this plan. */
  start(plan: string, wish: string | null): { location: string; cookie: string } | null
  /** null: this browser has started none. @param isVisit somebody looks at it; else nothing is made */
  finish(
    cookies: string | null,
    isVisit: boolean,
    from: { address: string | null; requestId: string },
  ): Promise<Purchase | null>
  /** Makes the browser forget it. */
  forget: string
}

const lifetimeSeconds = 24 * 3600
/** Of base32, 60 bits: who pays for a tenant is told by its id alone, so nobody may guess or choose another's. */
const suffixLength = 12
const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789'

export function createCheckout({
  lifecycle,
  sealer,
  links,
  isSecure,
}: {
  lifecycle: Lifecycle
  sealer: Sealer
  /** Stripe's payment links, by plan. */
  links: Readonly<Record<string, string>>
  isSecure: boolean
}): Checkout {
  const name = `${isSecure ? '__Host-' : ''}keywright.checkout`
  const attributes = `Path=/; HttpOnly; ${isSecure ? 'Secure; ' : ''}SameSite=Lax`

  return {
    forget: `${name}=; Max-Age=0; ${attributes}`,
    start(plan, wish) {
      const link = Object.hasOwn(links, plan) ? links[plan] : undefined
      if (link === undefined) return null
      const suffix = Array.from(randomBytes(suffixLength), (byte) => alphabet[byte & 31]).join('')
      const tenant = `${wish === null ? 'tenant' : wish.slice(0, 63 - suffixLength - 1)}-${suffix}`
      const location = new URL(link)
      location.searchParams.set('client_reference_id', tenant)
      const expiresAt = new Date(lifecycle.now().getTime() + lifetimeSeconds * 1000)
      const cookie = `${name}=${sealer.seal({ tenant }, expiresAt)}; Max-Age=${lifetimeSeconds}; ${attributes}`
      return { location: location.href, cookie }
    },
    async finish(cookies, isVisit, from) {
      const found = (cookies ?? '').split(';').find((cookie) => cookie.trim().startsWith(`${name}=`))
      const opened = sealer.open(found?.trim().slice(name.length + 1) ?? '', lifecycle.now())
      if (opened === null) return null
      const { tenant } = opened as { tenant: string }
      const organization = await lifecycle.store.organization(tenant)
      if (!organization || !isVisit) return { state: 'waiting', tenant }
      const { items } = await lifecycle.store.keys({ organization: tenant, limit: 1 })
      if (items.length > 0) return { state: 'over', tenant }
      const actor: Actor = { type: 'system', id: 'stripe', triggeredBy: 'api', ...from }
      try {
        const { credential } = await issue(lifecycle, actor, { organization: tenant, name: 'Default' })
        return { state: 'ready', tenant, credential }
      } catch (error) {
        // Of two visits at once one gets it: a tenant has one active key.
        if (error instanceof LifecycleError && error.code === 'conflict') return { state: 'over', tenant }
        throw error
      }
    },
  }
}
