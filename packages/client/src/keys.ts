import type { FieldError } from './errors.ts'
import { Pages, type Paging } from './pages.ts'
import { type CallOptions, type Mutation, path, type Transport } from './transport.ts'
import type { Incomplete } from './usage.ts'

export type KeyState = 'active' | 'suspended' | 'expired' | 'revoked'
export type LimitSubject = 'key' | 'user' | 'project' | 'organization'

/** At most `requests` in any `windowSeconds`; a `bucket` refills evenly and `requests` is its burst. */
export interface Limit {
  requests: number
  windowSeconds: number
  per?: LimitSubject
  kind?: 'window' | 'bucket'
}

/** A key as its owner manages it; the credential itself is nowhere but with its holder. */
export interface Key {
  id: string
  name: string
  /** What people may see of the current secret: `kw_live_…a3F9`. */
  hint: string
  state: KeyState
  organization: string
  project: string | null
  kind: string
  environment: string
  /** null: all that the contract allows such a key. */
  permissions: string[] | null
  namespaces: string[] | null
  allowedIps: string[] | null
  /** null: the contract's or the plan's. */
  limits: Required<Limit>[] | null
  /** Whether the contract's or the plan's hold beside its own. */
  limitsBeside: boolean
  metadata: Record<string, string | number | boolean>
  /** The member who made it, themselves or by a key of theirs; null: a machine did, or an operator who is no member. */
  createdBy: string | null
  createdAt: string
  expiresAt: string | null
  suspendedAt: string | null
  revokedAt: string | null
  revokedReason: string | null
  /** When any of its secrets was last let in; null: never. */
  lastUsedAt: string | null
  /** Oldest first; the one without `retiresAt` is current. */
  versions: SecretVersion[]
}

export interface SecretVersion {
  number: number
  hint: string
  createdAt: string
  /** Refused from then on; null: the current one. */
  retiresAt: string | null
  /** When it was last let in; null: never. */
  lastUsedAt: string | null
}

/** Who uses a key: one for each secret version, route, address and user agent. */
export interface KeyCaller {
  version: number
  /** A pattern, never a path; empty where none was told. */
  route: string
  address: string | null
  userAgent: string | null
  allowed: number
  refused: number
  firstSeenAt: string
  lastSeenAt: string
}

export interface NewKey {
  organization: string
  project?: string | undefined
  name: string
  kind?: string | undefined
  environment?: string | undefined
  /** Absent: all that the contract allows such a key. Empty: none. */
  permissions?: readonly string[] | undefined
  namespaces?: readonly string[] | undefined
  expiresAt?: string | undefined
  /** Absent: the contract's default. Empty: none. */
  limits?: readonly Limit[] | undefined
  /** Addresses and CIDR ranges. Absent: anywhere. */
  allowedIps?: readonly string[] | undefined
  metadata?: Record<string, string | number | boolean> | undefined
}

/** What is absent stays; `null` goes back to the default. */
export interface KeyPatch {
  name?: string | undefined
  permissions?: readonly string[] | null | undefined
  namespaces?: readonly string[] | null | undefined
  expiresAt?: string | null | undefined
  limits?: readonly Limit[] | null | undefined
  allowedIps?: readonly string[] | null | undefined
  metadata?: Record<string, string | number | boolean> | undefined
}

export interface KeyFilter extends Paging {
  organization?: string | undefined
  project?: string | undefined
  state?: KeyState | undefined
  /**
   * The beginning of an id (`key_…`), or a part of the name or of what people may see of a secret. Without one
   * organization: the beginning of an id, or all that people may see of a secret.
   */
  q?: string | undefined
  /** Default `created`, which is the only one without an organization. */
  order?: 'created' | 'name' | 'lastUsed' | 'expires' | undefined
  /** Default `asc`. */
  direction?: 'asc' | 'desc' | undefined
}

/** Why one of many was refused, as a call for it alone would have been. */
export interface RowProblem {
  code: string
  detail: string
  errors?: FieldError[]
}

/** What became of each row, in their order. */
export interface CreatedKeys {
  dryRun: boolean
  created: number
  refused: number
  results: (
    | { row: number; status: 'created'; key: Key; credential: string }
    | { row: number; status: 'valid' }
    | { row: number; status: 'refused'; problem: RowProblem }
  )[]
  /** Of all that were made; null after a dry run. */
  receipt: string | null
}

/** What became of each key, in their order. */
export interface RevokedKeys {
  dryRun: boolean
  revoked: number
  refused: number
  results: (
    | { id: string; status: 'revoked'; revokedAt: string }
    | { id: string; status: 'valid' }
    | { id: string; status: 'refused'; problem: RowProblem }
  )[]
  receipt: string | null
}

/** The only answer that holds the credential. */
export interface CreatedKey extends Key {
  credential: string
  receipt: string
}

export interface RetiringSecret {
  number: number
  hint: string
  retiresAt: string
}

export interface RotatedKey {
  id: string
  hint: string
  credential: string
  /** Older secrets that still work, and until when. */
  retiring: RetiringSecret[]
  receipt: string
}

export interface RevokedKey {
  id: string
  revokedAt: string
  receipt: string
}

/** A key that callers hold already: by its credential, which is digested and forgotten, or by its digest. */
export interface ForeignKey extends NewKey {
  credential?: string | undefined
  /** SHA-256 of the credential, 64 lower-case hexadecimal characters. */
  digest?: string | undefined
  /** What people may see of a key that comes as a digest. */
  hint?: string | undefined
}

export type ImportResult = { row: number } & (
  | { status: 'imported' | 'known'; id: string }
  | { status: 'valid' }
  | { status: 'refused'; problem: RowProblem }
)

export interface ImportedKeys {
  dryRun: boolean
  imported: number
  /** Of those, how many were here already. */
  known: number
  refused: number
  results: ImportResult[]
  /** null: nothing was imported. */
  receipt: string | null
}

export class Keys {
  readonly #transport: Transport
  constructor(transport: Transport) {
    this.#transport = transport
  }

  create(key: NewKey, options?: Mutation): Promise<CreatedKey> {
    return this.#transport({ method: 'POST', path: '/v1/keys', has: 'credential', body: key, options })
  }

  /** Up to 1,000 in one transaction; what one may not have leaves the others alone. With `dryRun` nothing is made. */
  createMany(
    keys: readonly NewKey[],
    { dryRun, ...options }: Mutation & { dryRun?: boolean } = {},
  ): Promise<CreatedKeys> {
    return this.#transport({ method: 'POST', path: '/v1/keys/bulk', has: 'results', body: { keys, dryRun }, options })
  }

  /** Up to 1,000 in one transaction. What is here already is answered as it is, so it may be made again. */
  import(
    keys: readonly ForeignKey[],
    { dryRun, ...options }: Mutation & { dryRun?: boolean } = {},
  ): Promise<ImportedKeys> {
    return this.#transport({ method: 'POST', path: '/v1/keys/import', has: 'results', body: { keys, dryRun }, options })
  }

  list(filter: KeyFilter = {}, options?: CallOptions): Pages<'keys', Key> {
    return new Pages(this.#transport, 'keys', '/v1/keys', { ...filter }, options)
  }

  get(id: string, options?: CallOptions): Promise<Key> {
    return this.#transport({ method: 'GET', path: path`/v1/keys/${id}`, has: 'versions', options })
  }

  update(id: string, patch: KeyPatch, options?: CallOptions): Promise<Key & { receipt: string }> {
    return this.#transport({ method: 'PATCH', path: path`/v1/keys/${id}`, has: 'versions', body: patch, options })
  }

  /** A new secret for the same key. Without `graceSeconds` the old one ends at once. */
  rotate(id: string, input: { graceSeconds?: number | undefined } = {}, options?: Mutation): Promise<RotatedKey> {
    return this.#transport({
      method: 'POST',
      path: path`/v1/keys/${id}/rotate`,
      has: 'credential',
      body: input,
      options,
    })
  }

  /** Ends an old secret that still works: after so many seconds from now, at once with 0. */
  changeGrace(
    id: string,
    version: number,
    input: { graceSeconds: number },
    options?: CallOptions,
  ): Promise<Key & { receipt: string }> {
    return this.#transport({
      method: 'PATCH',
      path: path`/v1/keys/${id}/versions/${version}`,
      has: 'versions',
      body: input,
      options,
    })
  }

  /** Who was seen last comes first. With `version`, who still uses that secret. */
  callers(
    id: string,
    filter: Paging & { version?: number | undefined; since?: string | undefined } = {},
    options?: CallOptions,
  ): Pages<'callers', KeyCaller, Incomplete> {
    return new Pages(this.#transport, 'callers', path`/v1/keys/${id}/callers`, { ...filter }, options)
  }

  /** With `wait: 'all'` the answer comes once every node refuses the key. */
  revoke(
    id: string,
    { wait, ...input }: { reason?: string | undefined; wait?: 'all' | undefined } = {},
    options?: Mutation,
  ): Promise<RevokedKey> {
    return this.#transport({
      method: 'POST',
      path: path`/v1/keys/${id}/revoke`,
      has: 'revokedAt',
      query: { wait },
      body: input,
      options,
    })
  }

  /** Up to 1,000 in one transaction. With `wait: 'all'` the answer comes once every node refuses them. */
  revokeMany(
    keys: readonly string[],
    { wait, ...input }: { reason?: string | undefined; wait?: 'all' | undefined; dryRun?: boolean | undefined } = {},
    options?: Mutation,
  ): Promise<RevokedKeys> {
    const body = { keys, ...input }
    return this.#transport({
      method: 'POST',
      path: '/v1/keys/bulk-revoke',
      has: 'results',
      query: { wait },
      body,
      options,
    })
  }

  suspend(id: string, options?: Mutation): Promise<Key & { receipt: string }> {
    return this.#transport({ method: 'POST', path: path`/v1/keys/${id}/suspend`, has: 'versions', options })
  }

  resume(id: string, options?: Mutation): Promise<Key & { receipt: string }> {
    return this.#transport({ method: 'POST', path: path`/v1/keys/${id}/resume`, has: 'versions', options })
  }

  /** Revokes the key and hides it from lists; its audit stays. */
  delete(id: string, options?: CallOptions): Promise<RevokedKey> {
    return this.#transport({ method: 'DELETE', path: path`/v1/keys/${id}`, has: 'revokedAt', options })
  }
}
