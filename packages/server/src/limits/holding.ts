import { hash } from 'node:crypto'
import type { Limit, LimitState, Meter } from '@keywright/core'
import type { LedgerName } from './ledgers.ts'

/** What this node holds of one limit of one subject. */
export interface Holding extends LedgerName {
  subject: string
  slot: number
  /** Requests it may let through without asking. */
  held: number
  /** Until then, by this node's own clock; also where it holds nothing, to tell who comes back soon. */
  until: number
  /** The instant they are charged at, by the clock of the ledgers. */
  chargedAt: number
  granted: number
  /** As last told. */
  remaining: number
  /** When nothing is spent any more, by this node's own clock: that of the ledgers may be another. */
  freeAt: number
}

const most = 500_000

/** By meter: whichever meter names a limit and a subject gets the same one. */
export class Holdings {
  private readonly byName = new Map<string, Holding>()
  private readonly bySlot = new Map<number, Holding>()
  private slots = 0

  of(meter: Meter): Holding {
    const known = this.bySlot.get(meter.slot)
    if (known) return known
    const { limit, subject } = meter
    const { kind, requests, windowSeconds, per } = limit
    const name = hash('sha256', JSON.stringify([kind, requests, windowSeconds, per, subject]))
    const holding = this.byName.get(name) ?? this.add(name, limit, subject)
    meter.slot = holding.slot
    return holding
  }

  /** Those that hold something, and may not use it any more. */
  over(now: number): Holding[] {
    return this.holding().filter(({ until }) => now >= until)
  }

  holding(): Holding[] {
    return [...this.byName.values()].filter(({ held }) => held > 0)
  }

  private add(name: string, limit: Limit, subject: string): Holding {
    if (this.byName.size >= most) this.forgetHalf()
    const slot = ++this.slots
    const nothing = { held: 0, until: 0, chargedAt: 0, granted: 0, remaining: limit.requests, freeAt: 0 }
    const holding = { name, limit, subject, slot, ...nothing }
    this.byName.set(name, holding)
    this.bySlot.set(slot, holding)
    return holding
  }

  /** The oldest first: what they hold comes back by itself. */
  private forgetHalf(): void {
    for (const [name, { slot }] of this.byName) {
      this.byName.delete(name)
      this.bySlot.delete(slot)
      if (this.byName.size <= most / 2) return
    }
  }
}

/** @param at the node's own clock, when the clock that is told the caller says `nowMs` */
export function stateOf({ limit, remaining, held, freeAt }: Holding, at: number, nowMs: number): LimitState {
  return { limit, remaining: remaining + held, resetAt: nowMs + Math.max(0, Math.ceil(freeAt - at)) }
}
