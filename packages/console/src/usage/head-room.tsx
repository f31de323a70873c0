import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { contractQuery } from '../api/queries.ts'
import { usualLimits } from '../keys/limit-words.ts'
import { Card } from '../parts/page.tsx'
import { usePlace } from '../shell/place.ts'
import { Meter } from './meter.tsx'
import { readUsage } from './read-usage.ts'
import { total } from './sums.ts'

/** How near the month's quota and the busiest hour have come to what is agreed. */
export function HeadRoom({ organization, isLinked = false }: { organization: string; isLinked?: boolean }) {
  const { data: contract } = useSuspenseQuery(contractQuery)
  const { current } = usePlace()
  const month = useQuery(monthQuery(organization))
  const hours = useQuery({
    queryKey: ['usage', 'busiest', organization],
    queryFn: ({ signal }) =>
      readUsage(
        {
          organization,
          since: new Date(Date.now() - 7 * 86_400_000).toISOString(),
          by: 'key',
          interval: 'hour',
          outcome: 'allowed',
        },
        signal,
      ),
  })
  const quota = current && (current.monthlyQuota ?? (current.plan ? contract.plans[current.plan]?.monthlyQuota : null))
  const limits = current ? usualLimits(contract, current) : []
  if (!current || (limits.length === 0 && !quota)) return null
  const counts = hours.data ?? []
  const perHour = new Map<string, number>()
  for (const { at, count } of counts) perHour.set(at, (perHour.get(at) ?? 0) + count)
  const busiest = {
    key: Math.max(0, ...counts.map(({ count }) => count)),
    organization: Math.max(0, ...perHour.values()),
  }
  return (
    <Card
      title="Head-room"
      actions={
        isLinked && (
          <Link to="/$organization/limits" params={{ organization }} className="underline underline-offset-4">
            Limits
          </Link>
        )
      }
    >
      <div className="grid gap-x-10 gap-y-5 p-5 sm:grid-cols-2">
        {quota ? <Meter label="Used of this month’s quota" used={total(month.data ?? [])} most={quota} /> : null}
        {limits.map(({ requests, windowSeconds, per }) => (
          <Meter
            key={`${per} ${requests} ${windowSeconds}`}
            label={`Busiest hour in 7 days, per ${per === 'organization' ? contract.docs.organization : per}`}
            hint="An hour at the limit all through would be full."
            used={per === 'key' ? busiest.key : busiest.organization}
            most={Math.round((requests * 3600) / windowSeconds)}
          />
        ))}
      </div>
    </Card>
  )
}

/** What was let in since the month began (UTC), which is what quotas count. */
function monthQuery(organization: string) {
  return {
    queryKey: ['usage', 'month', organization],
    async queryFn({ signal }: { signal: AbortSignal }) {
      const now = new Date()
      const since = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1)).toISOString()
      const counts = await readUsage({ organization, since, by: 'outcome', outcome: 'allowed' }, signal)
      return counts.map(({ count }) => count)
    },
    refetchInterval: 15_000,
  }
}
