import { describe, expect, it } from 'vitest'
import { type FeedOptions, simulateFeed } from '../simulation/feed.ts'
import { type LimitsOptions, simulateLimits } from '../simulation/limits.ts'

const partitions = [
  { region: 1, fromMs: 5_000, untilMs: 17_000, blocks: 'both' },
  { region: 2, fromMs: 6_000, untilMs: 14_000, blocks: 'back' },
  { region: 3, fromMs: 7_000, untilMs: 15_000, blocks: 'there' },
] as const

describe.each([1, 2, 3])('many nodes behind loss and partitions (seed %i)', (seed) => {
  const feed: FeedOptions = {
    seed,
    nodes: 16,
    regions: 4,
    seconds: 25,
    revocationsPerSecond: 3,
    asksPerSecond: 20,
    loss: 0.05,
    hintLoss: 0.3,
    partitions,
    maxStalenessMs: 3_000,
    costs: { beat: 0.5, told: 0.2, changes: 0.1, found: 0.4, transaction: 0.4 },
    processors: 2,
  }
  it('allow no revoked key for longer than maxStaleness, and deny no valid one', async () => {
    const told = await simulateFeed(feed)
    expect(told).toMatchObject({ allowedTooLate: 0, wronglyDenied: 0 })
    // It is worth something: keys were allowed after they had been revoked elsewhere, and nodes were cut off.
    expect(told.revocations).toBeGreaterThan(20)
    expect(told.latestAllowed).toBeGreaterThan(200)
    expect(told.unavailable).toBeGreaterThan(0)
  })

  it('would be caught allowing one, had they more time than was promised', async () => {
    const told = await simulateFeed({ ...feed, promisedMs: 300 })
    expect(told.allowedTooLate).toBeGreaterThan(0)
  })

  const limits: LimitsOptions = {
    seed,
    nodes: 8,
    regions: 4,
    seconds: 25,
    requests: 200,
    windowSeconds: 5,
    asksPerSecond: 60,
    loss: 0.02,
    partitions,
    whenLimiterUnavailable: 'refuse',
  }
  it('admit no more than the limit in any window on shares', async () => {
    const { mostAdmitted } = await simulateLimits(limits)
    expect(mostAdmitted).toBeLessThanOrEqual(200)
    expect(mostAdmitted).toBeGreaterThan(50)
  })

  it('admit no more than their parts beside it where they count alone', async () => {
    const { mostAdmitted } = await simulateLimits({ ...limits, whenLimiterUnavailable: 'localShare' })
    expect(mostAdmitted).toBeLessThanOrEqual(2 * 200)
  })
})

it('the same seed is the same run', async () => {
  const limits: LimitsOptions = {
    seed: 7,
    nodes: 4,
    regions: 2,
    seconds: 10,
    requests: 100,
    windowSeconds: 2,
    asksPerSecond: 60,
    loss: 0.05,
    partitions: [],
    whenLimiterUnavailable: 'localShare',
  }
  expect(await simulateLimits(limits)).toEqual(await simulateLimits(limits))
})
