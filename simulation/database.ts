import { type Change, createMemoryStore, emptyHead, type FoundKey, type Head, type Store } from '@keywright/core'
import type { Beat, Pulse } from '../packages/server/src/feed/nodes.ts'
import type { Simulation } from './simulation.ts'

/** Milliseconds of one processor of the database for each, as measured: see `docs/scale.md`. */
export interface Costs {
  beat: number
  /** Of a beat that tells of changes which were not told before. */
  told: number
  changes: number
  found: number
  transaction: number
}

/** The one database: its truth, and how long its processors take for what they are asked. */
export class Database {
  readonly store: Store = createMemoryStore()
  busyMs = 0
  statements = 0
  longestQueueMs = 0
  private readonly simulation: Simulation
  private readonly costs: Costs
  private readonly freeAt: number[]
  private readonly log: Change[] = []
  private readonly told = new Map<string, number>()

  constructor(simulation: Simulation, costs: Costs, processors: number) {
    this.simulation = simulation
    this.costs = costs
    this.freeAt = Array.from({ length: processors }, () => 0)
  }

  async beat({ node, applied }: Beat): Promise<Pulse> {
    const isNews = this.told.get(node) !== applied
    this.told.set(node, applied)
    await this.serve(this.costs.beat + (isNews ? this.costs.told : 0))
    return { ...this.head(), nodes: this.told.size }
  }

  async changes(after: number, limit: number): Promise<Change[]> {
    await this.serve(this.costs.changes)
    return this.log.slice(after, after + limit)
  }

  async find(digest: string): Promise<FoundKey | undefined> {
    await this.serve(this.costs.found)
    return this.store.find(digest)
  }

  async found(id: string): Promise<FoundKey | undefined> {
    await this.serve(this.costs.found)
    return this.store.found(id)
  }

  /** What was changed in the store before anybody asked for anything. */
  async load(): Promise<void> {
    this.log.push(...(await this.store.changes(0, Number.MAX_SAFE_INTEGER)))
  }

  async change<T extends { change: Change | null }>(work: () => Promise<T>): Promise<T> {
    await this.serve(this.costs.transaction)
    const done = await work()
    if (done.change) this.log.push(...(await this.store.changes(this.log.length, 100)))
    return done
  }

  private head(): Head {
    const { number, hash } = this.log.at(-1) ?? emptyHead
    return { number, hash }
  }

  /** First come, first served, by as many as there are processors. */
  private serve(ms: number): Promise<void> {
    const { simulation, freeAt } = this
    const first = freeAt.indexOf(Math.min(...freeAt))
    const startsAt = Math.max(simulation.now, freeAt[first] as number)
    freeAt[first] = startsAt + ms
    this.busyMs += ms
    this.statements++
    this.longestQueueMs = Math.max(this.longestQueueMs, startsAt - simulation.now)
    return simulation.sleep(startsAt + ms - simulation.now)
  }
}
