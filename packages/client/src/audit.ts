import { Pages, type Paging } from './pages.ts'
import type { CallOptions, Transport } from './transport.ts'

/** Who acted: how it was authenticated, never what it claims. */
export interface Actor {
  type: 'user' | 'service_key' | 'api_key' | 'system'
  id: string
  /** `ui`: a session. `cli`: a CLI token. `api`: a key of any kind. */
  triggeredBy: 'ui' | 'cli' | 'api'
  address: string | null
  requestId: string | null
}

/** One numbered, hash-chained entry of the change log. */
export interface AuditEvent {
  number: number
  hash: string
  action: string
  organization: string | null
  target: string
  actor: Actor
  at: string
  details: Record<string, unknown>
}

/** Where the chain of hashes begins, and how far it goes. */
export interface AuditCheckpoint {
  /** The last event that was deleted, as the retention in the configuration says; null: none was. */
  checkpoint: { number: number; hash: string } | null
  /** The last event that was ever written; null: there is none, or not all of the log is shown. */
  head: { number: number; hash: string } | null
}

export interface AuditFilter extends Paging {
  organization?: string | undefined
  key?: string | undefined
  /** Id of who did it. */
  actor?: string | undefined
  /** `key.revoked`. */
  action?: string | undefined
  triggeredBy?: 'ui' | 'cli' | 'api' | undefined
  /** RFC 3339; the instant itself is included. */
  since?: string | undefined
  /** RFC 3339; the instant itself is not included. */
  until?: string | undefined
  /** Default `newest`. */
  first?: 'newest' | 'oldest' | undefined
}

export class Audit {
  readonly #transport: Transport
  constructor(transport: Transport) {
    this.#transport = transport
  }

  list(filter: AuditFilter = {}, options?: CallOptions): Pages<'events', AuditEvent, AuditCheckpoint> {
    return new Pages(this.#transport, 'events', '/v1/audit', { ...filter }, options)
  }
}
