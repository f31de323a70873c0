/** A key as its owner manages it. Its id survives rotation; limits, usage and audit hang on it. */
export interface KeyRecord {
  /** `key_` and 26 characters, ordered by creation. */
  id: string
  organization: string
  /** The one project it acts in, where the contract binds keys to projects. */
  project: string | null
  /** Id of the member who made it, themselves or by a key of theirs; null: a machine did, or an operator who is no member. */
  createdBy: string | null
  name: string
  /** `secret`, `restricted`, `publishable` or what else the contract names. */
  kind: string
  /** `live`, `test` or what else the contract names. */
  environment: string
  /** null: all that the contract allows such a key. An empty list: none. */
  permissions: readonly string[] | null
  /** null: the contract does not use them, or the organization's own list holds. */
  namespaces: readonly string[] | null
  /** Addresses and CIDR ranges it may be used from. null: anywhere. */
  allowedIps: readonly string[] | null
  /** null: the contract's or the plan's default. An empty list: unlimited. */
  limits: readonly Limit[] | null
  /** Whether the usual limits hold beside its own: whoever gave it these lives under those. */
  limitsBeside: boolean
  metadata: Readonly<Record<string, string | number | boolean>>
  createdAt: Date
  expiresAt: Date | null
  suspendedAt: Date | null
  revokedAt: Date | null
  revokedReason: string | null
  /** Hidden from lists since then; a deleted key is a revoked key. */
  deletedAt: Date | null
  /** Oldest first. Exactly one has no `retiresAt`. */
  versions: readonly SecretVersion[]
}

/** One issued secret of a key. The secret itself is nowhere but with its holder. */
export interface SecretVersion {
  /** 1, 2, … within the key. */
  number: number
  /** 64 hexadecimal characters; see `digest.ts`. */
  digest: string
  /** What people may see of it: `kw_live_…a3F9`, or the public id where the format has one. */
  hint: string
  createdAt: Date
  /** Refused from this instant on. null: the current one. */
  retiresAt: Date | null
  /** It is over, whatever the time: a clock that is behind, or set back, does not bring it back. */
  ended?: true
}

/** At most `requests` in any `windowSeconds`, counted together for everything that shares the `per`. */
export interface Limit {
  requests: number
  windowSeconds: number
  per: LimitSubject
  /** `window`: never more than `requests` in any window. `bucket`: refills evenly, `requests` is the burst. */
  kind: 'window' | 'bucket'
}

export type LimitSubject = 'key' | 'user' | 'project' | 'organization' | 'address'

export type KeyState = 'active' | 'suspended' | 'expired' | 'revoked'

/** Of a key that is neither revoked nor expired. */
export function worksAt({ retiresAt, ended }: SecretVersion, now: Date): boolean {
  return !ended && (retiresAt === null || retiresAt > now)
}

/** Revocation is final, so it outranks expiry; expiry outranks a suspension that may be lifted. */
export function stateAt(key: KeyRecord, now: Date): KeyState {
  if (key.revokedAt) return 'revoked'
  if (key.expiresAt && key.expiresAt <= now) return 'expired'
  if (key.suspendedAt) return 'suspended'
  return 'active'
}
