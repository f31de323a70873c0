import { createHmac, hash } from 'node:crypto'

/**
 * People who have their account elsewhere, and come by a link that their provider has asked for. Each has an account for
 * one organization alone, which no password of a person's choice opens and no invitation is for.
 */
const domain = 'portal.invalid'

/** @param user as the provider calls them */
export function portalAddress(organization: string, user: string): string {
  return `${hash('sha256', JSON.stringify([organization, user])).slice(0, 40)}@${domain}`
}

export function isPortalAddress(email: string): boolean {
  return email.toLowerCase().endsWith(`@${domain}`)
}

/** Nobody types it in. */
export function portalPassword(email: string, secret: string): string {
  return createHmac('sha256', secret).update(`keywright portal ${email}`).digest('base64url')
}
