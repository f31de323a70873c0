import type { DenialReason } from '@keywright/core'

/** `allowed`, or why not. */
export type Verdict = 'allowed' | DenialReason

/** One verification as recorded for people. Never an audit event, and never holds a credential. */
export interface Decision {
  /** `dec_…`; ids of one node grow with time. */
  id: string
  at: Date
  verdict: Verdict
  /** These five are known once a secret has matched. */
  key: string | null
  version: number | null
  organization: string | null
  project: string | null
  user: string | null
  /** The contract's pattern, or as much of the path as names few things; never the path itself. */
  route: string
  method: string | null
  address: string | null
  userAgent: string | null
  requestId: string | null
}

/** Newest first. */
export function compareDecisions(a: Pick<Decision, 'at' | 'id'>, b: Pick<Decision, 'at' | 'id'>): number {
  return b.at.getTime() - a.at.getTime() || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0)
}
