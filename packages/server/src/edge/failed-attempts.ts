import {
  createMemoryCounters,
  type DenialReason,
  type Limit,
  networkOf,
  type Refusal,
  rowOf,
  type Verifier,
} from '@keywright/core'

/** Requests without a key that works: of one address (an IPv6 /64), and of all of them together. */
export const perNetwork: Limit = { requests: 1_000, windowSeconds: 60, per: 'address', kind: 'window' }
export const perInstance: Limit = { requests: 30_000, windowSeconds: 60, per: 'organization', kind: 'window' }

const message = 'Too many requests without a key that works. Retry-After says how long to wait.'

export interface FailedAttempts {
  /** Counts a request that was denied for this reason; the answer it gets instead of its own, where there were too many. */
  count(reason: DenialReason, address: string | null, requestId: string): Refusal | null
  /** Counts one whose service key was not accepted. */
  countUnauthenticated(address: string | null, requestId: string): Refusal | null
}

/**
 * Whoever guesses keys, or floods with none, is told to wait. A key that works is never refused for what others do from
 * its address, since only requests that fail are counted, and only those get this answer. All that may be wrong with a
 * key counts alike, or the answer would tell an unknown key from a revoked one.
 */
export function createFailedAttempts(verifier: Verifier, now: () => number = Date.now): FailedAttempts {
  const counters = createMemoryCounters()
  const everybody = { limit: perInstance, subject: 'failed attempts', slot: -1 }

  function countUnauthenticated(address: string | null, requestId: string): Refusal | null {
    const network = (address !== null && networkOf(address)) || 'unknown'
    const meters = [{ limit: perNetwork, subject: network, slot: -1 }, everybody]
    const { taken, retryAfterMs, refusedBy } = counters.take(meters, 1, now())
    if (taken) return null
    const { requests, windowSeconds } = refusedBy === 0 ? perNetwork : perInstance
    const retryAfter = Math.max(1, Math.ceil(retryAfterMs / 1000))
    return verifier.refusal('rate_limited', { requestId, retryAfter, limit: requests, windowSeconds, message })
  }

  return {
    countUnauthenticated,
    count: (reason, address, requestId) => (isFailure(reason) ? countUnauthenticated(address, requestId) : null),
  }
}

function isFailure(reason: DenialReason): boolean {
  const row = rowOf[reason]
  return row === 'missing_credential' || row === 'repeated_credential' || row === 'invalid_credential'
}
