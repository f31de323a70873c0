import type { Facts, Logger } from './logger.ts'

const quietMs = 60_000
/** An outage whose every error reads differently fills neither the log nor memory. */
const mostReasons = 20

/**
 * Tells of what fails with every request for as long as an outage lasts: each reason once a minute. How often it happens
 * is for metrics to say.
 */
export function tellOutage(log: Pick<Logger, 'error'>, message: string): (error: unknown, facts: Facts) => void {
  /** When each was last told. */
  const reasons = new Map<string, number>()
  return (error, facts) => {
    const now = performance.now()
    const reason = error instanceof Error ? error.message : String(error)
    if (now - (reasons.get(reason) ?? Number.NEGATIVE_INFINITY) < quietMs) return
    for (const [other, toldMs] of reasons) if (now - toldMs >= quietMs) reasons.delete(other)
    if (reasons.size >= mostReasons) return
    reasons.set(reason, now)
    log.error(message, { ...facts, error })
  }
}
