import type { Limit } from '../key/record.ts'

/**
 * One limit as it applies to one subject: this key, that organization. Made once and kept, so that counting
 * a warm key builds no strings and looks nothing up.
 */
export interface Meter {
  readonly limit: Limit
  /** The id counted by; unique together with `limit.per`. */
  readonly subject: string
  /**
   * The counters' own bookkeeping, −1 before the first use. Nobody else reads or writes it, nor do other counters. What
   * is written may be forgotten at once: it saves a search, and holds nothing.
   */
  slot: number
}

/** What is left of one limit. */
export interface LimitState {
  limit: Limit
  remaining: number
  /** Milliseconds since the epoch: when nothing of the limit is spent any more. */
  resetAt: number
}

export interface Quota {
  taken: boolean
  /** One for each meter, in its order, after what was taken. */
  states: LimitState[]
  /** Milliseconds after which the same request would be let through, if nothing else is counted. 0 when taken. */
  retryAfterMs: number
  /** Index of the meter that refused; the one with the longest wait where several do. −1 when taken. */
  refusedBy: number
}

/**
 * Where requests are counted. Answers at once where it can, with a promise where it must ask elsewhere.
 *
 * `take` is all or nothing: every meter has room for `cost`, and all are charged; or one has not, and none is.
 * N takes at once at a limit of L let exactly L through. A `cost` above the limit is never let through.
 *
 * Meters are read and written before `take` and `peek` return, and not after: keys of a kind take turns with the same
 * ones. Member by member: `subject` and `slot` may be looked up when they are asked, so that a spread copy has neither.
 */
export interface Counters {
  take(meters: readonly Meter[], cost: number, nowMs: number): Quota | Promise<Quota>
  /** The states without charging anything. */
  peek(meters: readonly Meter[], nowMs: number): LimitState[] | Promise<LimitState[]>
}
