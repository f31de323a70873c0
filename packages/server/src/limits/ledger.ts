import type { Limit } from '@keywright/core'

/*
 * What is spent of one limit, as it lies in the database. A window is a log of charges: each is an instant and a number
 * of requests, and spent until a whole window after that instant. A bucket is a GCRA as in `core/limit/bucket.ts`: when
 * it will be full again, in whole milliseconds, less the units that the last of them does not need.
 *
 * A charge may lie in the future. A share that may be used until some instant is charged at that instant, and then
 * whenever it is used within, no interval has more than the limit: it comes back a little later, never sooner.
 */
export type Ledger = { window: [at: number, count: number][] } | { fullAt: number; less: number }

const segments = 64

export function emptyLedger({ kind }: Limit): Ledger {
  return kind === 'window' ? { window: [] } : { fullAt: 0, less: 0 }
}

/** For so many milliseconds a share may be used. */
export function shareMsOf({ windowSeconds }: Limit): number {
  return Math.min(Math.floor((windowSeconds * 1000) / 16), 5_000)
}

/**
 * Where the clock was set back, what is charged later than anybody charges now is charged as late as that: it gives
 * nothing back, and nobody waits for the clock to be where it was.
 */
export function caughtUp(ledger: Ledger, limit: Limit, now: number): Ledger {
  const latest = instantOf(now + shareMsOf(limit), limit)
  if (!('window' in ledger)) {
    const fullAt = latest + limit.windowSeconds * 1000
    return ledger.fullAt > fullAt ? { fullAt, less: 0 } : ledger
  }
  if ((ledger.window.at(-1)?.[0] ?? 0) <= latest) return ledger
  const earlier = ledger.window.filter(([at]) => at < latest)
  const later = ledger.window.slice(earlier.length).reduce((sum, [, count]) => sum + count, 0)
  return { window: [...earlier, [latest, later]] }
}

/** Milliseconds until `cost` fits, 0 where it does, the whole window where it never will. */
export function waitFor(ledger: Ledger, limit: Limit, cost: number, now: number): number {
  const windowMs = limit.windowSeconds * 1000
  if (cost > limit.requests) return windowMs
  if (!('window' in ledger)) {
    const missing = debt(ledger, limit, now) + (cost - limit.requests) * windowMs
    return missing <= 0 ? 0 : Math.ceil(missing / limit.requests)
  }
  let missing = spent(ledger.window, windowMs, now) + cost - limit.requests
  if (missing <= 0) return 0
  for (const [at, count] of ledger.window) {
    if (at + windowMs <= now) continue
    missing -= count
    if (missing <= 0) return at + windowMs - now
  }
  return windowMs
}

/** How many requests fit. */
export function roomFor(ledger: Ledger, limit: Limit, now: number): number {
  const windowMs = limit.windowSeconds * 1000
  if ('window' in ledger) return limit.requests - spent(ledger.window, windowMs, now)
  return Math.max(0, limit.requests - Math.ceil(debt(ledger, limit, now) / windowMs))
}

export function charge(ledger: Ledger, limit: Limit, cost: number, at: number, now: number): Ledger {
  const windowMs = limit.windowSeconds * 1000
  if (!('window' in ledger)) {
    return owing(debt(ledger, limit, at) + cost * windowMs, limit, at)
  }
  const kept = ledger.window.filter(([instant]) => instant + windowMs > now)
  const charged = instantOf(at, limit)
  const same = kept.findIndex(([instant]) => instant === charged)
  if (same >= 0) kept[same] = [charged, (kept[same]?.[1] ?? 0) + cost]
  else kept.push([charged, cost])
  return { window: kept.sort(([a], [b]) => a - b) }
}

/** Undoes part of a charge at `at`, of which nothing was used. What a bucket has refilled of it since came back already. */
export function giveBack(ledger: Ledger, limit: Limit, count: number, at: number, now: number): Ledger {
  if (!('window' in ledger)) {
    const refilled = Math.max(0, now - at) * limit.requests
    const back = Math.max(0, count * limit.windowSeconds * 1000 - refilled)
    return owing(debt(ledger, limit, now) - back, limit, now)
  }
  const charged = instantOf(at, limit)
  return {
    window: ledger.window.flatMap(([instant, held]): [number, number][] =>
      instant !== charged ? [[instant, held]] : held > count ? [[instant, held - count]] : [],
    ),
  }
}

/** When nothing is spent any more. */
export function resetOf(ledger: Ledger, { windowSeconds }: Limit, now: number): number {
  if (!('window' in ledger)) return Math.max(ledger.fullAt, now)
  const last = ledger.window.at(-1)
  return last ? Math.max(last[0] + windowSeconds * 1000, now) : now
}

/** Above 64 requests a charge counts for the end of its 64th of the window, so that few are remembered. */
function instantOf(at: number, { requests, windowSeconds }: Limit): number {
  if (requests <= segments) return at
  const step = (windowSeconds * 1000) / segments
  return Math.ceil(Math.ceil(at / step) * step)
}

function spent(window: readonly (readonly [number, number])[], windowMs: number, now: number): number {
  let sum = 0
  for (const [at, count] of window) if (at + windowMs > now) sum += count
  return sum
}

function debt(ledger: { fullAt: number; less: number }, { requests }: Limit, now: number): number {
  const ms = ledger.fullAt - now
  return ms > 0 ? ms * requests - ledger.less : 0
}

function owing(owed: number, { requests }: Limit, at: number): Ledger {
  const ms = Math.ceil(owed / requests)
  return { fullAt: at + ms, less: ms * requests - owed }
}
