import type { AgreedLimit } from '@keywright/client'
import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { keywright } from '../api/keywright.ts'
import { contractQuery, every } from '../api/queries.ts'
import { monthlyQuota, usualLimits } from '../keys/limit-words.ts'
import { ErrorNotice } from '../parts/notice.tsx'
import { Card, Loading } from '../parts/page.tsx'
import { usePlace } from '../shell/place.ts'
import { type Busiest, busiestKey, busiestTogether } from './busiest.ts'
import { Meter } from './meter.tsx'

/** How near the month's quota and the busiest hour have come to what is agreed. */
export function HeadRoom({ organization, isLinked = false }: { organization: string; isLinked?: boolean }) {
  const { data: contract } = useSuspenseQuery(contractQuery)
  const { current } = usePlace()
  const quota = monthlyQuota(contract, current)
  const limits = current ? usualLimits(contract, current) : []
  const month = useQuery({ ...monthQuery(organization), enabled: current !== undefined && quota !== null })
  const together = useQuery({
    queryKey: ['usage', 'busiest', organization],
    queryFn: ({ signal }) => busiestTogether(organization, signal),
    enabled: limits.some(({ per }) => per !== 'key'),
  })
  const key = useQuery({
    queryKey: ['usage', 'busiest', organization, 'key'],
    queryFn: ({ signal }) => busiestKey(organization, signal),
    enabled: limits.some(({ per }) => per === 'key'),
  })
  if (!current || (limits.length === 0 && quota === null)) return null
  const failed = [month, together, key].find(({ error }) => error)
  const isWaiting = [month, together, key].some(({ isLoading }) => isLoading)
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
      {failed && (
        <div className="p-5">
          <ErrorNotice error={failed.error} onRetry={() => failed.refetch()} />
        </div>
      )}
      {isWaiting && <Loading label="Counting" />}
      {!failed && !isWaiting && (
        <div className="grid gap-x-10 gap-y-5 p-5 sm:grid-cols-2">
          {quota !== null && month.data ? (
            <Meter label="Used of this month’s quota" used={month.data.used} most={quota} />
          ) : null}
          {limits.map((limit) => (
            <BusiestHour
              key={`${limit.per} ${limit.requests} ${limit.windowSeconds}`}
              limit={limit}
              noun={limit.per === 'organization' ? contract.docs.organization : limit.per}
              busiest={(limit.per === 'key' ? key.data : together.data) ?? null}
            />
          ))}
        </div>
      )}
    </Card>
  )
}

function BusiestHour({ limit, noun, busiest }: { limit: AgreedLimit; noun: string; busiest: Busiest | null }) {
  if (busiest === null) {
    return (
      <p>
        Busiest hour per {noun}
        <span className="mt-1.5 block text-muted">Not known: more of them are in use than can be counted at once.</span>
      </p>
    )
  }
  return (
    <Meter
      label={`Busiest hour in ${busiest.time}, per ${noun}`}
      hint="An hour at the limit all through would be full."
      used={busiest.count}
      // All of a longer window may be asked for within one hour of it.
      most={Math.round(limit.requests * Math.max(1, 3600 / limit.windowSeconds))}
    />
  )
}

/** Not the sum of what is counted: a request may cost several, and counts may be kept for less than a month. */
function monthQuery(organization: string) {
  return {
    queryKey: ['usage', 'month', organization],
    queryFn: ({ signal }: { signal: AbortSignal }) => keywright.organizations.month(organization, { signal }),
    refetchInterval: every(15_000),
  }
}
