/** Whoever comes by a portal link has their account elsewhere. Theirs here has an address that is nobody's. */
function isPortalAddress(email: string): boolean {
  return email.endsWith('@portal.invalid')
}

/** Empty where there is none to write to. */
export function shownAddress(email: string | null | undefined): string {
  return email && !isPortalAddress(email) ? email : ''
}

export const noAddress = 'Comes by a portal link'
