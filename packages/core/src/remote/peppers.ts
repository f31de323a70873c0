interface Known {
  id: string
  fingerprint: string
}

/**
 * Why keys that the server knows could be unknown here; null where they could not, undefined for what is no list of
 * peppers. More than the server has does no harm.
 */
export function strangeness(given: readonly Known[], onServer: unknown): string | null | undefined {
  if (!Array.isArray(onServer)) return undefined
  for (const pepper of onServer as (Partial<Known> | null)[]) {
    const { id, fingerprint } = pepper ?? {}
    if (typeof id !== 'string' || typeof fingerprint !== 'string') return undefined
    if (given.some((known) => known.fingerprint === fingerprint)) continue
    const isOther = given.some((known) => known.id === id)
    return isOther ? `has another pepper '${id}' than this process` : `has pepper '${id}', which this process has not`
  }
  return null
}
