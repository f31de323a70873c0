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

/** So many are known at least; as many again, and the older half is forgotten. */
const mostInHalf = 250_000

interface Half {
  byName: Map<string, Holding>
  bySlot: Map<number, Holding>
}

/** By meter: whichever meter names a limit and a subject gets the same one. */
export class Holdings {
  private newer = emptyHalf()
  private older = emptyHalf()
  private slots = 0
  /** Those that were granted something; what is used up is taken out when they are next looked through. */
  private readonly granted = new Set<Holding>()

  of(meter: Meter): Holding {
    const { newer, older } = this
    const known = newer.bySlot.get(meter.slot) ?? older.bySlot.get(meter.slot)
    if (known) return known
    const { limit, subject } = meter
    const { kind, requests, windowSeconds, per } = limit
    const name = hash('sha256', JSON.stringify([kind, requests, windowSeconds, per, subject]))
    const holding = newer.byName.get(name) ?? older.byName.get(name) ?? this.add(name, limit, subject)
    meter.slot = holding.slot
    return holding
  }

  /** To be told of those that were granted something. */
  hold(some: readonly Holding[]): void {
    for (const one of some) if (one.held > 0) this.granted.add(one)
  }

  /** Those that hold something, and may not use it any more. */
  over(now: number): Holding[] {
    return this.holding().filter(({ until }) => now >= until)
  }

  holding(): Holding[] {
    for (const one of this.granted) if (one.held === 0) this.granted.delete(one)
    return [...this.granted]
  }

  private add(name: string, limit: Limit, subject: string): Holding {
    // All at once: to take out one after the other keeps requests waiting for half a second.
    if (this.newer.byName.size >= mostInHalf) {
      this.older = this.newer
      this.newer = emptyHalf()
    }
    const slot = ++this.slots
    const nothing = { held: 0, until: 0, chargedAt: 0, granted: 0, remaining: limit.requests, freeAt: 0 }
    const holding = { name, limit, subject, slot, ...nothing }
    this.newer.byName.set(name, holding)
    this.newer.bySlot.set(slot, holding)
    return holding
  }
}

function emptyHalf(): Half {
  return { byName: new Map(), bySlot: new Map() }
}

/** @param at the node's own clock, when the clock that is told the caller says `nowMs` */
export function stateOf({ limit, remaining, held, freeAt }: Holding, at: number, nowMs: number): LimitState {
  return { limit, remaining: remaining + held, resetAt: nowMs + Math.max(0, Math.ceil(freeAt - at)) }
}
