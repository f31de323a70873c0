import type { Key } from '@keywright/client'
import { useQuery } from '@tanstack/react-query'
import { readUsage, sinceOf } from '../usage/read-usage.ts'
import { perStep } from '../usage/sums.ts'

const week = { hours: 7 * 24, interval: 'day' } as const

/** Allowed and refused on each of seven days. */
export type Use = ReturnType<typeof perStep>

export function isUsed({ lastUsedAt }: Key): boolean {
  return lastUsedAt !== null && Date.parse(lastUsedAt) >= Date.parse(sinceOf(week, Date.now()))
}

/** Of all that were used in this time, asked for at once; `undefined` while it is not known. */
export function useUses(organization: string, keys: readonly Key[]): (key: string) => Use | undefined {
  const used = keys.filter(isUsed).map(({ id }) => id)
  const { data } = useQuery({
    queryKey: ['usage', 'sparklines', organization, used],
    async queryFn({ signal }) {
      const nowMs = Date.now()
      const filter = { organization, key: used.join(','), since: sinceOf(week, nowMs), by: 'key,outcome' }
      return { nowMs, ...(await readUsage(filter, signal)) }
    },
    enabled: used.length > 0,
    staleTime: 60_000,
  })
  if (!data || data.leftOutFrom !== null) return () => undefined
  const { nowMs, counts } = data
  return (id) =>
    perStep(
      counts.filter(({ key }) => key === id),
      nowMs,
      week.hours,
      week.interval,
    )
}
