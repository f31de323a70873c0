/**
 * Where to go after signing in: a path of this console, never another site's address. Read as the browser reads it, which
 * takes a backslash for a slash and leaves out tabs. undefined: it is none.
 */
export function safeReturn(to: unknown): string | undefined {
  if (typeof to !== 'string' || !to.startsWith('/') || !URL.canParse(to, location.origin)) return undefined
  const { origin, pathname, search, hash } = new URL(to, location.origin)
  return origin === location.origin && !pathname.startsWith('//') ? `${pathname}${search}${hash}` : undefined
}
