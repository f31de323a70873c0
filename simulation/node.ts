import { type Change, type Contract, createVerifier, Lease, leased, type Verifier } from '@keywright/core'
import { Follower } from '../packages/server/src/feed/follower.ts'
import type { Database } from './database.ts'
import type { Network } from './network.ts'
import type { Simulation } from './simulation.ts'

export interface NodeOptions {
  name: string
  region: number
  contract: Contract
  maxStalenessMs: number
  simulation: Simulation
  network: Network
  database: Database
  /** By how much its clock runs too fast or too slow. */
  drift: number
  /** After changes are in force here. */
  onApplied(changes: readonly Change[]): void
}

const spacingMs = 25
const pollEveryMs = 1_000
const feedWithinMs = 6_000
const findWithinMs = 1_000
const silent = { info: () => {}, warn: () => {} }

/** One node: the very verifier, cache, lease and follower that a server is made of; only its loop and the wire are not. */
export class SimulatedNode {
  readonly region: number
  readonly lease: Lease
  readonly verifier: Verifier
  private readonly follower: Follower
  private readonly simulation: Simulation
  private wake = () => {}
  private isHinted = false
  private isHeard = true

  constructor(options: NodeOptions) {
    const { name, region, contract, maxStalenessMs, simulation, network, database, drift, onApplied } = options
    this.region = region
    this.simulation = simulation
    this.lease = new Lease(maxStalenessMs, () => simulation.now * (1 + drift))
    const asked = createVerifier({
      contract,
      maxKeys: 1_024,
      now: () => epoch + simulation.now,
      keys: {
        find: (digest) => network.ask(region, findWithinMs, () => database.find(digest)),
        found: (id) => network.ask(region, findWithinMs, () => database.found(id)),
      },
    })
    this.verifier = leased(asked, this.lease)
    this.follower = new Follower({
      node: name,
      peppers: '',
      nodes: { beat: (beat) => network.ask(region, feedWithinMs, () => database.beat(beat)) },
      changes: (after, limit) => network.ask(region, feedWithinMs, () => database.changes(after, limit)),
      async apply(changes) {
        await asked.apply(changes)
        onApplied(changes)
      },
      reset: asked.reset,
      onNodes: () => {},
      lease: this.lease,
      log: silent,
    })
  }

  /** What this node has changed itself. Once it resolves, it may be acknowledged. */
  async publish(changes: readonly Change[]): Promise<void> {
    await this.verifier.apply(changes)
    this.follower.publish(changes)
  }

  /** Word that something has changed. */
  hint(): void {
    this.isHinted = true
    this.wake()
  }

  /** As `feed.ts` does. */
  async follow(): Promise<never> {
    const { simulation, follower } = this
    await simulation.sleep(pollEveryMs * simulation.random())
    for (;;) {
      await simulation.sleep(spacingMs)
      if (!this.isHinted && !(this.isHeard && follower.hasNews)) {
        const untilNextPoll = pollEveryMs * (0.9 + 0.2 * simulation.random()) - spacingMs
        await new Promise<void>((resolve) => {
          this.wake = resolve
          simulation.after(untilNextPoll, resolve)
        })
      }
      this.isHinted = false
      this.isHeard = await follower.poll().then(
        () => true,
        () => false,
      )
    }
  }
}

/** When the simulation starts, for clocks that tell the date. */
export const epoch = Date.UTC(2026, 10, 20)
