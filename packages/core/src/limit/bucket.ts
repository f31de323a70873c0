import type { Limit } from '../key/record.ts'
import { FLOATS, LESS, type Lines, RESET_AT } from './lines.ts'

/*
 * A token bucket as a GCRA: all it keeps is when it will be full again. A bucket holds `requests` and refills evenly
 * within the window. Its debt is counted in units of which a request costs as many as the window has milliseconds, and
 * a millisecond pays `requests` back: whole numbers, so that nothing is ever rounded in anyone's favour. The instant it
 * is full is RESET_AT, a whole millisecond, less the LESS units that its last millisecond will not need. Exact up to
 * 2⁵³ units of debt.
 */

/** Milliseconds until `cost` fits, 0 where it does, the whole window where it never will. */
export function bucketWait(lines: Lines, slot: number, cost: number, limit: Limit): number {
  const windowMs = limit.windowSeconds * 1000
  if (cost > limit.requests) return windowMs
  const missing = debt(lines, slot, limit.requests) + (cost - limit.requests) * windowMs
  return missing <= 0 ? 0 : Math.ceil(missing / limit.requests)
}

/** With room for `cost`, which is above 0. */
export function bucketCharge(lines: Lines, slot: number, cost: number, limit: Limit): void {
  const owed = debt(lines, slot, limit.requests) + cost * limit.windowSeconds * 1000
  const ms = Math.ceil(owed / limit.requests)
  lines.floats[slot * FLOATS + RESET_AT] = lines.now + ms
  const less = ms * limit.requests - owed
  lines.floats[slot * FLOATS + LESS] = less > 0 ? less : 0
}

/** Whole requests that fit now. */
export function bucketRemaining(lines: Lines, slot: number, limit: Limit): number {
  const owed = Math.ceil(debt(lines, slot, limit.requests) / (limit.windowSeconds * 1000))
  return Math.max(0, limit.requests - owed)
}

/** Owes on a fresh counter all that `from` owes. */
export function bucketInherit(lines: Lines, slot: number, from: number): void {
  lines.floats[slot * FLOATS + RESET_AT] = lines.floats[from * FLOATS + RESET_AT] as number
  lines.floats[slot * FLOATS + LESS] = lines.floats[from * FLOATS + LESS] as number
}

function debt(lines: Lines, slot: number, requests: number): number {
  const ms = (lines.floats[slot * FLOATS + RESET_AT] as number) - lines.now
  return ms > 0 ? ms * requests - (lines.floats[slot * FLOATS + LESS] as number) : 0
}
