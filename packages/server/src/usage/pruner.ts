import { setTimeout } from 'node:timers/promises'
import type { Dropped, Kind, UsageStore } from './usage-store.ts'

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
  /** One that all nodes have in common. */
  now: () => Date | Promise<Date>
  onError: (error: unknown) => void
  onDropped: (kind: Dropped['kind'], count: number) => void
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
export function startPruner({ store, retention, now, onError, onDropped }: PrunerOptions): Pruner {
  const watched = new Set<string | null>()
  let isStopped = false
  let isPruning = false
  const timer = setInterval(() => void inBackground().catch(onError), everyMs)
  timer.unref()

  async function expire(kind: Kind, days: number): Promise<void> {
    const before = new Date((await now()).getTime() - days * dayMs)
    while (!isStopped && (await store.prune(kind, before, rowsPerDelete)) >= rowsPerDelete) await setTimeout(pauseMs)
  }

  async function capEach(kind: 'callers' | 'refusals', keys: readonly (string | null)[], keep: number): Promise<void> {
    onDropped(kind, await store.cap(kind, keys, keep, await now()))
  }

  async function cap(): Promise<void> {
    const all = [...watched]
    watched.clear()
    if (all.includes(null)) await capEach('refusals', [null], kept.strangers)
    const keys = all.filter((key) => key !== null)
    for (let start = 0; start < keys.length && !isStopped; start += keysPerCap) {
      const some = keys.slice(start, start + keysPerCap)
      await capEach('callers', some, kept.callers)
      await capEach('refusals', some, kept.refusals)
      await setTimeout(pauseMs)
    }
  }

  async function prune(): Promise<void> {
    await cap()
    await expire('usage', retention.usageDays)
    await expire('callers', retention.callersDays)
    await expire('refusals', retention.decisionsDays)
  }

  /** What takes longer than a minute is not begun again beside itself: it would be twice as much at once. */
  async function inBackground(): Promise<void> {
    if (isPruning) return
    isPruning = true
    await prune().finally(() => {
      isPruning = false
    })
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
