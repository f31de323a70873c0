import type { Limit } from '../key/record.ts'
import type { LimitState } from '../limit/counters.ts'
import type { Contract, LimitHeaders } from './contract.ts'

/**
 * Tells the caller what is left. Nothing is written where there is no limit. A refusal says how long the caller must
 * wait: of a limit with nothing left, `RateLimit` speaks of no later time than its `Retry-After`.
 */
export type WriteLimitHeaders = (
  states: readonly LimitState[],
  nowMs: number,
  write: (name: string, value: string) => void,
  retryAfterMs?: number,
) => void

export function compileLimitHeaders({ limitHeaders }: Pick<Contract, 'limitHeaders'>): WriteLimitHeaders {
  if (limitHeaders === 'none') return () => {}
  return limitHeaders === 'ietf' ? writeIetf : named(limitHeaders)
}

/** draft-ietf-httpapi-ratelimit-headers-11 §3 and §4: Lists of Strings with parameters (RFC 9651). */
const writeIetf: WriteLimitHeaders = (states, nowMs, write, retryAfterMs = 0) => {
  if (states.length === 0) return
  const { names, policies } = wordsFor(states)
  let remainders = ''
  for (let i = 0; i < states.length; i++) {
    const { remaining, resetAt } = states[i] as LimitState
    const wait = retryAfterMs > 0 && remaining < 1 ? Math.min(retryAfterMs, resetAt - nowMs) : resetAt - nowMs
    remainders += `${i > 0 ? ', ' : ''}${names[i]};r=${whole(remaining)};t=${secondsIn(wait)}`
  }
  write('RateLimit-Policy', policies)
  write('RateLimit', remainders)
}

interface Words {
  limits: readonly Limit[]
  names: readonly string[]
  policies: string
}

/** Limits live as long as the contract or the key that has them, and so do the words for them. */
const wordsByFirst = new WeakMap<Limit, Words>()

function wordsFor(states: readonly LimitState[]): Words {
  const first = (states[0] as LimitState).limit
  const known = wordsByFirst.get(first)
  if (known && known.limits.length === states.length && states.every(({ limit }, i) => limit === known.limits[i]))
    return known
  const limits = states.map(({ limit }) => limit)
  const names = limits.map((_, i) => `"${nameOf(limits, i)}"`)
  const policies = limits
    .map(({ requests, windowSeconds }, i) => `${names[i]};q=${requests};w=${windowSeconds}`)
    .join(', ')
  const words = { limits, names, policies }
  wordsByFirst.set(first, words)
  return words
}

/** The name says what is counted and how, never whose: `key-window`, or `key-window-60` where there are several such. */
function nameOf(limits: readonly Limit[], index: number): string {
  const limit = limits[index] as Limit
  const name = `${limit.per}-${limit.kind}`
  if (limits.filter((other) => sameKind(other, limit)).length === 1) return name
  const twins = limits.slice(0, index).filter((other) => sameKind(other, limit) && sameWindow(other, limit))
  return `${name}-${limit.windowSeconds}${twins.length > 0 ? `-${twins.length + 1}` : ''}`
}

function sameKind(a: Limit, b: Limit): boolean {
  return a.per === b.per && a.kind === b.kind
}

function sameWindow(a: Limit, b: Limit): boolean {
  return a.windowSeconds === b.windowSeconds
}

function named(names: Exclude<LimitHeaders, string>): WriteLimitHeaders {
  const { limit: limitName, remaining: remainingName, reset: resetName, resetAs } = names
  return (states, nowMs, write) => {
    const closest = closestToItsEnd(states)
    if (!closest) return
    write(limitName, String(closest.limit.requests))
    write(remainingName, String(whole(closest.remaining)))
    write(resetName, resetValue(closest.resetAt, nowMs, resetAs))
  }
}

/** The fewest requests left; of equals, the one that comes back last. */
function closestToItsEnd(states: readonly LimitState[]): LimitState | undefined {
  let closest = states[0]
  for (const state of states) {
    if (!closest || state.remaining > closest.remaining) continue
    if (state.remaining < closest.remaining || state.resetAt > closest.resetAt) closest = state
  }
  return closest
}

function resetValue(resetAt: number, nowMs: number, resetAs: Exclude<LimitHeaders, string>['resetAs']): string {
  if (resetAs === 'unixSeconds') return String(Math.ceil(resetAt / 1000))
  if (resetAs === 'secondsLeft') return String(secondsIn(resetAt - nowMs))
  if (resetAs === 'unixMilliseconds') return String(Math.ceil(resetAt))
  return new Date(Math.ceil(resetAt)).toISOString()
}

function secondsIn(ms: number): number {
  return Math.max(0, Math.ceil(ms / 1000))
}

function whole(count: number): number {
  return Math.max(0, Math.floor(count))
}
