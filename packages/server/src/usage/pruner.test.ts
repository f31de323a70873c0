import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { startPruner } from './pruner.ts'
import type { UsageStore } from './usage-store.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }))
afterEach(() => void vi.useRealTimers())

it('pruning that takes longer than a minute is not begun again beside itself, and goes on after it', async () => {
  const underWay: ((rows: number) => void)[] = []
  const prune = () => new Promise<number>((resolve) => void underWay.push(resolve))
  const pruner = startPruner({
    store: { prune } as Pick<UsageStore, 'prune'> as UsageStore,
    retention: { usageDays: 400, decisionsDays: 30, callersDays: 90 },
    now: () => new Date(),
    onError: () => {},
    onDropped: () => {},
  })
  await vi.advanceTimersByTimeAsync(180_000)
  expect(underWay).toHaveLength(1)
  for (const asked of [2, 3, 3]) {
    underWay.at(-1)?.(0)
    await vi.waitFor(() => expect(underWay).toHaveLength(asked))
  }
  await vi.advanceTimersByTimeAsync(60_000)
  expect(underWay).toHaveLength(4)
  pruner.stop()
})

it('looks at no key again until more is written about it, and at none once it is stopped', async () => {
  const asked: [string, readonly (string | null)[]][] = []
  const pruner = startPruner({
    store: {
      cap: async (kind: string, keys: readonly (string | null)[]) => {
        asked.push([kind, keys])
        if (keys.length === 100) pruner.stop()
        return 0
      },
      prune: async (kind: string) => {
        asked.push([kind, []])
        return 0
      },
    } as Pick<UsageStore, 'cap' | 'prune'> as UsageStore,
    retention: { usageDays: 400, decisionsDays: 30, callersDays: 90 },
    now: () => new Date(),
    onError: () => {},
    onDropped: () => {},
  })
  const ends = ['usage', 'callers', 'refusals'].map((kind) => [kind, []])
  pruner.watch(['key_a', null])
  await pruner.prune()
  expect(asked.splice(0)).toEqual([['refusals', [null]], ['callers', ['key_a']], ['refusals', ['key_a']], ...ends])
  await pruner.prune()
  expect(asked.splice(0)).toEqual(ends)
  const many = Array.from({ length: 101 }, (_, key) => `key_${key}`)
  pruner.watch(many)
  await pruner.prune()
  expect(asked.splice(0)).toEqual(['callers', 'refusals'].map((kind) => [kind, many.slice(0, 100)]))
  pruner.watch([null])
  await vi.advanceTimersByTimeAsync(180_000)
  expect(asked).toEqual([])
})
