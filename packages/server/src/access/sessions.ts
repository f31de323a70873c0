import { Problem } from '../control/problem.ts'
import type { People, SignedIn } from '../sign-in/people.ts'

/** Sessions as a credential: cookies, which browsers also send where another site made them. */
export interface Sessions {
  people: People
  /** null: no session. @throws Problem where a change is asked for from elsewhere than our own pages */
  of(request: Pick<Request, 'method' | 'headers'>): Promise<SignedIn | null>
}

/** @param isOwn whether an origin is that of the console */
export function createSessions(people: People, isOwn: (origin: string) => boolean): Sessions {
  return {
    people,
    async of({ method, headers }) {
      if (!headers.has('cookie')) return null
      const signedIn = await people.signedIn(headers)
      // A sign-in under way as they were disabled can leave a session that nobody has ended.
      if (!signedIn || signedIn.person.disabledAt) return null
      if (method !== 'GET' && method !== 'HEAD') refuseForeign(headers, isOwn, { isCookieSent: true })
      return signedIn
    },
  }
}

/**
 * A page of another site can make a browser send what it likes, but not in our name: `Origin` is the browser's own word
 * (Fetch Standard §3.2), and so is `Sec-Fetch-Site`. Where a cookie is at stake their absence is no excuse.
 * @throws Problem
 */
export function refuseForeign(
  headers: Headers,
  isOwn: (origin: string) => boolean,
  { isCookieSent }: { isCookieSent: boolean },
): void {
  const origin = headers.get('origin')
  const site = headers.get('sec-fetch-site')
  if (site !== null && site !== 'same-origin') throw new Problem('foreign_origin')
  if (origin === null ? isCookieSent : !isOwn(origin)) throw new Problem('foreign_origin')
}
