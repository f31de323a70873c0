import type { KeyFilter, KeyRecord, MonthlyUse, Page } from '@keywright/core'
import type { Decision, Verdict } from './decision.ts'

/** How often something was decided within one hour. */
export interface UsageCount {
  /** null: no secret matched. */
  key: string | null
  version: number
  organization: string | null
  verdict: Verdict
  route: string
  hour: Date
  count: number
}

/** Who used a secret, from where, within one hour. */
export interface CallerCount {
  key: string
  version: number
  organization: string
  route: string
  address: string
  userAgent: string
  hour: Date
  allowed: number
  refused: number
  firstSeenAt: Date
  lastSeenAt: Date
}

export interface LastUse {
  key: string
  version: number
  at: Date
}

/** What the bounds have cost, within one hour: lines about callers, refusals, or counts altogether. */
export interface Dropped {
  key: string | null
  organization: string | null
  kind: 'callers' | 'refusals' | 'counts'
  hour: Date
  count: number
}

/** What is written at once. No two of a kind are about the same. */
export interface UsageBatch {
  counts: readonly UsageCount[]
  callers: readonly CallerCount[]
  refusals: readonly Decision[]
  lastUses: readonly LastUse[]
  dropped: readonly Dropped[]
}

export type Dimension = 'key' | 'version' | 'organization' | 'verdict' | 'route'

export interface UsageFilter {
  organization?: string | undefined
  project?: string | undefined
  key?: string | undefined
  isAllowed?: boolean | undefined
  verdict?: Verdict | undefined
  /** Included. */
  since?: Date | undefined
  /** Not included. */
  until?: Date | undefined
}

export type UsageGroup = { at: Date; count: number } & Partial<Record<Dimension, string | number | null>>

export interface CallerSum {
  version: number
  route: string
  address: string
  userAgent: string
  allowed: number
  refused: number
  firstSeenAt: Date
  lastSeenAt: Date
}

/** Which keys to list in the order of their last use. */
export interface KeysByUse extends Pick<KeyFilter, 'project' | 'state' | 'now' | 'q'> {
  organization: string
  /** Who was used last comes first. */
  descending: boolean
  /** The `next` of the page before. */
  after?: string
  limit: number
}

export type Kind = 'usage' | 'callers' | 'refusals'

/**
 * Where counts end up. Everything adds to what others have written, only about keys and organizations that exist, and
 * never touches these.
 */
export interface UsageStore {
  write(batch: UsageBatch): Promise<void>
  /** Adds, and answers the sums. */
  addMonths(uses: readonly MonthlyUse[]): Promise<MonthlyUse[]>
  month(organization: string, month: string): Promise<number>
  lastUses(keys: readonly string[]): Promise<LastUse[]>
  keysByUse(filter: KeysByUse): Promise<Page<KeyRecord>>
  /** In order of time, then of the dimensions; begins behind the first `skip`. */
  usage(
    filter: Omit<UsageFilter, 'key'> & {
      /** Any of these. */
      keys?: readonly string[] | undefined
      stepMs: number
      by: readonly Dimension[]
      skip: number
      limit: number
    },
  ): Promise<UsageGroup[]>
  /** Newest first. */
  refusals(
    filter: UsageFilter & { before?: Pick<Decision, 'at' | 'id'> | undefined; limit: number },
  ): Promise<Decision[]>
  /** Who was seen last comes first. */
  callers(filter: { key: string; version?: number | undefined; since?: Date | undefined }): Promise<CallerSum[]>
  dropped(filter: Pick<UsageFilter, 'organization' | 'key' | 'since' | 'until'>, kind: Dropped['kind']): Promise<number>
  /** Deletes up to `limit` of what is older from each table of that kind; how many went from the one that lost most. */
  prune(kind: Kind, before: Date, limit: number): Promise<number>
  /** Leaves each of these keys (null: strangers) its latest `keep`, and counts the others as dropped: so many. */
  cap(kind: 'callers' | 'refusals', keys: readonly (string | null)[], keep: number, now: Date): Promise<number>
}
