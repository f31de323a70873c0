import { setTimeout } from 'node:timers/promises'
import { caughtUp, emptyLedger, type Ledger, resetOf } from './ledger.ts'
import type { Ledgers } from './ledgers.ts'
import { type RedisClient, scriptOf } from './redis-client.ts'

const read = scriptOf(`
local time = redis.call('TIME')
local answer = { tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) }
for _, key in ipairs(KEYS) do answer[#answer + 1] = redis.call('GET', key) or '' end
return answer
`)

/** ARGV: for each key what it must hold still, what it is to hold, and for how many milliseconds. */
const replace = scriptOf(`
for index, key in ipairs(KEYS) do
  if (redis.call('GET', key) or '') ~= ARGV[3 * index - 2] then return 0 end
end
for index, key in ipairs(KEYS) do
  local forMs = tonumber(ARGV[3 * index])
  if forMs > 0 then redis.call('SET', key, ARGV[3 * index - 1], 'PX', forMs) else redis.call('DEL', key) end
end
return 1
`)

const mostAttempts = 20

/** The ledgers of shares, in Redis. All lie in one slot, so that a cluster too replaces them together: few ask for them. */
export function createRedisLedgers(redis: RedisClient, clock?: () => number): Ledgers {
  return {
    async change(names, work) {
      const keys = names.map(({ name }) => `{keywright}:share:${name}`)
      for (let attempts = 1; attempts <= mostAttempts; attempts++) {
        const [readAt, ...held] = (await redis.run(read, keys, [])) as [number, ...string[]]
        const now = clock ? clock() : readAt
        const ledgers = new Map(
          names.map(({ name, limit }, index): [string, Ledger] => [
            name,
            held[index] ? caughtUp(JSON.parse(held[index]), limit, now) : emptyLedger(limit),
          ]),
        )
        const result = work(ledgers, now)
        const args = names.flatMap(({ name, limit }, index) => {
          const ledger = ledgers.get(name) ?? emptyLedger(limit)
          const forMs = resetOf(ledger, limit, now) - now
          return [held[index] ?? '', JSON.stringify(ledger), String(forMs <= 0 ? 0 : forMs + 1_000)]
        })
        if ((await redis.run(replace, keys, args)) === 1) return result
        await setTimeout(Math.random() * attempts)
      }
      throw new Error('Other nodes came first, again and again.')
    },
    // Redis forgets them by itself.
    prune: async () => {},
  }
}
