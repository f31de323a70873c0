import { refuseForeign } from '../access/sessions.ts'
import { Problem } from '../control/problem.ts'
import type { Person, Session, SignedIn, WaysIn } from './people.ts'
import { isPortalAddress } from './portal.ts'
import type { SignIn } from './sign-in.ts'

/** @throws Problem where this instance has no sign-in */
export function requireSignIn({ signIn }: { signIn: SignIn | null }): SignIn {
  if (signIn) return signIn
  throw new Problem('sign_in_off')
}

/** A session, and nothing else: what is decided here is a person's own, in front of a screen. @throws Problem */
export async function requireSession(request: Request, { sessions }: SignIn): Promise<SignedIn> {
  const signedIn = await sessions.of(request)
  if (signedIn) return signedIn
  throw new Problem('not_signed_in')
}

const freshSeconds = 24 * 3600

/** Another way in, which outlasts the session, is made by who has just shown who they are. @throws Problem */
export function refuseStale({ createdAt }: Session, now: Date): void {
  if (now.getTime() - createdAt.getTime() < freshSeconds * 1000) return
  throw staleSession()
}

export function staleSession(): Problem {
  return new Problem('not_signed_in', 'Sign in again first: this session is older than a day.')
}

/** @throws Problem where nothing is left that lets them in */
export function refuseLastWayIn({ issuers, hasPassword, passkeys }: WaysIn): void {
  if (hasPassword || issuers.length > 0 || passkeys.length > 0) return
  throw new Problem('conflict', 'There is no other way into your account. Set a password or add a passkey first.')
}

/** Who comes by portal links comes by nothing else, so that their provider can end it by giving no more. @throws Problem */
export function refusePortalPerson({ email }: Pick<Person, 'email'>): void {
  if (!isPortalAddress(email)) return
  throw new Problem('permission_missing', 'You come here by links of another site, which stay the only way in.')
}

/** Signing someone in unasked would have them work in a stranger's account. @throws Problem */
export function requireOwnPage({ headers }: Request, { isOwn }: SignIn): void {
  refuseForeign(headers, isOwn, { isCookieSent: headers.has('cookie') })
}

/** For what is only read: a browser sends its cookie along where another site sends it here. @throws Problem */
export function refuseOtherSite({ headers }: Request): void {
  const site = headers.get('sec-fetch-site')
  if (site !== null && site !== 'same-origin' && site !== 'none') throw new Problem('foreign_origin')
}
