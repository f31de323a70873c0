import type { Simulation } from './simulation.ts'

/** A region that hears nothing of the others, or is not heard by them, for a while. */
export interface Partition {
  region: number
  fromMs: number
  untilMs: number
  /** Which way nothing passes. */
  blocks: 'both' | 'there' | 'back'
}

export interface NetworkOptions {
  regions: number
  /** Part of all packets that is lost, and sent again by TCP after a while. */
  loss: number
  partitions: readonly Partition[]
}

/** What a sender waits before it sends a packet again, and twice as long each time. */
const resendAfterMs = 200

/** The way between each region and the database, which is in the first. */
export class Network {
  messages = 0
  private readonly simulation: Simulation
  private readonly options: NetworkOptions
  /** One way, undisturbed. */
  private readonly delays: number[]

  constructor(simulation: Simulation, options: NetworkOptions) {
    this.simulation = simulation
    this.options = options
    this.delays = Array.from({ length: options.regions }, (_, region) => 0.3 + (140 * region) / options.regions)
  }

  /** Has `work` done where the database is. Rejects after `withinMs`: the work may be done all the same, even later. */
  ask<T>(region: number, withinMs: number, work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.simulation.after(withinMs, () => reject(new Error('no answer in time')))
      this.send(region, 'there', () => {
        work().then(
          (answer) => this.send(region, 'back', () => resolve(answer)),
          (error: unknown) => this.send(region, 'back', () => reject(error)),
        )
      })
    })
  }

  /** One packet; what a partition holds back arrives when it ends. */
  send(region: number, way: 'there' | 'back', deliver: () => void): void {
    const { simulation } = this
    this.messages++
    let ms = (this.delays[region] as number) * (1 + simulation.random() / 5)
    for (let again = resendAfterMs; simulation.random() < this.options.loss; again *= 2) ms += again
    const arrivesAt = simulation.now + ms
    const holds = this.options.partitions.find(
      ({ region: cut, fromMs, untilMs, blocks }) =>
        cut === region && (blocks === 'both' || blocks === way) && arrivesAt >= fromMs && simulation.now < untilMs,
    )
    simulation.after(holds ? holds.untilMs - simulation.now + ms : ms, deliver)
  }
}
