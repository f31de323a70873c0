import type { Transaction } from '@keywright/core'

/** A call with an `Idempotency-Key`, on its way into the store of calls. Nothing secret is in it. */
export interface NewCall {
  /** `call_…`; every change that the call makes is marked with it. */
  id: string
  caller: string
  route: string
  key: string
  /** SHA-256 over path, query and body. */
  fingerprint: string
  /** Number of the last change before it began. */
  since: number
  now: Date
}

/** A call that is the claimant's, until somebody else has reason to think that the claimant is gone. */
export interface Claimed {
  id: string
  /** Of this one claim: none before or after it has the same. */
  holder: string
}

/** What is known of a call that was made before. */
export interface KnownCall {
  id: string
  since: number
  /** '' where nothing had to change; null: it was never finished. */
  target: string | null
  version: number | null
}

export type Claim =
  /** Not seen before. */
  | { state: 'new'; claimed: Claimed }
  /** Carried out before, and to be answered again. */
  | { state: 'done'; claimed: Claimed; call: KnownCall }
  /** Begun by a process that seems to be gone: the change log says whether it was carried out. */
  | { state: 'abandoned'; claimed: Claimed; call: KnownCall }
  /** Somebody else has it. */
  | { state: 'running' }
  /** Its key was used for something else. */
  | { state: 'mismatch' }

/** Remembers calls for 24 hours, for each caller and route. */
export interface CallStore {
  /** Atomic. After `new`, `done` and `abandoned` the call is the claimant's, until it finishes, releases or abandons it. */
  claim(call: NewCall): Promise<Claim>
  /**
   * Whether the call is the claimant's still, and then nobody takes it over before the transaction has ended. To be asked
   * at the end of each: a process that was slow and not gone changes nothing where another has carried the call out.
   */
  holds(claimed: Claimed, transaction: Transaction): Promise<boolean>
  finish(claimed: Claimed, result: Pick<KnownCall, 'target' | 'version'>): Promise<void>
  /** Forgets the call: nothing came of it. */
  release(claimed: Claimed): Promise<void>
  /** Whether anything came of it is not known here: whoever repeats the call looks it up. */
  abandon(claimed: Claimed): Promise<void>
}

export const callsKeptMs = 24 * 60 * 60 * 1000

/** Who has not ended a call by then has lost track of it. */
export const callsRunMs = 60_000
