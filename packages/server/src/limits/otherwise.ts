import { type Counters, createMemoryCounters, type Limit, type LimitState, type Meter } from '@keywright/core'

/** What a node does with requests under a limit while it cannot reach where limits are counted together. */
export type WhenLimiterUnavailable = 'localShare' | 'refuse' | 'allow'

/** Limits cannot be counted, and nothing is let through uncounted. */
export class LimiterUnavailableError extends Error {
  readonly code = 'limiter_unavailable'
  constructor() {
    super('Requests cannot be counted just now, and none is let through uncounted. Try again soon.')
    this.name = 'LimiterUnavailableError'
  }
}

/** @param nodes how many nodes there are, as far as is known */
export function createOtherwise(choice: WhenLimiterUnavailable, nodes: () => number): Counters {
  if (choice === 'localShare') return localShare(nodes)
  const peek = (meters: readonly Meter[], nowMs: number): LimitState[] => {
    if (choice === 'refuse') throw new LimiterUnavailableError()
    return meters.map(({ limit }) => ({ limit, remaining: limit.requests, resetAt: nowMs }))
  }
  return {
    take: (meters, _cost, nowMs) => ({ taken: true, states: peek(meters, nowMs), retryAfterMs: 0, refusedBy: -1 }),
    peek,
  }
}

/** Each node counts for itself, at most its part of each limit and at least one request. */
function localShare(nodes: () => number): Counters {
  const counters = createMemoryCounters()
  /** Each counts on where it was counted, however many nodes there were: by its own name a part would begin anew. */
  const parts = (meters: readonly Meter[], nowMs: number) => {
    const whole = meters.map(({ limit, subject }) => ({ limit, subject, slot: -1 }))
    counters.take(whole, 0, nowMs)
    return whole.map(({ limit, ...counted }) => ({ ...counted, limit: partOf(limit, nodes()) }))
  }
  return {
    take(meters, cost, nowMs) {
      const quota = counters.take(parts(meters, nowMs), cost, nowMs)
      return { ...quota, states: statesOf(meters, quota.states) }
    },
    peek(meters, nowMs) {
      return statesOf(meters, counters.peek(parts(meters, nowMs), nowMs))
    },
  }
}

/** More may be spent than a part that has become smaller. */
function statesOf(meters: readonly Meter[], states: readonly LimitState[]): LimitState[] {
  return states.map(({ remaining, resetAt }, index) => {
    return { limit: (meters[index] as Meter).limit, remaining: Math.max(0, remaining), resetAt }
  })
}

function partOf(limit: Limit, nodes: number): Limit {
  return { ...limit, requests: Math.max(1, Math.floor(limit.requests / Math.max(1, nodes))) }
}
