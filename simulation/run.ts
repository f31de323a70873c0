/** What many nodes in many regions make of it: `npm run simulate`. `SIMULATION_SEED` is for another run. */

import { type FeedOptions, simulateFeed } from './feed.ts'
import { type LimitsOptions, simulateLimits } from './limits.ts'
import type { Quantiles } from './quantiles.ts'

const seed = Number(process.env.SIMULATION_SEED ?? 1)

/** Two regions are cut off, one of them so that it is still heard and hears nothing. */
const partitions = [
  { region: 3, fromMs: 8_000, untilMs: 25_000, blocks: 'both' },
  { region: 4, fromMs: 8_000, untilMs: 25_000, blocks: 'back' },
] as const

const feed: Omit<FeedOptions, 'nodes' | 'regions'> = {
  seed,
  seconds: 40,
  revocationsPerSecond: 2,
  asksPerSecond: 1,
  loss: 0,
  hintLoss: 0,
  partitions: [],
  maxStalenessMs: 10_000,
  costs: { beat: 0.5, told: 0.2, changes: 0.11, found: 0.42, transaction: 0.44 },
  processors: 8,
}
const feeds: readonly [string, FeedOptions][] = [
  ['3 nodes, one region', { ...feed, nodes: 3, regions: 1 }],
  ['100 nodes, one region', { ...feed, nodes: 100, regions: 1 }],
  ['1,000 nodes, one region', { ...feed, nodes: 1000, regions: 1 }],
  ['1,000 nodes, one region, 20 revocations/s', { ...feed, nodes: 1000, regions: 1, revocationsPerSecond: 20 }],
  ['1,000 nodes, 20 regions', { ...feed, nodes: 1000, regions: 20 }],
  [
    '1,000 nodes, 20 regions, loss, partitions',
    { ...feed, nodes: 1000, regions: 20, loss: 0.01, hintLoss: 0.05, partitions },
  ],
]

const limits: Omit<LimitsOptions, 'nodes' | 'regions' | 'requests' | 'asksPerSecond'> = {
  seed,
  seconds: 40,
  windowSeconds: 10,
  loss: 0,
  partitions: [],
  whenLimiterUnavailable: 'localShare',
}
const shares: readonly [string, LimitsOptions][] = [
  ['3 nodes, one region', { ...limits, nodes: 3, regions: 1, requests: 1000, asksPerSecond: 150 }],
  ['20 nodes, one region', { ...limits, nodes: 20, regions: 1, requests: 1000, asksPerSecond: 150 }],
  ['1,000 nodes, one region', { ...limits, nodes: 1000, regions: 1, requests: 10_000, asksPerSecond: 1500 }],
  ['1,000 nodes, 20 regions', { ...limits, nodes: 1000, regions: 20, requests: 10_000, asksPerSecond: 1500 }],
  [
    '1,000 nodes, 20 regions, loss, partitions',
    { ...limits, nodes: 1000, regions: 20, requests: 10_000, asksPerSecond: 1500, loss: 0.01, partitions },
  ],
]

print(
  '| | in force, p50 · p99 · most, ms | statements/s | database busy | asked | 503 | allowed at the latest, ms | too late | wrongly denied |',
)
print('| --- | --- | --- | --- | --- | --- | --- | --- | --- |')
for (const [name, options] of feeds) {
  const told = await simulateFeed(options)
  const { inForce, statementsPerSecond, busy, asked, unavailable, latestAllowed, allowedTooLate, wronglyDenied } = told
  print(
    `| ${name} | ${shown(inForce)} | ${Math.round(statementsPerSecond)} | ${percent(busy)} | ${asked} | ${unavailable} | ` +
      `${Math.round(latestAllowed)} | ${allowedTooLate} | ${wronglyDenied} |`,
  )
}
print('')
print(
  '| | limit | most admitted in a window | counted in memory | waited, p50 · p99 · most, ms | refused early by, p50 · p99 · most | ledger changes/s |',
)
print('| --- | --- | --- | --- | --- | --- | --- |')
for (const [name, options] of shares) {
  const told = await simulateLimits(options)
  const { mostAdmitted, answeredAtOnce, waited, leftWhenRefused, ledgerChangesPerSecond } = told
  print(
    `| ${name} | ${options.requests} | ${mostAdmitted} | ${percent(answeredAtOnce)} | ${shown(waited)} | ` +
      `${shown(leftWhenRefused)} | ${Math.round(ledgerChangesPerSecond)} |`,
  )
}

function shown({ p50, p99, most }: Quantiles): string {
  return [p50, p99, most].map((value) => Math.round(value)).join(' · ')
}

function percent(part: number): string {
  return `${(part * 100).toFixed(1)} %`
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
