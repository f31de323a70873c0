import { refuseForeign } from '../access/sessions.ts'
import { Problem } from '../control/problem.ts'
import type { Person, SignedIn } from './people.ts'
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

/** Who comes by portal links comes by nothing else, so that their provider can end it by giving no more. @throws Problem */
export function refusePortalPerson({ email }: Pick<Person, 'email'>): void {
  if (!isPortalAddress(email)) return
  throw new Problem('permission_missing', 'You come here by links of another site, which stay the only way in.')
}

/** Signing someone in unasked would have them work in a stranger's account. @throws Problem */
export function requireOwnPage({ headers }: Request, { isOwn }: SignIn): void {
  refuseForeign(headers, isOwn, { isCookieSent: headers.has('cookie') })
}
