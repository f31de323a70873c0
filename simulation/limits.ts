import type { Limit, Meter } from '@keywright/core'
import { createOtherwise, type WhenLimiterUnavailable } from '../packages/server/src/limits/otherwise.ts'
import { createShares } from '../packages/server/src/limits/shares.ts'
import { LedgerDatabase } from './ledger-database.ts'
import { Network, type Partition } from './network.ts'
import { epoch } from './node.ts'
import { type Quantiles, quantilesOf } from './quantiles.ts'
import { Simulation } from './simulation.ts'

export interface LimitsOptions {
  seed: number
  nodes: number
  regions: number
  seconds: number
  /** Of one subject, who asks all nodes. */
  requests: number
  windowSeconds: number
  asksPerSecond: number
  loss: number
  partitions: readonly Partition[]
  whenLimiterUnavailable: WhenLimiterUnavailable
}

export interface LimitsReport {
  asked: number
  /** Let through in the window that had most of them. */
  mostAdmitted: number
  admitted: number
  refused: number
  /** Neither let through nor refused: it could not be counted. */
  uncounted: number
  /** What was left of the limit, as exact counting sees it, when a request was refused all the same. */
  leftWhenRefused: Quantiles
  /** Part of all requests that was answered without asking. */
  answeredAtOnce: number
  /** Milliseconds that the others waited. */
  waited: Quantiles
  ledgerChangesPerSecond: number
}

/** Nodes in many regions count one limit together, on shares of it from one database. */
export async function simulateLimits(options: LimitsOptions): Promise<LimitsReport> {
  const { seed, nodes, regions, seconds, requests, windowSeconds, asksPerSecond, whenLimiterUnavailable } = options
  const simulation = new Simulation(seed)
  const network = new Network(simulation, options)
  const database = new LedgerDatabase(simulation, network)
  const limit: Limit = { requests, windowSeconds, per: 'key', kind: 'window' }
  const windowMs = windowSeconds * 1000
  const admitted: number[] = []
  /** Of those within a window of now; they are in order but for what waited. */
  let first = 0
  const left: number[] = []
  const waited: number[] = []
  const report = { asked: 0, refused: 0, uncounted: 0 }

  for (let index = 0; index < nodes; index++) {
    let countedAt = 0
    let isReached = true
    const shares = createShares({
      ledgers: database.from(index % regions, (at) => {
        countedAt = at
      }),
      otherwise: createOtherwise(whenLimiterUnavailable, () => nodes),
      now: () => simulation.now,
      every(ms, work) {
        const again = () => {
          work()
          simulation.after(ms, again)
        }
        simulation.after(ms * simulation.random(), again)
        return () => {}
      },
      onReach: (is) => {
        isReached = is
      },
    })
    const meter: Meter = { limit, subject: 'key_1', slot: -1 }
    const ask = async () => {
      report.asked++
      const startedAt = simulation.now
      try {
        const asked = shares.take([meter], 1, epoch + simulation.now)
        const isAtOnce = !(asked instanceof Promise)
        const { taken } = await asked
        if (!isAtOnce) waited.push(simulation.now - startedAt)
        // Whoever waited was counted when the ledger was locked, not when its answer arrived.
        if (taken) admitted.push(isAtOnce || !isReached ? simulation.now : countedAt)
        else {
          report.refused++
          while ((admitted[first] ?? Infinity) <= simulation.now - windowMs) first++
          left.push(requests - (admitted.length - first))
        }
      } catch {
        report.uncounted++
      }
    }
    const again = () => {
      void ask()
      simulation.after(simulation.untilNext(asksPerSecond / nodes), again)
    }
    simulation.after(simulation.untilNext(asksPerSecond / nodes), again)
  }

  await simulation.run(seconds * 1000)
  return {
    ...report,
    admitted: admitted.length,
    mostAdmitted: mostWithin(admitted, windowMs),
    leftWhenRefused: quantilesOf(left),
    answeredAtOnce: 1 - waited.length / Math.max(1, report.asked - report.uncounted),
    waited: quantilesOf(waited),
    ledgerChangesPerSecond: database.changes / seconds,
  }
}

function mostWithin(instants: readonly number[], windowMs: number): number {
  const sorted = Float64Array.from(instants).sort()
  let most = 0
  for (let first = 0, last = 0; last < sorted.length; last++) {
    while ((sorted[last] as number) - (sorted[first] as number) >= windowMs) first++
    most = Math.max(most, last - first + 1)
  }
  return most
}
