import { type Attempt, newId, type Outcome } from '@keywright/core'
import type { Decision } from './decision.ts'

interface Slot {
  outcome: Outcome | null
  route: string
  method: string | undefined
  address: string | undefined
  userAgent: string
  requestId: string | undefined
}

const blank: Slot = {
  outcome: null,
  route: '',
  method: undefined,
  address: undefined,
  userAgent: '',
  requestId: undefined,
}

/** The latest decisions of this process. Its slots are made once and written over. */
export class DecisionRing {
  private readonly slots: Slot[]
  private readonly times: Float64Array
  /** In every id, so that those of other processes differ. */
  private readonly start = newId('dec')
  private next = 0

  constructor(size: number) {
    this.times = new Float64Array(size)
    this.slots = Array.from({ length: size }, () => ({ ...blank }))
  }

  /** The number of the decision, good for `at` until the ring has come round. */
  add(nowMs: number, outcome: Outcome, attempt: Attempt, route: string, userAgent: string): number {
    const number = this.next++
    const index = number % this.slots.length
    const slot = this.slots[index] as Slot
    this.times[index] = nowMs
    slot.outcome = outcome
    slot.route = route
    slot.method = attempt.method
    slot.address = attempt.ip
    slot.userAgent = userAgent
    slot.requestId = attempt.requestId
    return number
  }

  at(number: number): Decision {
    const index = number % this.slots.length
    const { outcome, route, method, address, userAgent, requestId } = this.slots[index] as Slot
    const principal = outcome?.principal
    return {
      id: this.start + number.toString(36).padStart(9, '0'),
      at: new Date(this.times[index] as number),
      verdict: outcome === null || outcome.allowed ? 'allowed' : outcome.reason,
      key: principal?.key ?? null,
      version: principal?.version ?? null,
      organization: principal?.organization ?? null,
      project: principal?.project ?? null,
      user: principal?.user ?? null,
      route,
      method: method ?? null,
      address: address ?? null,
      userAgent: userAgent === '' ? null : userAgent,
      requestId: requestId ?? null,
    }
  }

  forget(organization: string): void {
    for (const slot of this.slots) {
      if (slot.outcome?.principal?.organization === organization) Object.assign(slot, blank)
    }
  }

  *newestFirst(): Generator<Decision> {
    const oldest = Math.max(0, this.next - this.slots.length)
    for (let number = this.next - 1; number >= oldest; number--) {
      if (this.slots[number % this.slots.length]?.outcome) yield this.at(number)
    }
  }
}
