import { setImmediate } from 'node:timers/promises'

interface Event {
  at: number
  /** Among those at one instant, the order in which they were asked for. */
  order: number
  work: () => void
}

/** Time that passes from event to event, and chance that can be had again: the same seed, the same run. */
export class Simulation {
  /** Milliseconds since the start. */
  now = 0
  events = 0
  private readonly queue: Event[] = []
  private order = 0
  private state: number

  constructor(seed: number) {
    this.state = seed
  }

  /** From 0 to 1; mulberry32. */
  random(): number {
    this.state = (this.state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** Milliseconds until the next of events that come at random, so many in a second. */
  untilNext(perSecond: number): number {
    return (-Math.log(1 - this.random()) / perSecond) * 1000
  }

  after(ms: number, work: () => void): void {
    const event = { at: this.now + Math.max(0, ms), order: this.order++, work }
    let place = this.queue.push(event) - 1
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (isBefore(this.queue[parent] as Event, event)) break
      this.queue[place] = this.queue[parent] as Event
      place = parent
    }
    this.queue[place] = event
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve))
  }

  /** Between two events all that follows from the first is carried out. */
  async run(untilMs: number): Promise<void> {
    for (let next = this.queue[0]; next && next.at <= untilMs; next = this.queue[0]) {
      this.takeFirst()
      this.now = next.at
      this.events++
      next.work()
      await setImmediate()
    }
    this.now = untilMs
  }

  private takeFirst(): void {
    const last = this.queue.pop() as Event
    if (this.queue.length === 0) return
    let place = 0
    for (;;) {
      let child = 2 * place + 1
      if (child >= this.queue.length) break
      const right = this.queue[child + 1]
      if (right && isBefore(right, this.queue[child] as Event)) child++
      if (isBefore(last, this.queue[child] as Event)) break
      this.queue[place] = this.queue[child] as Event
      place = child
    }
    this.queue[place] = last
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
