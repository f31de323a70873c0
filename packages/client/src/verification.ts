/** One request to your API. Either `credential` or `headers`. */
export interface VerifyAttempt {
  credential?: string | undefined
  /** As `node:http` has them, `headers` or `rawHeaders`: the contract says where the key is. */
  headers?: Readonly<Record<string, string | readonly string[] | undefined>> | readonly string[] | undefined
  /** Upper case. Absent beside a `path`: GET. */
  method?: string | undefined
  /** With the query. */
  path?: string | undefined
  /** What the call needs, beside what the contract says of its route. */
  permissions?: readonly string[] | undefined
  namespace?: string | undefined
  /** How much of its limits it uses. Default 1. */
  cost?: number | undefined
  /** The caller's address. */
  ip?: string | undefined
}

export interface LimitState {
  requests: number
  windowSeconds: number
  per: string
  kind: 'window' | 'bucket'
  remaining: number
  resetAt: string
}

export type Verdict =
  | {
      allowed: true
      /** null: the route asks for no key. */
      principal: {
        key: string
        version: number
        organization: string
        project: string | null
        user: string | null
        kind: string
        environment: string
        /** null: all. */
        permissions: string[] | null
        namespaces: string[] | null
      } | null
      limits: LimitState[]
      /** This secret has been rotated and stops working then. */
      retiresAt: string | null
    }
  | {
      allowed: false
      /** `revoked_key`. */
      reason: string
      /** The contract's own words, to answer the caller with. */
      refusal: { status: number; headers: Record<string, string>; body: string }
    }
