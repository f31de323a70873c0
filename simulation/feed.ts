import { keywright } from '@keywright/contracts'
import {
  type Actor,
  compileFormat,
  createDigester,
  createOrganization,
  issue,
  type Lifecycle,
  revoke,
} from '@keywright/core'
import { type Costs, Database } from './database.ts'
import { Network, type Partition } from './network.ts'
import { epoch, SimulatedNode } from './node.ts'
import { type Quantiles, quantilesOf } from './quantiles.ts'
import { Simulation } from './simulation.ts'

export interface FeedOptions {
  seed: number
  nodes: number
  regions: number
  seconds: number
  revocationsPerSecond: number
  /** Verifications on each node. */
  asksPerSecond: number
  loss: number
  /** Part of all hints that never arrive. */
  hintLoss: number
  partitions: readonly Partition[]
  maxStalenessMs: number
  /** What the checker holds them to, instead of that. */
  promisedMs?: number
  costs: Costs
  processors: number
}

export interface FeedReport {
  revocations: number
  /** Milliseconds from the acknowledgement until another node refuses the key, where nothing was cut off. */
  inForce: Quantiles
  /** The same where a partition was in the way: then it is the lease that ends what the node allows. */
  inForceBehindPartitions: Quantiles
  asked: number
  unavailable: number
  /** Milliseconds after the acknowledgement that the latest verification was begun which still allowed the key. */
  latestAllowed: number
  /** Allowed later than the lease permits: must be 0. */
  allowedTooLate: number
  /** Valid keys refused as if they were not: must be 0. */
  wronglyDenied: number
  /** Part of the database's processors that was busy. */
  busy: number
  longestQueueMs: number
  statementsPerSecond: number
  messagesPerSecond: number
  events: number
}

const actor: Actor = { type: 'system', id: 'simulation', triggeredBy: 'api', address: null, requestId: null }
const withinMs = 10_000
const settleMs = 2_000
const mostDrift = 2e-4

interface Known {
  id: string
  credential: string
  revocationAskedAt: number
  revokedAt: number
}

/** Nodes in many regions follow one database whose keys are revoked, while each is asked about keys. */
export async function simulateFeed(options: FeedOptions): Promise<FeedReport> {
  const { seed, seconds, revocationsPerSecond, asksPerSecond, hintLoss, maxStalenessMs, costs, processors } = options
  const { promisedMs = maxStalenessMs } = options
  const simulation = new Simulation(seed)
  const network = new Network(simulation, options)
  const database = new Database(simulation, costs, processors)
  const lifecycle: Lifecycle = {
    contract: keywright,
    format: compileFormat(keywright.key),
    digester: createDigester(),
    store: database.store,
    now: () => new Date(epoch + simulation.now),
  }
  const keys = await makeKeys(lifecycle, Math.ceil(seconds * revocationsPerSecond * 1.3) + 20)
  await database.load()
  const byId = new Map(keys.map((key) => [key.id, key]))
  const recent: Known[] = []
  const live = [...keys]
  const delays: number[] = []
  const delaysBehindPartitions: number[] = []
  const report = { revocations: 0, asked: 0, unavailable: 0, latestAllowed: 0, allowedTooLate: 0, wronglyDenied: 0 }

  const nodes = Array.from({ length: options.nodes }, (_, index) => {
    const region = index % options.regions
    const drift = (simulation.random() * 2 - 1) * mostDrift
    const node: SimulatedNode = new SimulatedNode({
      name: `node_${index}`,
      region,
      contract: keywright,
      maxStalenessMs,
      simulation,
      network,
      database,
      drift,
      onApplied(changes) {
        for (const { target } of changes) {
          const revokedAt = byId.get(target)?.revokedAt ?? 0
          const wasCut = options.partitions.some(
            (one) => one.region === region && one.fromMs <= simulation.now && one.untilMs + settleMs >= revokedAt,
          )
          ;(wasCut ? delaysBehindPartitions : delays).push(Math.max(0, simulation.now - revokedAt))
        }
      },
    })
    return node
  })

  async function revokeOne(): Promise<void> {
    const node = nodes[Math.floor(simulation.random() * nodes.length)] as SimulatedNode
    const [key] = live.splice(Math.floor(simulation.random() * live.length), 1)
    if (!key) return
    key.revocationAskedAt = simulation.now
    recent.push(key)
    if (recent.length > 50) recent.shift()
    const { change } = await network.ask(node.region, withinMs, () =>
      database.change(() => revoke(lifecycle, actor, key.id)),
    )
    if (!change) return
    await node.publish([change])
    key.revokedAt = simulation.now
    report.revocations++
    network.send(node.region, 'there', () => {
      for (const other of nodes) {
        if (simulation.random() >= hintLoss) network.send(other.region, 'back', () => other.hint())
      }
    })
  }

  async function askOne(node: SimulatedNode): Promise<void> {
    const from = simulation.random() < 0.5 && recent.length > 0 ? recent : live
    const key = from[Math.floor(simulation.random() * from.length)]
    if (!key) return
    const startedAt = simulation.now
    report.asked++
    try {
      const { allowed } = await node.verifier.verify({ credential: key.credential })
      if (!allowed && key.revocationAskedAt === Infinity) report.wronglyDenied++
      if (!allowed || startedAt < key.revokedAt) return
      const late = startedAt - key.revokedAt
      report.latestAllowed = Math.max(report.latestAllowed, late)
      if (late > promisedMs * (1 + mostDrift) + 1) report.allowedTooLate++
    } catch {
      report.unavailable++
    }
  }

  for (const node of nodes) {
    void node.follow()
    again(asksPerSecond, () => askOne(node))
  }
  again(revocationsPerSecond, () => revokeOne().catch(() => {}))

  function again(perSecond: number, work: () => Promise<void>): void {
    simulation.after(simulation.untilNext(perSecond), () => {
      again(perSecond, work)
      // Nodes begin with nothing, and are left the time to read what is there.
      if (simulation.now > settleMs) void work()
    })
  }

  await simulation.run(seconds * 1000)
  return {
    ...report,
    inForce: quantilesOf(delays),
    inForceBehindPartitions: quantilesOf(delaysBehindPartitions),
    busy: database.busyMs / (processors * simulation.now),
    longestQueueMs: database.longestQueueMs,
    statementsPerSecond: database.statements / seconds,
    messagesPerSecond: network.messages / seconds,
    events: simulation.events,
  }
}

async function makeKeys(lifecycle: Lifecycle, count: number): Promise<Known[]> {
  await createOrganization(lifecycle, actor, { id: 'acme', name: 'Acme' })
  const keys: Known[] = []
  for (let index = 0; index < count; index++) {
    const { key, credential } = await issue(lifecycle, actor, {
      organization: 'acme',
      project: null,
      name: `key ${index}`,
      limits: [],
    })
    keys.push({ id: key.id, credential, revocationAskedAt: Infinity, revokedAt: Infinity })
  }
  return keys
}
