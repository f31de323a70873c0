import type { Facts, Logger } from './logger.ts'

const quietMs = 60_000
/** An outage whose every error reads differently fills neither the log nor memory. */
const mostTroubles = 20

/**
 * Tells of what fails with every request for as long as an outage lasts: each reason once, and again only after it was
 * not met for a minute. How often it happens is for metrics to say.
 */
export function tellOutage(log: Pick<Logger, 'error'>, message: string): (error: unknown, facts: Facts) => void {
  /** When each was last met. */
  const troubles = new Map<string, number>()
  return (error, facts) => {
    const now = performance.now()
    const trouble = error instanceof Error ? error.message : String(error)
    const isKnown = now - (troubles.get(trouble) ?? Number.NEGATIVE_INFINITY) < quietMs
    if (!isKnown) for (const [other, metMs] of troubles) if (now - metMs >= quietMs) troubles.delete(other)
    if (!isKnown && troubles.size >= mostTroubles) return
    troubles.set(trouble, now)
    if (!isKnown) log.error(message, { ...facts, error })
  }
}
