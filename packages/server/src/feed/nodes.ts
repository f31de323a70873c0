import type { Change, Head } from '@keywright/core'

/** What a node, or a process that follows from outside, tells of itself. */
export interface Beat {
  node: string
  /** How long after it was last heard it may go on accepting keys it knows. */
  maxStalenessMs: number
  /** Number of the last change it has applied. */
  applied: number
  /** Fingerprints of its peppers, the current one first, with commas; absent where it does not tell. */
  peppers?: string | null | undefined
}

/** The last change there is, and how many nodes were heard lately. */
export interface Pulse extends Head {
  nodes: number
}

/** Which nodes have applied a change. */
interface Applied {
  appliedBy: { node: string; appliedAt: Date }[]
  /** Nodes that may still accept what the change took away. One whose lease has run out is not among them. */
  pending: string[]
}

/** The nodes of an instance, as the database knows them. */
export interface Nodes {
  /**
   * Tells that the node is there. Resolves once that is safe everywhere, with what was there when it was told; null where
   * the node has just left.
   */
  beat(beat: Beat): Promise<Pulse | null>
  /** Nobody waits for this node any more, not even where a beat that it sent before arrives late. */
  leave(node: string): Promise<void>
  appliedBy(change: Change): Promise<Applied>
  /** Forgets nodes that were not heard for a day, and when others applied what is older than an hour. */
  prune(): Promise<void>
}

/** How long a node that has left is not taken back: a beat may come another way than the word that it leaves. */
export const leftForMs = 5_000

/** What receipts and followers need of them. */
export interface Confirmations {
  /** null: it has just left. */
  beat(beat: Beat): Promise<object | null>
  leave(node: string): Promise<void>
  appliedBy(change: Change): Promise<Applied>
}

/** Those who follow from outside, as they are known to a process that is started after this one too. */
export interface KnownFollowers {
  all(): Promise<Following[]>
  keep(follower: Following): Promise<void>
  forget(nodes: readonly string[]): Promise<void>
}

type Following = Pick<Beat, 'node' | 'maxStalenessMs'>

interface Follower {
  maxStalenessMs: number
  applied: number
  appliedAt: Date
  heardMs: number
}

/** As between the nodes of a shared database. */
const toleranceMs = 1_000

/**
 * Where there is one node, which has applied a change before it answers with a receipt; and those that follow it from
 * outside, for as long as their leases may run.
 */
export async function onlyNode(node: string, known: KnownFollowers): Promise<Confirmations> {
  const followers = new Map<string, Follower>()
  /** When each of those that have just left did so. */
  const leftMs = new Map<string, number>()
  // The process before may have answered each of them with its last breath, and of changes it says nothing.
  for (const { node: name, maxStalenessMs } of await known.all()) {
    followers.set(name, { maxStalenessMs, applied: 0, appliedAt: new Date(), heardMs: performance.now() })
  }

  function lives({ heardMs, maxStalenessMs }: Follower): boolean {
    return heardMs + maxStalenessMs + toleranceMs >= performance.now()
  }

  function hasLeft(name: string): boolean {
    return (leftMs.get(name) ?? Number.NEGATIVE_INFINITY) + leftForMs >= performance.now()
  }

  /** One that stays known is waited for once more after the next start, which is no reason to fail. */
  async function forgetSilent(): Promise<void> {
    const silent = [...followers].filter(([, follower]) => !lives(follower)).map(([name]) => name)
    if (silent.length === 0) return
    for (const name of silent) followers.delete(name)
    await known.forget(silent).catch(() => {})
  }

  return {
    async beat({ node: name, maxStalenessMs, applied }: Beat) {
      if (!followers.has(name)) await forgetSilent()
      if (hasLeft(name)) return null
      // Before it is answered, which is what its lease rests on.
      if (followers.get(name)?.maxStalenessMs !== maxStalenessMs) await known.keep({ node: name, maxStalenessMs })
      if (hasLeft(name)) return null
      const before = followers.get(name)
      const appliedAt = before?.applied === applied ? before.appliedAt : new Date()
      const follower = { maxStalenessMs, applied, appliedAt, heardMs: performance.now() }
      followers.set(name, follower)
      return follower
    },
    async leave(name) {
      for (const other of leftMs.keys()) if (!hasLeft(other)) leftMs.delete(other)
      leftMs.set(name, performance.now())
      followers.delete(name)
      await known.forget([name])
    },
    async appliedBy({ number, at }) {
      await forgetSilent()
      const all = [...followers]
      const done = all.filter(([, { applied }]) => applied >= number)
      return {
        appliedBy: [{ node, appliedAt: at }, ...done.map(([name, { appliedAt }]) => ({ node: name, appliedAt }))],
        pending: all.filter(([, { applied }]) => applied < number).map(([name]) => name),
      }
    },
  }
}
