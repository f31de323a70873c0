import { setTimeout as sleep } from 'node:timers/promises'
import { pruneAudit, type Store } from '@keywright/core'

const everyMs = 3_600_000
/** Once a start has settled: one that is never up for an hour would delete nothing. */
const firstAfterMs = 60_000
const dayMs = 86_400_000
const changesAtOnce = 500
const pauseMs = 20

export interface AuditRetentionOptions {
  store: Store
  /** One that all nodes have in common: what one that is ahead deletes is gone for all. */
  now: () => Date | Promise<Date>
  /** How many days an event is kept; null: for good. */
  days: number | null
  onError: (error: unknown) => void
}

export interface AuditRetention {
  /** Deletes what is due now. */
  prune(): Promise<void>
  stop(): void
}

/** Deletes audit events by whole days (UTC), in the background and in transactions of bounded size. */
export function startAuditRetention({ store, now, days, onError }: AuditRetentionOptions): AuditRetention {
  const actor = { type: 'system', id: 'retention', triggeredBy: 'api', address: null, requestId: null } as const
  let isStopped = false
  const inBackground = () => void prune().catch(onError)
  const timers = days === null ? [] : [setTimeout(inBackground, firstAfterMs), setInterval(inBackground, everyMs)]
  for (const timer of timers) timer.unref()

  async function prune(): Promise<void> {
    if (days === null) return
    const at = await now()
    // By the day, so that the log does not go on growing by what is said of its own deletion.
    const before = new Date(at.getTime() - (at.getTime() % dayMs) - days * dayMs)
    for (let limit = changesAtOnce; !isStopped; await sleep(pauseMs)) {
      if ((await pruneAudit({ store, now: () => at }, actor, { before, limit })) < limit) return
    }
  }

  return {
    prune,
    stop() {
      isStopped = true
      for (const timer of timers) clearTimeout(timer)
    },
  }
}
