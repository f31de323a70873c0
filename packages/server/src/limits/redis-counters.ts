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
  /** As far as was told before. */
  isReached?: boolean
  /** Instead of the clock of Redis: for tests. */
  clock?: (nowMs: number) => number
}

const ledger = scriptOf(script)

/** So long nobody waits for one that has just not answered. */
const restMs = 500

/** A limit of one subject, and under which key it lies. */
interface Counted {
  meter: Meter
  key: string
}

interface Answer {
  taken: boolean
  refusedBy: number
  longest: number
  states: readonly { remaining: number; resetInMs: number }[]
}

/** Of one slot. `now` is by the clock of its master, and each has another. */
interface SlotAnswer extends Answer {
  now: number
}

/**
 * Exact: every request is counted in Redis, by its clock, in one round trip. In a cluster one script reaches one slot: a
 * key's own limits lie in that of its organization, or else its project or user. Where there are limits of several of
 * these, which do not belong to one another for ever, each slot is asked at once, and what one has charged is given back
 * where another refuses: still never more than any limit, while a request that is refused may for that moment stand in
 * another's way.
 */
export function createRedisCounters({
  redis,
  otherwise,
  onReach,
  isReached = true,
  clock,
}: RedisCountersOptions): Counters {
  let restsUntil = 0
  let asking = 0

  /** @param verb a number undoes a take that was made then, by the clock of its master */
  async function ask(
    verb: 'take' | 'peek' | number,
    group: readonly Counted[],
    cost: number,
    nowMs: number,
  ): Promise<SlotAnswer> {
    const now = clock ? String(clock(nowMs)) : ''
    const args = group.flatMap(({ meter: { limit } }) => [
      limit.kind,
      String(limit.requests),
      String(limit.windowSeconds * 1000),
    ])
    const keys = group.map(({ key }) => key)
    const answer = (await redis.run(ledger, keys, [now, String(cost), String(verb), ...args])) as number[]
    const [at = 0, taken, refusedBy = 0, longest = 0, ...states] = answer
    return {
      now: at,
      taken: taken === 1,
      refusedBy: refusedBy - 1,
      longest,
      states: group.map((_, index) => {
        const [remaining = 0, resetAt = at] = states.slice(index * 2)
        return { remaining, resetInMs: resetAt - at }
      }),
    }
  }

  async function askEach(
    verb: 'take' | 'peek',
    groups: readonly (readonly Counted[])[],
    cost: number,
    nowMs: number,
  ): Promise<Answer> {
    const answers = await Promise.all(groups.map((group) => ask(verb, group, cost, nowMs)))
    const taken = answers.every((one) => one.taken)
    if (!taken && cost > 0) {
      await Promise.all(
        answers.map(async (one, index) => {
          if (!one.taken) return
          // What cannot be given back comes back by itself, and what is refused stays refused.
          const undone = await ask(one.now, groups[index] ?? [], cost, nowMs).catch(() => one)
          one.states = undone.states
        }),
      )
    }
    const longest = Math.max(...answers.map((one) => one.longest))
    const refusing = answers.findIndex((one) => one.longest === longest)
    const before = groups.slice(0, refusing).reduce((sum, group) => sum + group.length, 0)
    const refusedBy = taken ? -1 : before + (answers[refusing]?.refusedBy ?? 0)
    return { taken, refusedBy, longest, states: answers.flatMap((one) => one.states) }
  }

  async function count(verb: 'take' | 'peek', meters: readonly Meter[], cost: number, nowMs: number): Promise<Quota> {
    const groups = redis.isCluster ? bySlot(meters) : [distinct(meters).map((meter) => counted(meter))]
    const answer = await askEach(verb, groups, cost, nowMs)
    const names = groups.flat().map(({ meter }) => nameOf(meter))
    const states = meters.map((meter): LimitState => {
      const { remaining = 0, resetInMs = 0 } = answer.states[names.indexOf(nameOf(meter))] ?? {}
      return { limit: meter.limit, remaining, resetAt: nowMs + resetInMs }
    })
    const refused = names[answer.refusedBy]
    const refusedBy = refused === undefined ? -1 : meters.findIndex((meter) => nameOf(meter) === refused)
    return { taken: answer.taken, states, retryAfterMs: answer.longest, refusedBy }
  }

  function reached(is: boolean, error?: unknown): void {
    if (is !== isReached) onReach?.(is, error)
    isReached = is
  }

  async function guarded<T>(work: () => Promise<T>, instead: () => T | Promise<T>): Promise<T> {
    // Of one that has just not answered, one request at a time finds out whether it does again: what the others asked
    // would pile up here, and be charged when it wakes.
    if (performance.now() < restsUntil || (!isReached && asking > 0)) return instead()
    asking++
    try {
      const result = await work()
      reached(true)
      return result
    } catch (error) {
      restsUntil = performance.now() + restMs
      reached(false, error)
      return instead()
    } finally {
      asking--
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

function nameOf({ limit: { kind, requests, windowSeconds, per }, subject }: Meter): string {
  return JSON.stringify([kind, requests, windowSeconds, per, subject])
}

function distinct(meters: readonly Meter[]): Meter[] {
  return [...new Map(meters.map((meter) => [nameOf(meter), meter])).values()]
}

function bySlot(meters: readonly Meter[]): Counted[][] {
  const groups = new Map<string, Counted[]>()
  for (const meter of distinct(meters)) {
    const tag = tagOf(meter, meters)
    groups.set(tag, [...(groups.get(tag) ?? []), counted(meter, tag)])
  }
  return [...groups.values()]
}

/** What is shared lies where it always does, whoever asks; a key's own limits lie beside the first of those. */
function tagOf({ limit, subject }: Meter, all: readonly Meter[]): string {
  if (limit.per !== 'key') return subject
  const shared = (['organization', 'project', 'user'] as const).flatMap((per) =>
    all.filter((one) => one.limit.per === per),
  )
  return shared[0]?.subject ?? subject
}

/** Outside of a cluster it lies nowhere in particular, so that it goes on where it was whatever is counted beside it. */
function counted(meter: Meter, tag = meter.subject): Counted {
  const digest = (name: string) => hash('sha256', name, 'base64url')
  return { meter, key: `keywright:limit:{${digest(tag).slice(0, 16)}}:${digest(nameOf(meter))}` }
}
