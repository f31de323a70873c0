/** The console's own cookies, under every prefix a browser knows (RFC 6265bis §4.1.3). */
const ownCookie = /^(?:__(?:Host|Secure|Http|Host-Http)-)?keywright[._-]/i

/** A `Cookie` header without them; null where nothing is left. */
export function withoutOwnCookies(cookie: string): string | null {
  if (!/keywright/i.test(cookie)) return cookie
  const others = cookie.split(';').filter((pair) => !ownCookie.test(pair.trim()))
  return others.length === 0 ? null : others.join(';').trimStart()
}

/** A `Set-Cookie` header that would take the place of one of them. */
export function setsOwnCookie(setCookie: string): boolean {
  return ownCookie.test(setCookie.trimStart())
}
