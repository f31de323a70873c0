import { type Counters, createMemoryCounters } from '@keywright/core'
import type { Logger } from '../log/logger.ts'
import type { Ledgers } from './ledgers.ts'
import { createOtherwise, type WhenLimiterUnavailable } from './otherwise.ts'
import { openRedis } from './redis-client.ts'
import { createRedisCounters } from './redis-counters.ts'
import { createRedisLedgers } from './redis-ledgers.ts'
import { createShares } from './shares.ts'

/** `exact` asks Redis about every request; `leased` takes shares of each limit from it, and asks seldom. */
export type RedisLimits = 'exact' | 'leased'

export interface CountTogetherOptions {
  /** Where there is no Redis; null: where there is one node, which counts in memory. */
  ledgers: Ledgers | null
  redis: string | null
  redisLimits: RedisLimits
  whenLimiterUnavailable: WhenLimiterUnavailable
  /** How many nodes there are, as far as is known. */
  nodes: () => number
  log: Logger
}

/** Counters that hold each limit for all nodes together, however many there are. */
export interface CommonCounters {
  counters: Counters
  /** Gives back what this node holds unused. */
  stop(): Promise<void>
}

export async function countTogether(options: CountTogetherOptions): Promise<CommonCounters> {
  const { ledgers, redis: url, redisLimits, whenLimiterUnavailable, nodes, log } = options
  const otherwise = createOtherwise(whenLimiterUnavailable, nodes)
  const onReach = (isReached: boolean, error?: unknown) => {
    if (isReached) log.info('limits are counted together again')
    else log.warn(`limits cannot be counted together: whenLimiterUnavailable is ${whenLimiterUnavailable}`, { error })
  }
  if (url === null) {
    if (!ledgers) return { counters: createMemoryCounters(), stop: async () => {} }
    const shares = createShares({ ledgers, otherwise, onReach })
    return { counters: shares, stop: shares.stop }
  }
  const redis = await openRedis(url)
  const isReached = redis.trouble === null
  if (!isReached) onReach(false, redis.trouble)
  if (redisLimits === 'exact') {
    return { counters: createRedisCounters({ redis, otherwise, onReach, isReached }), stop: async () => redis.close() }
  }
  const shares = createShares({ ledgers: createRedisLedgers(redis), otherwise, onReach, isReached })
  return {
    counters: shares,
    async stop() {
      await shares.stop()
      redis.close()
    },
  }
}
