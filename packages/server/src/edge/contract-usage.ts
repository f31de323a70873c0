import type { UsageReader } from '@keywright/contracts'
import { monthOf } from '@keywright/core'
import type { Usage } from '../usage/usage.ts'

const perRead = 500
/** No month is longer, and none is cut into more than two. */
const stepMs = 31 * 86_400_000

/** What has been used, as a contract's own routes may ask for it. */
export function contractUsage(usage: Pick<Usage, 'counts' | 'lastUses' | 'month'>): UsageReader {
  return {
    async ofMonth(organization, at) {
      const { startMs, endMs } = monthOf(at)
      const month = { organization, since: new Date(startMs), until: new Date(endMs), isAllowed: true }
      const byRoute = new Map<string, number>()
      for (let skip = 0; ; skip += perRead) {
        const groups = await usage.counts({ ...month, stepMs, by: ['route'], skip, limit: perRead })
        for (const { route, count } of groups) {
          byRoute.set(String(route), (byRoute.get(String(route)) ?? 0) + count)
        }
        if (groups.length < perRead) break
      }
      return { used: await usage.month(organization, at), byRoute: Object.fromEntries(byRoute) }
    },

    async lastUsed(keys) {
      const latest = new Map<string, Date>()
      for (let from = 0; from < keys.length; from += perRead) {
        for (const { key, at } of await usage.lastUses(keys.slice(from, from + perRead))) {
          if (at > (latest.get(key) ?? 0)) latest.set(key, at)
        }
      }
      return latest
    },
  }
}
