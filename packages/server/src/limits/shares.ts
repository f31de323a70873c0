import type { Counters, LimitState, Meter, Quota } from '@keywright/core'
import { type Holding, Holdings, stateOf } from './holding.ts'
import { charge, giveBack, type Ledger, resetOf, roomFor, shareMsOf, waitFor } from './ledger.ts'
import type { Ledgers } from './ledgers.ts'

export interface SharesOptions {
  ledgers: Ledgers
  /** Asked where the ledgers cannot be reached. */
  otherwise: Counters
  /** Milliseconds that nobody sets. */
  now?: () => number
  /** Calls `work` again and again, until what it has answered is called. */
  every?: (ms: number, work: () => void) => () => void
  /** Told when the ledgers are out of reach, and when they are back. */
  onReach?: (isReached: boolean, error?: unknown) => void
  /** As far as was told before. */
  isReached?: boolean
}

export interface Shares extends Counters {
  /** Gives back what is not used up. */
  stop(): Promise<void>
}

interface Ask {
  holdings: readonly Holding[]
  cost: number
  nowMs: number
  /** Until then it waits to be counted. */
  until: number
  resolve: (quota: Quota | Promise<Quota>) => void
  reject: (error: unknown) => void
}

type Open = Map<string, Ledger>

/** A node holds at most this part of a limit. */
const part = 16
/** Of how many ledgers are asked at once. */
const mostLedgers = 2_000
const sweepEveryMs = 500
/** A request that has waited so long for the ledgers is counted otherwise, within a tick. */
const waitMs = 750
const tickMs = 250
const restMs = 500
const pruneEveryMs = 60_000

/**
 * Counts in memory on shares of each limit, taken from ledgers that all nodes have in common: together they never admit
 * more than the limit. A share is twice what was used of the one before, up to a 16th of the limit, where a node comes
 * back within a 16th of the window, five seconds at most; what it has not used by then it gives back. So a request is
 * refused too early by what other nodes hold unused at that moment, which is less than `(nodes − 1) × requests / 16`, and
 * nothing for a limit below 16 requests, of which nobody holds any. A bucket has less as well by what it refills while a
 * share may be used, since that is charged at the end of it.
 */
export function createShares({
  ledgers,
  otherwise,
  now = () => performance.now(),
  every = repeat,
  onReach,
  isReached = true,
}: SharesOptions): Shares {
  const holdings = new Holdings()
  let asks: Ask[] = []
  let waiting: readonly Ask[] = []
  let running = false
  let restsUntil = 0
  let prunedAt = now()
  const stops = [every(sweepEveryMs, sweep), every(tickMs, waitNoLonger)]

  function take(meters: readonly Meter[], cost: number, nowMs: number): Quota | Promise<Quota> {
    if (!Number.isSafeInteger(cost) || cost < 0) throw new RangeError('A cost must be a whole number, 0 or more.')
    const named = meters.map((meter) => holdings.of(meter))
    const distinct = new Set(named)
    const at = now()
    for (const { held, until } of distinct) if (held < Math.max(cost, 1) || at >= until) return ask(named, cost, nowMs)
    for (const holding of distinct) holding.held -= cost
    return { taken: true, states: named.map((holding) => stateOf(holding, at, nowMs)), retryAfterMs: 0, refusedBy: -1 }
  }

  function ask(named: readonly Holding[], cost: number, nowMs: number): Promise<Quota> {
    return new Promise((resolve, reject) => {
      const one = { holdings: named, cost, nowMs, until: now() + waitMs, resolve, reject }
      // Of ledgers that have just not answered, few wait to find out whether they do again.
      const isAway = !isReached && (running || now() < restsUntil)
      if (isAway) return askOtherwise(one)
      asks.push(one)
      if (!running) void run()
    })
  }

  /** One batch after the other. */
  async function run(): Promise<void> {
    running = true
    await Promise.resolve()
    while (asks.length > 0) {
      const batch = nextBatch()
      waiting = batch
      await settle(batch)
      waiting = []
    }
    running = false
  }

  /** All who have come meanwhile, however many ask for the same: a queue that is full is no reason to count otherwise. */
  function nextBatch(): readonly Ask[] {
    const named = new Set<Holding>()
    let count = 0
    for (const { holdings: own } of asks) {
      for (const holding of own) named.add(holding)
      if (count > 0 && named.size > mostLedgers) break
      count++
    }
    return asks.splice(0, count)
  }

  async function settle(batch: readonly Ask[]): Promise<void> {
    const named = [...new Set(batch.flatMap((one) => one.holdings))]
    const charged = new Set(batch.flatMap(({ holdings: own, cost }) => (cost > 0 ? own : [])))
    const shares = named.map((holding) => ({ holding, ...putDown(holding, charged.has(holding)) }))
    const sentAt = now()
    try {
      const { quotas, grants } = await ledgers.change(named, (open, ledgerNow) => {
        for (const { back } of shares) back(open, ledgerNow)
        return {
          quotas: batch.map((one) => answer(one, open, ledgerNow)),
          grants: shares.map(({ holding, next }) => grant(holding, next, open, ledgerNow)),
        }
      })
      reached(true)
      for (const hold of grants) hold(sentAt)
      holdings.hold(named)
      for (const [index, one] of batch.entries()) one.resolve(quotas[index] as Quota)
    } catch (error) {
      restsUntil = now() + restMs
      reached(false, error)
      for (const one of batch) if (one.until > 0) askOtherwise(one)
    }
  }

  /** What the ledgers say of these later is not heard: they may be charged for nothing, and never too little. */
  function waitNoLonger(): void {
    for (const one of [...waiting, ...asks]) {
      if (one.until <= 0 || now() < one.until) continue
      reached(false, new Error('They did not answer in time.'))
      askOtherwise(one)
      one.until = 0
    }
    asks = asks.filter(({ until }) => until > 0)
  }

  function askOtherwise({ holdings: named, cost, nowMs, resolve, reject }: Ask): void {
    try {
      // Slots are one counter's own.
      const meters = named.map(({ limit, subject }) => ({ limit, subject, slot: -1 }))
      resolve(otherwise.take(meters, cost, nowMs))
    } catch (error) {
      reject(error)
    }
  }

  /** What is left of a share goes back before another is asked for: it is too small, or its time is up. */
  function putDown(holding: Holding, isCharged = false) {
    const { name, limit, held, chargedAt, granted, until } = holding
    const used = granted - held
    const isSoon = now() < until
    const wanted = isSoon && held <= granted / 8 ? Math.max(2, granted * 2) : used
    holding.held = 0
    holding.granted = 0
    return {
      next: isCharged ? Math.min(Math.floor(limit.requests / part), wanted) : 0,
      back(open: Open, ledgerNow: number): void {
        if (held > 0) open.set(name, giveBack(open.get(name) as Ledger, limit, held, chargedAt, ledgerNow))
      },
    }
  }

  async function handBack(all: readonly Holding[]): Promise<void> {
    const shares = all.map((holding) => ({ holding, ...putDown(holding) }))
    for (let from = 0; from < shares.length; from += mostLedgers) {
      const some = shares.slice(from, from + mostLedgers)
      const giveAll = (open: Open, ledgerNow: number) => {
        for (const { back } of some) back(open, ledgerNow)
      }
      const named = some.map(({ holding }) => holding)
      // What cannot be given back comes back by itself, when its window has passed.
      await ledgers.change(named, giveAll).catch(() => {})
    }
  }

  function sweep(): void {
    void handBack(holdings.over(now()))
    if (now() - prunedAt < pruneEveryMs) return
    prunedAt = now()
    ledgers.prune().catch(() => {})
  }

  function reached(is: boolean, error?: unknown): void {
    if (is !== isReached) onReach?.(is, error)
    isReached = is
  }

  return {
    take,
    async peek(meters, nowMs) {
      const named = meters.map((meter) => holdings.of(meter))
      const at = now()
      if (named.every(({ held, until }) => held > 0 && at < until)) return named.map((one) => stateOf(one, at, nowMs))
      const { states } = await ask(named, 0, nowMs)
      return states
    },
    async stop() {
      for (const stop of stops) stop()
      await handBack(holdings.holding())
    },
  }
}

function repeat(ms: number, work: () => void): () => void {
  const timer = setInterval(work, ms)
  timer.unref()
  return () => clearInterval(timer)
}

/** All or nothing. */
function answer({ holdings: named, cost, nowMs }: Ask, open: Open, ledgerNow: number): Quota {
  let refusedBy = -1
  let longest = 0
  for (const [index, { name, limit }] of named.entries()) {
    const wait = waitFor(open.get(name) as Ledger, limit, cost, ledgerNow)
    if (wait <= longest) continue
    longest = wait
    refusedBy = index
  }
  const taken = refusedBy < 0
  for (const { name, limit } of taken && cost > 0 ? new Set(named) : []) {
    open.set(name, charge(open.get(name) as Ledger, limit, cost, ledgerNow, ledgerNow))
  }
  const states = named.map(({ name, limit }): LimitState => {
    const ledger = open.get(name) as Ledger
    const resetAt = nowMs + resetOf(ledger, limit, ledgerNow) - ledgerNow
    return { limit, remaining: roomFor(ledger, limit, ledgerNow), resetAt }
  })
  return { taken, states, retryAfterMs: longest, refusedBy }
}

function grant(holding: Holding, next: number, open: Open, ledgerNow: number): (sentAt: number) => void {
  const { name, limit } = holding
  const forMs = shareMsOf(limit)
  const chargedAt = ledgerNow + forMs
  const ledger = open.get(name) as Ledger
  // A quarter of what is left at most: the last requests are for whoever comes.
  const held = next === 0 ? 0 : Math.min(next, Math.floor(roomFor(ledger, limit, ledgerNow) / 4))
  const after = held > 0 ? charge(ledger, limit, held, chargedAt, ledgerNow) : ledger
  open.set(name, after)
  const remaining = roomFor(after, limit, ledgerNow)
  const freeInMs = resetOf(after, limit, ledgerNow) - ledgerNow
  return (sentAt) => {
    const told = { remaining, freeAt: sentAt + freeInMs }
    Object.assign(holding, { held, granted: held, until: sentAt + forMs, chargedAt, ...told })
  }
}
