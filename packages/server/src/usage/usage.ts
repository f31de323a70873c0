import {
  type Change,
  type Contract,
  createMemoryQuotas,
  type KeyRecord,
  type MonthlyQuotas,
  monthOf,
  type Page,
  type Verifier,
} from '@keywright/core'
import type { Redact } from '../log/redact.ts'
import { redacted } from './batch.ts'
import { compareDecisions, type Decision } from './decision.ts'
import { startFlusher } from './flusher.ts'
import { type Retention, startPruner } from './pruner.ts'
import { createRecorder } from './recorder.ts'
import type { CallerSum, Dropped, KeysByUse, LastUse, UsageFilter, UsageGroup, UsageStore } from './usage-store.ts'

export interface UsageOptions {
  contract: Contract
  store: UsageStore
  redact: Redact
  retention: Retention
  now?: () => number
  /** By which is deleted what is no longer kept, instead of `now`. */
  clock?: () => Promise<Date>
  /** What a crash can lose. */
  flushEveryMs?: number
  /** Where the database could not be written to. What was counted is kept, and tried again. */
  onError: (error: unknown) => void
  /** What the bounds have cost this process. */
  onDropped: (kind: Dropped['kind'], count: number) => void
}

/** What has been used: how it is recorded, and how it is read. Reads see all that this process counted before. */
export interface Usage {
  /** For the verifier inside. */
  quotas: MonthlyQuotas
  /** The same verifier; what it decides is recorded. */
  recording(verifier: Verifier): Verifier
  /** Follows the change log. */
  apply(changes: readonly Change[]): void
  counts(filter: Parameters<UsageStore['usage']>[0]): Promise<UsageGroup[]>
  /** Newest first: those of this process, allowed ones included, and the refusals of all. */
  decisions(filter: Parameters<UsageStore['refusals']>[0]): Promise<Decision[]>
  callers(filter: Parameters<UsageStore['callers']>[0]): Promise<CallerSum[]>
  lastUses(keys: readonly string[]): Promise<LastUse[]>
  keysByUse(filter: KeysByUse): Promise<Page<KeyRecord>>
  dropped(filter: UsageFilter, kind: Dropped['kind']): Promise<number>
  /** Requests of an organization in the month of `at` (UTC). */
  month(organization: string, at: Date): Promise<number>
  /** Deletes what is due, as it does by itself every minute. */
  prune(): Promise<void>
  /** Writes the last of it. Rejects where it cannot be written. */
  stop(): Promise<void>
}

export function startUsage({
  contract,
  store,
  redact,
  retention,
  now = Date.now,
  clock = async () => new Date(now()),
  flushEveryMs = 5_000,
  onError,
  onDropped,
}: UsageOptions): Usage {
  const recorder = createRecorder({ contract, redact, now })
  const quotas = createMemoryQuotas((organization, month) => store.month(organization, month))
  const pruner = startPruner({ store, retention, now: clock, onError, onDropped })
  const { tallies } = recorder
  const flusher = startFlusher({
    tallies,
    quotas,
    store,
    redact,
    everyMs: flushEveryMs,
    onError,
    onWritten: pruner.watch,
    onDropped,
  })

  return {
    quotas,
    recording: recorder.recording,
    apply(changes) {
      for (const { action, target } of changes) {
        if (action !== 'organization.deleted') continue
        quotas.forget(target)
        recorder.forget(target)
      }
    },
    async counts(filter) {
      await flusher.flush()
      return store.usage(filter)
    },
    async decisions(filter) {
      await flusher.flush()
      const written = filter.isAllowed === true ? [] : await store.refusals(filter)
      const own = []
      for (const decision of recorder.recent()) if (matches(decision, filter)) own.push(redacted(decision, redact))
      const ids = new Set(written.map(({ id }) => id))
      const all = [...written, ...own.filter(({ id }) => !ids.has(id))]
      return all.sort(compareDecisions).slice(0, filter.limit)
    },
    async callers(filter) {
      await flusher.flush()
      return store.callers(filter)
    },
    async lastUses(keys) {
      // Part of answers about keys, which must not fail for it.
      await flusher.flush().catch(onError)
      return store.lastUses(keys)
    },
    async keysByUse(filter) {
      await flusher.flush()
      return store.keysByUse(filter)
    },
    dropped: (filter, kind) => store.dropped(filter, kind),
    async month(organization, at) {
      await flusher.flush()
      return store.month(organization, monthOf(at).name)
    },
    prune: pruner.prune,
    async stop() {
      pruner.stop()
      await flusher.stop()
    },
  }
}

function matches(decision: Decision, filter: Parameters<UsageStore['refusals']>[0]): boolean {
  const { organization, project, key, isAllowed, verdict, since, until, before } = filter
  return (
    (organization === undefined || decision.organization === organization) &&
    (project === undefined || decision.project === project) &&
    (key === undefined || decision.key === key) &&
    (isAllowed === undefined || (decision.verdict === 'allowed') === isAllowed) &&
    (verdict === undefined || decision.verdict === verdict) &&
    (since === undefined || decision.at >= since) &&
    (until === undefined || decision.at < until) &&
    (before === undefined || compareDecisions(before, decision) < 0)
  )
}
