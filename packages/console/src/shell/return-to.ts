/** Where to go after signing in: a path of this console, never another site's address. */
export function safeReturn(to: unknown): { to?: string } {
  return typeof to === 'string' && /^\/(?![/\\])/.test(to) ? { to } : {}
}
