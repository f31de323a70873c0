/** The database, as its driver names what ails it: away, locked, full or read-only. */
export function isOutage(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : null
  return (
    typeof code === 'string' &&
    /^(SQLITE_(BUSY|LOCKED|FULL|IOERR|CANTOPEN|READONLY)|ECONN|ETIMEDOUT|EPIPE|57P|08|53)/.test(code)
  )
}
