import { setTimeout } from 'node:timers/promises'
import type { Kind, UsageStore } from './usage-store.ts'

/** How many days each kind of record is kept. */
export interface Retention {
  /** Counts by hour. */
  usageDays: number
  /** Refusals. */
  decisionsDays: number
  /** Who called: addresses and user agents. */
  callersDays: number
}

export interface PrunerOptions {
  store: UsageStore
  retention: Retention
  now: () => Date
  onError: (error: unknown) => void
}

export interface Pruner {
  /** Of these keys (null: strangers) there may be more than is kept. */
  watch(keys: readonly (string | null)[]): void
  /** Deletes what is due now. */
  prune(): Promise<void>
  stop(): void
}

const everyMs = 60_000
const rowsPerDelete = 500
const pauseMs = 20
const dayMs = 86_400_000
const mostWatched = 20_000
const keysPerCap = 100
const kept = { callers: 1000, refusals: 1000, strangers: 10_000 }

/** Keeps what is recorded within its bounds, in the background and in deletions of bounded size. */
export function startPruner({ store, retention, now, onError }: PrunerOptions): Pruner {
  const watched = new Set<string | null>()
  let isStopped = false
  const timer = setInterval(() => void prune().catch(onError), everyMs)
  timer.unref()

  async function expire(kind: Kind, days: number): Promise<void> {
    const before = new Date(now().getTime() - days * dayMs)
    while (!isStopped && (await store.prune(kind, before, rowsPerDelete)) >= rowsPerDelete) await setTimeout(pauseMs)
  }

  async function cap(): Promise<void> {
    const all = [...watched]
    watched.clear()
    if (all.includes(null)) await store.cap('refusals', [null], kept.strangers, now())
    const keys = all.filter((key) => key !== null)
    for (let start = 0; start < keys.length && !isStopped; start += keysPerCap) {
      const some = keys.slice(start, start + keysPerCap)
      await store.cap('callers', some, kept.callers, now())
      await store.cap('refusals', some, kept.refusals, now())
      await setTimeout(pauseMs)
    }
  }

  async function prune(): Promise<void> {
    await cap()
    await expire('usage', retention.usageDays)
    await expire('callers', retention.callersDays)
    await expire('refusals', retention.decisionsDays)
  }

  return {
    watch(keys) {
      for (const key of keys) if (watched.size < mostWatched) watched.add(key)
    },
    prune,
    stop() {
      isStopped = true
      clearInterval(timer)
    },
  }
}
