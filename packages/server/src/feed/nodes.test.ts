import { expect, it } from 'vitest'
import { type KnownFollowers, onlyNode } from './nodes.ts'

it('who leaves while its first poll is under way is known to no later process', async () => {
  const kept = new Set<string>()
  const known: KnownFollowers = {
    all: async () => [{ node: 'follower:silent', maxStalenessMs: -60_000 }],
    keep: async ({ node }) => void kept.add(node),
    forget: async (nodes) => nodes.forEach((node) => void kept.delete(node)),
  }
  const nodes = await onlyNode('node_1', known)
  const beat = nodes.beat({ node: 'follower:a', maxStalenessMs: 60_000, applied: 0 })
  await nodes.leave('follower:a')
  expect([await beat, [...kept]]).toEqual([null, []])
})
