import type { Key } from '@keywright/client'
import { useQuery } from '@tanstack/react-query'
import { readUsage } from '../usage/read-usage.ts'
import { perStep } from '../usage/sums.ts'

const hours = 7 * 24
const spanMs = hours * 3_600_000

/** Allowed and refused on each of seven days. */
export type Use = ReturnType<typeof perStep>

export function isUsed({ lastUsedAt }: Key): boolean {
  return lastUsedAt !== null && Date.parse(lastUsedAt) > Date.now() - spanMs
}

/** Of all that were used in this time, asked for at once; `undefined` until it is known. */
export function useUses(organization: string, keys: readonly Key[]): (key: string) => Use | undefined {
  const used = keys.filter(isUsed).map(({ id }) => id)
  const { data } = useQuery({
    queryKey: ['usage', 'sparklines', organization, used],
    async queryFn({ signal }) {
      const nowMs = Date.now()
      const since = new Date(nowMs - spanMs + 24 * 3_600_000).toISOString()
      const counts = await readUsage({ organization, key: used.join(','), since, by: 'key,outcome' }, signal)
      return { nowMs, counts }
    },
    enabled: used.length > 0,
    staleTime: 60_000,
  })
  if (!data) return () => undefined
  const { nowMs, counts } = data
  return (id) =>
    perStep(
      counts.filter(({ key }) => key === id),
      nowMs,
      hours,
      'day',
    )
}
