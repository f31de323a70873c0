import { hash } from 'node:crypto'
import type { Counters, LimitState, Meter, Quota } from '@keywright/core'
import { type RedisClient, scriptOf } from './redis-client.ts'
import { script } from './redis-script.ts'

export interface RedisCountersOptions {
  redis: RedisClient
  /** Asked where Redis does not answer. */
  otherwise: Counters
  /** Told when Redis does not answer, and when it does again. */
  onReach?: (isReached: boolean, error?: unknown) => void
  /** Instead of the clock of Redis: for tests. */
  clock?: (nowMs: number) => number
}

const ledger = scriptOf(script)

/** So long nobody waits for one that has just not answered. */
const restMs = 500

interface Answer {
  now: number
  taken: boolean
  refusedBy: number
  longest: number
  states: readonly { remaining: number; resetAt: number }[]
}

/**
 * Exact: every request is counted in Redis, by its clock, in one round trip. In a cluster, where one script cannot reach
 * limits in several slots, each is charged by itself and given back where another refuses: still never more than any
 * limit, while a request that is refused may for that moment stand in another's way.
 */
export function createRedisCounters({ redis, otherwise, onReach, clock }: RedisCountersOptions): Counters {
  let restsUntil = 0
  let isReached = true

  async function ask(
    verb: 'take' | 'peek' | 'back',
    meters: readonly Meter[],
    cost: number,
    now: string,
  ): Promise<Answer> {
    const args = meters.flatMap(({ limit: { kind, requests, windowSeconds } }) => [
      kind,
      String(requests),
      String(windowSeconds * 1000),
    ])
    const answer = (await redis.run(ledger, meters.map(keyOf), [now, String(cost), verb, ...args])) as number[]
    const [at = 0, taken, refusedBy = 0, longest = 0, ...states] = answer
    return {
      now: at,
      taken: taken === 1,
      refusedBy: refusedBy - 1,
      longest,
      states: meters.map((_, index) => ({ remaining: states[index * 2] ?? 0, resetAt: states[index * 2 + 1] ?? 0 })),
    }
  }

  async function askEach(verb: 'take' | 'peek', meters: readonly Meter[], cost: number, now: string): Promise<Answer> {
    const answers = await Promise.all(meters.map((meter) => ask(verb, [meter], cost, now)))
    const longest = Math.max(...answers.map((one) => one.longest))
    const taken = answers.every((one) => one.taken)
    if (verb === 'take' && !taken && cost > 0) {
      const charged = meters.flatMap((meter, index) =>
        answers[index]?.taken ? [{ meter, at: answers[index]?.now }] : [],
      )
      const returned = await Promise.all(charged.map(({ meter, at }) => ask('back', [meter], cost, String(at))))
      for (const [index, { meter }] of charged.entries()) {
        const answer = answers[meters.indexOf(meter)]
        if (answer) answer.states = returned[index]?.states ?? []
      }
    }
    const states = answers.flatMap((one) => one.states)
    const refusedBy = taken ? -1 : answers.findIndex((one) => one.longest === longest)
    return { now: answers[0]?.now ?? 0, taken, refusedBy, longest, states }
  }

  async function count(verb: 'take' | 'peek', meters: readonly Meter[], cost: number, nowMs: number): Promise<Quota> {
    const distinct = new Map(meters.map((meter) => [keyOf(meter), meter]))
    const asked = [...distinct.values()]
    const now = clock ? String(clock(nowMs)) : ''
    const answer =
      redis.isCluster && asked.length > 1 ? await askEach(verb, asked, cost, now) : await ask(verb, asked, cost, now)
    const keys = [...distinct.keys()]
    const states = meters.map((meter): LimitState => {
      const { remaining = 0, resetAt = 0 } = answer.states[keys.indexOf(keyOf(meter))] ?? {}
      return { limit: meter.limit, remaining, resetAt: nowMs + resetAt - answer.now }
    })
    const refused = keys[answer.refusedBy]
    const refusedBy = refused === undefined ? -1 : meters.findIndex((meter) => keyOf(meter) === refused)
    return { taken: answer.taken, states, retryAfterMs: answer.longest, refusedBy }
  }

  function reached(is: boolean, error?: unknown): void {
    if (is !== isReached) onReach?.(is, error)
    isReached = is
  }

  async function guarded<T>(work: () => Promise<T>, instead: () => T | Promise<T>): Promise<T> {
    if (performance.now() < restsUntil) return instead()
    try {
      const result = await work()
      reached(true)
      return result
    } catch (error) {
      restsUntil = performance.now() + restMs
      reached(false, error)
      return instead()
    }
  }

  return {
    take(meters, cost, nowMs) {
      if (!Number.isSafeInteger(cost) || cost < 0) throw new RangeError('A cost must be a whole number, 0 or more.')
      if (meters.length === 0) return { taken: true, states: [], retryAfterMs: 0, refusedBy: -1 }
      const own = meters.map(copyOf)
      return guarded(
        () => count('take', own, cost, nowMs),
        () => otherwise.take(own, cost, nowMs),
      )
    },
    peek(meters, nowMs) {
      const own = meters.map(copyOf)
      return guarded(
        async () => (await count('peek', own, 0, nowMs)).states,
        () => otherwise.peek(own, nowMs),
      )
    },
  }
}

/** A meter may be pointed at another key while this waits. */
function copyOf({ limit, subject }: Meter): Meter {
  return { limit, subject, slot: -1 }
}

function keyOf({ limit: { kind, requests, windowSeconds, per }, subject }: Meter): string {
  return `keywright:limit:${hash('sha256', JSON.stringify([kind, requests, windowSeconds, per, subject]), 'base64url')}`
}
