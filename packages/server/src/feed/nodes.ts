import type { Change, Head } from '@keywright/core'

/** What a node, or a process that follows from outside, tells of itself. */
export interface Beat {
  node: string
  /** How long after it was last heard it may go on accepting keys it knows. */
  maxStalenessMs: number
  /** Number of the last change it has applied. */
  applied: number
}

/** Which nodes have applied a change. */
export interface Applied {
  appliedBy: { node: string; appliedAt: Date }[]
  /** Nodes that may still accept what the change took away. One whose lease has run out is not among them. */
  pending: string[]
}

/** The nodes of an instance, as the database knows them. */
export interface Nodes {
  /** Tells that the node is there, and answers with the last change there is. Resolves once that is safe everywhere. */
  beat(beat: Beat): Promise<Head>
  /** Nobody waits for this node any more. */
  leave(node: string): Promise<void>
  appliedBy(change: Change): Promise<Applied>
  /** Forgets nodes that were not heard for a day, and when others applied what is older than an hour. */
  prune(): Promise<void>
}

/** What receipts and followers need of them. */
export interface Confirmations {
  beat(beat: Beat): Promise<unknown>
  appliedBy(change: Change): Promise<Applied>
}
