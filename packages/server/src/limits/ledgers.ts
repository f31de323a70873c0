import type { Limit } from '@keywright/core'
import type { Ledger } from './ledger.ts'

/** One limit of one subject. */
export interface LedgerName {
  name: string
  limit: Limit
}

/** What all nodes have spent, in a place they share. */
export interface Ledgers {
  /**
   * Reads these ledgers, each once however often it is named, and writes what `work` has put in their place, with nobody
   * between. `now` is the one clock that counts. `work` may be run again.
   */
  change<T>(names: readonly LedgerName[], work: (ledgers: Map<string, Ledger>, now: number) => T): Promise<T>
  /** Forgets ledgers of which nothing is spent. */
  prune(): Promise<void>
}
