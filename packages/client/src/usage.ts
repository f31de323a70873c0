import { Pages, type Paging } from './pages.ts'
import type { CallOptions, Transport } from './transport.ts'

export type Outcome = 'allowed' | 'denied'

export interface UsageFilter extends Paging {
  organization?: string | undefined
  project?: string | undefined
  /** One, or up to 200 separated by commas. */
  key?: string | undefined
  outcome?: Outcome | undefined
  reason?: string | undefined
  /** Calls with a key are all `api`. */
  triggeredBy?: 'ui' | 'cli' | 'api' | undefined
  /** RFC 3339; from the hour of this time on. Absent: 7 days. */
  since?: string | undefined
  until?: string | undefined
  /** Default `day`. */
  interval?: 'hour' | 'day' | undefined
  /** What to count by, separated by commas: `key`, `version`, `organization`, `outcome`, `route`. Default `outcome`. */
  by?: string | undefined
}

/** Members are there as far as `by` names them. */
export interface UsageCount {
  /** Begin of the hour or day (UTC). */
  at: string
  count: number
  /** null: no secret matched. */
  key?: string | null
  version?: number
  organization?: string | null
  outcome?: Outcome
  reason?: string | null
  /** A pattern, never a path; empty where none was told. */
  route?: string
}

/** One verification, as recorded for people. */
export interface Decision {
  id: string
  at: string
  outcome: Outcome
  reason: string | null
  /** null, as all that follows from it: no secret matched. */
  key: string | null
  version: number | null
  organization: string | null
  project: string | null
  user: string | null
  route: string
  method: string | null
  address: string | null
  userAgent: string | null
  triggeredBy: 'api'
  requestId: string | null
}

/** With each page of what is counted or kept as far as there is room. */
export interface Incomplete {
  /** Of the same time: how many could not be counted by what they were, or were not kept. */
  dropped: number
}

/** `key` is one alone; `since` and `until` are instants, and without them it is all that is kept. */
export type DecisionFilter = Omit<UsageFilter, 'interval' | 'by'>

export class Usage {
  readonly #transport: Transport
  constructor(transport: Transport) {
    this.#transport = transport
  }

  list(filter: UsageFilter = {}, options?: CallOptions): Pages<'usage', UsageCount, Incomplete> {
    return new Pages(this.#transport, 'usage', '/v1/usage', { ...filter }, options)
  }

  decisions(filter: DecisionFilter = {}, options?: CallOptions): Pages<'decisions', Decision, Incomplete> {
    return new Pages(this.#transport, 'decisions', '/v1/decisions', { ...filter }, options)
  }
}
