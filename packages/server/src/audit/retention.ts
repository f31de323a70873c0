import { pruneAudit, type Store } from '@keywright/core'
import { type Hourly, startHourly } from '../hourly.ts'

const dayMs = 86_400_000
const changesAtOnce = 500

export interface AuditRetentionOptions {
  store: Store
  /** One that all nodes have in common: what one that is ahead deletes is gone for all. */
  now: () => Date | Promise<Date>
  /** How many days an event is kept. */
  days: number
  onError: (error: unknown) => void
}

/** Deletes audit events by whole days (UTC), in the background and in transactions of bounded size. */
export function startAuditRetention({ store, now, days, onError }: AuditRetentionOptions): Hourly {
  const actor = { type: 'system', id: 'retention', triggeredBy: 'api', address: null, requestId: null } as const
  return startHourly(async () => {
    const at = await now()
    // By the day, so that the log does not go on growing by what is said of its own deletion.
    const before = new Date(at.getTime() - (at.getTime() % dayMs) - days * dayMs)
    return (await pruneAudit({ store, now: () => at }, actor, { before, limit: changesAtOnce })) >= changesAtOnce
  }, onError)
}
