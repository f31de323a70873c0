import { setImmediate, setTimeout } from 'node:timers/promises'
import type { MemoryQuotas } from '@keywright/core'
import type { Redact } from '../log/redact.ts'
import { batchOf } from './batch.ts'
import type { Tallies } from './tallies.ts'
import type { Dropped, UsageStore } from './usage-store.ts'

export interface FlusherOptions {
  tallies: Tallies
  quotas: MemoryQuotas
  store: UsageStore
  redact: Redact
  /** What a crash can lose, and how stale other nodes' view is. */
  everyMs: number
  onError: (error: unknown) => void
  /** The keys that were written about; null: strangers. */
  onWritten: (keys: readonly (string | null)[]) => void
  onDropped: (kind: Dropped['kind'], count: number) => void
}

export interface Flusher {
  /** Resolves once all that was counted before is written; rejects where it could not be, and keeps it. */
  flush(): Promise<void>
  /** Writes the last of it, and no more from then on. Rejects where for a while nothing could be written. */
  stop(): Promise<void>
}

const linesPerWrite = 500
const monthsPerWrite = 500
/** With this many lines waiting it does not wait for its time, unless the last attempt failed. */
const crowded = 20_000
const looksEveryMs = 500
/** A process that was told to stop waits no longer for a database that does not answer; one that does is written to. */
const silentMs = 1_500

/** Writes in the background, the oldest first, in transactions of bounded size between which others get their turn. */
export function startFlusher(options: FlusherOptions): Flusher {
  const { tallies, quotas, store, redact, everyMs, onError, onWritten, onDropped } = options
  let running: Promise<void> = Promise.resolve()
  let waiting: Promise<void> | null = null
  let lastMs = performance.now()
  let writtenMs = lastMs
  let isFailing = false
  const timer = setInterval(look, Math.min(looksEveryMs, everyMs))
  timer.unref()

  function look(): void {
    if (waiting !== null) return
    const isEarly = performance.now() - lastMs < everyMs
    if (isEarly && (isFailing || tallies.lines < crowded)) return
    flush().catch(onError)
  }

  async function run(): Promise<void> {
    lastMs = performance.now()
    isFailing = true
    // Quotas rest on months, which are few; for the others a process that stops may have no time.
    try {
      await writeMonths()
    } finally {
      await writeTallies()
    }
    isFailing = false
  }

  async function writeTallies(): Promise<void> {
    for (let isClosed = false; ; ) {
      const chunk = tallies.take(linesPerWrite)
      if (chunk === null) {
        if (isClosed) return
        tallies.close()
        isClosed = true
        continue
      }
      const batch = batchOf(chunk, redact)
      try {
        await store.write(batch)
        writtenMs = performance.now()
      } catch (error) {
        tallies.putBack(chunk)
        throw error
      }
      for (const { kind, count } of batch.dropped) onDropped(kind, count)
      onWritten(chunk.tallies.map(({ key }) => (key === '' ? null : key)))
      await setImmediate()
    }
  }

  async function writeMonths(): Promise<void> {
    const drained = quotas.drain()
    while (drained.length > 0) {
      const uses = drained.slice(0, monthsPerWrite)
      try {
        quotas.settle(uses, await store.addMonths(uses))
        writtenMs = performance.now()
      } catch (error) {
        quotas.putBack(drained)
        throw error
      }
      drained.splice(0, uses.length)
    }
  }

  /** One that has not begun serves all who come. */
  function flush(): Promise<void> {
    waiting ??= running
      .catch(() => {})
      .then(() => {
        waiting = null
        running = run()
        return running
      })
    return waiting
  }

  async function silence(): Promise<never> {
    writtenMs = performance.now()
    for (let leftMs = silentMs; leftMs > 0; leftMs = writtenMs + silentMs - performance.now()) {
      await setTimeout(leftMs, undefined, { ref: false })
    }
    throw new Error(`The database did not answer within ${silentMs / 1000} s.`)
  }

  return {
    flush,
    async stop() {
      clearInterval(timer)
      await Promise.race([flush(), silence()])
    },
  }
}
