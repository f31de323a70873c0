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
