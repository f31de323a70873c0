import type { DenialReason } from '../contract/refusal.ts'
import type { LimitState } from '../limit/counters.ts'

/** Anything with Node's or the Web's shape; Node's `rawHeaders` (name, value, name, value, …) keeps repeated fields apart. */
export type HeadersLike = readonly string[] | Headers | Readonly<Record<string, string | readonly string[] | undefined>>

/** What is asked. Everything but the credential is optional; what is absent is not checked. */
export interface Attempt {
  /** Where the contract says the credential is looked for. */
  headers?: HeadersLike | undefined
  /** The credential itself, instead of `headers`. */
  credential?: string | undefined
  /** As sent: one in lower case, or that no route can name, is denied. Absent, a path is judged as GET. */
  method?: string | undefined
  /** As `readTarget` gives it, without query. Any other spelling is denied. */
  path?: string | undefined
  /** The query string without `?`; read only where the contract takes keys from it. */
  query?: string | undefined
  /** Needed beside what the route needs; then also where the route asks for no credential. */
  permissions?: readonly string[] | undefined
  /** Beside the one the path may name. */
  namespace?: string | undefined
  /** Units of every limit it takes; 1. */
  cost?: number | undefined
  /** Client address. Absent, a key with an allow-list is denied. */
  ip?: string | undefined
  /** Decides nothing; the record of decisions names the request by it. */
  requestId?: string | undefined
}

/** Who an allowed attempt acts as. */
export interface Principal {
  key: string
  /** Number of the secret version that was presented. */
  version: number
  organization: string
  project: string | null
  /** Who made the key. */
  user: string | null
  kind: string
  environment: string
  /** null: all. */
  permissions: readonly string[] | null
  /** null: the contract has none. */
  namespaces: readonly string[] | null
}

export interface Allowed {
  allowed: true
  /** null on a route that asks for no credential. */
  principal: Principal | null
  limits: readonly LimitState[]
  /** The secret that was presented has been rotated and stops working then. */
  retiresAt: Date | null
}

export interface Denied {
  allowed: false
  reason: DenialReason
  /** Known once a secret has matched; for the decision log, never for the caller. */
  principal: Principal | null
  limits: readonly LimitState[]
  /** 0 unless a limit refused. */
  retryAfterMs: number
  /** As of an allowed attempt: who is refused with a secret that stops working is told of that as well. */
  retiresAt: Date | null
  /** What the refusal may name: the namespace or permission asked for, the limit that refused. */
  about: string | null
  limit: LimitState | null
}

export type Outcome = Allowed | Denied

const preludes = new Map<DenialReason, Denied>()

/** A denial before anything is known of the caller: one object for each reason, however many are denied. */
export function denied(reason: DenialReason): Denied {
  const known = preludes.get(reason)
  if (known) return known
  const outcome: Denied = Object.freeze({
    allowed: false,
    reason,
    principal: null,
    limits: Object.freeze([]),
    retryAfterMs: 0,
    retiresAt: null,
    about: null,
    limit: null,
  })
  preludes.set(reason, outcome)
  return outcome
}
