import type { Beat, Confirmations } from './nodes.ts'

interface Follower {
  maxStalenessMs: number
  applied: number
  appliedAt: Date
  heardMs: number
}

/** As between the nodes of a shared database. */
const toleranceMs = 1_000
const mostFollowers = 10_000

/**
 * Where there is one node, which has applied a change before it answers with a receipt; and those that follow it from
 * outside, for as long as their leases may run.
 */
export function onlyNode(node: string): Confirmations {
  const followers = new Map<string, Follower>()

  function lives({ heardMs, maxStalenessMs }: Follower): boolean {
    return heardMs + maxStalenessMs + toleranceMs >= performance.now()
  }

  function forgetSilent(): void {
    for (const [name, follower] of followers) if (!lives(follower)) followers.delete(name)
  }

  return {
    async beat({ node: name, maxStalenessMs, applied }: Beat) {
      const before = followers.get(name)
      if (!before && followers.size >= mostFollowers) forgetSilent()
      const appliedAt = before?.applied === applied ? before.appliedAt : new Date()
      followers.set(name, { maxStalenessMs, applied, appliedAt, heardMs: performance.now() })
    },
    async appliedBy({ number, at }) {
      forgetSilent()
      const all = [...followers]
      const done = all.filter(([, { applied }]) => applied >= number)
      return {
        appliedBy: [
          { node, appliedAt: at },
          ...done.map(([name, { appliedAt }]) => ({ node: name, appliedAt })),
        ],
        pending: all.filter(([, { applied }]) => applied < number).map(([name]) => name),
      }
    },
  }
}
