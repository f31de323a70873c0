import { type Counters, createMemoryCounters, type Limit, type Meter, type Quota } from '@keywright/core'

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
  const take = (meters: readonly Meter[]): Quota => {
    if (choice === 'refuse') throw new LimiterUnavailableError()
    return { taken: true, states: meters.map(({ limit }) => unspent(limit)), retryAfterMs: 0, refusedBy: -1 }
  }
  return { take, peek: (meters) => take(meters).states }
}

/** Each node counts for itself, at most its part of each limit and at least one request. */
function localShare(nodes: () => number): Counters {
  const counters = createMemoryCounters()
  const parts = (meters: readonly Meter[]) =>
    meters.map(({ limit, subject }) => ({ limit: partOf(limit, nodes()), subject, slot: -1 }))
  return {
    async take(meters, cost, nowMs) {
      const quota = await counters.take(parts(meters), cost, nowMs)
      return { ...quota, states: quota.states.map((state, index) => ({ ...state, limit: limitOf(meters, index) })) }
    },
    async peek(meters, nowMs) {
      const states = await counters.peek(parts(meters), nowMs)
      return states.map((state, index) => ({ ...state, limit: limitOf(meters, index) }))
    },
  }
}

function limitOf(meters: readonly Meter[], index: number): Limit {
  return (meters[index] as Meter).limit
}

function partOf(limit: Limit, nodes: number): Limit {
  return { ...limit, requests: Math.max(1, Math.floor(limit.requests / Math.max(1, nodes))) }
}

function unspent(limit: Limit) {
  return { limit, remaining: limit.requests, resetAt: 0 }
}
