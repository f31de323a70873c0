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

/** What is known of a call that was made before. */
export interface KnownCall {
  id: string
  since: number
  target: string | null
  version: number | null
}

export type Claim =
  /** Not seen before. */
  | { state: 'new' }
  /** Carried out before, and to be answered again. */
  | { state: 'done'; call: KnownCall }
  /** Begun by a process that is gone: the change log says whether it was carried out. */
  | { state: 'abandoned'; call: KnownCall }
  /** Somebody else has it. */
  | { state: 'running' }
  /** Its key was used for something else. */
  | { state: 'mismatch' }

/** Remembers calls for 24 hours, for each caller and route. */
export interface CallStore {
  /** Atomic. After `new`, `done` and `abandoned` the call is the claimant's, until it finishes or releases it. */
  claim(call: NewCall): Promise<Claim>
  finish(id: string, result: Pick<KnownCall, 'target' | 'version'>): Promise<void>
  /** Forgets the call: nothing came of it. */
  release(id: string): Promise<void>
}

export const callsKeptMs = 24 * 60 * 60 * 1000

/** No call runs longer than that: its process is gone, or has lost track of it. */
export const callsRunMs = 60_000
