import type { UsageCount } from '@keywright/client'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { ChartNoAxesColumn } from 'lucide-react'
import { every } from '../api/queries.ts'
import { ErrorNotice } from '../parts/notice.tsx'
import { Card, Empty, Loading, Page } from '../parts/page.tsx'
import { Mono } from '../parts/text.tsx'
import { useNoun } from '../shell/noun.ts'
import { HeadRoom } from './head-room.tsx'
import { KeyName } from './key-name.tsx'
import { Outcomes } from './outcomes.tsx'
import { Ranking } from './ranking.tsx'
import { readUsage, type Span, sinceOf, spans, type UsageRead, usageSearch } from './read-usage.ts'
import { reasonInWords } from './reasons.ts'
import { SpanSelect } from './span-select.tsx'
import { totals } from './sums.ts'

export function UsagePage() {
  const { organization } = useParams({ from: '/signed-in/shell/$organization/usage' })
  const { hours = spans[1].hours } = useSearch({ from: '/signed-in/shell/$organization/usage' })
  const navigate = useNavigate()
  const chosen = spans.findIndex((one) => one.hours === hours)
  const span = spans[chosen] ?? spans[1]
  const choose = (index: number) => navigate({ to: '.', search: usageSearch({ ...spans[index] }), replace: true })
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['usage', organization, span.hours],
    async queryFn({ signal }) {
      const nowMs = Date.now()
      const since = sinceOf(span, nowMs)
      const read = (by: string, interval: 'hour' | 'day') => readUsage({ organization, since, by, interval }, signal)
      const [outcomes, keys, routes] = await Promise.all([
        read('outcome', span.interval),
        read('key', 'day'),
        read('route', 'day'),
      ])
      return { nowMs, outcomes: outcomes.counts, keys, routes }
    },
    refetchInterval: every(15_000),
  })
  return (
    <Page
      title="Usage"
      description="Every verification, let in or refused. New ones are counted within seconds."
      actions={<SpanSelect value={chosen} onChange={choose} />}
    >
      <div className="space-y-5">
        {error && <ErrorNotice error={error} onRetry={() => refetch()} />}
        {isPending && (
          <Card>
            <Loading label="Counting" />
          </Card>
        )}
        {data && <Counts {...data} span={span} organization={organization} />}
        <HeadRoom organization={organization} isLinked />
      </div>
    </Page>
  )
}

interface CountsProps {
  nowMs: number
  outcomes: readonly UsageCount[]
  keys: UsageRead
  routes: UsageRead
  span: Span
  organization: string
}

function Counts({ nowMs, outcomes, keys, routes, span, organization }: CountsProps) {
  const noun = useNoun()
  if (outcomes.length === 0) {
    return (
      <Card>
        <Empty icon={<ChartNoAxesColumn size={20} aria-hidden />} title="No requests in this time">
          Send one with an API key, and it shows up here.
        </Empty>
      </Card>
    )
  }
  return (
    <>
      <Card title="Requests">
        <Outcomes counts={outcomes} nowMs={nowMs} span={span} />
      </Card>
      <div className="grid grid-cols-1 gap-5 lg:grid-cols-3">
        <Ranking
          title="Top keys"
          leftOutFrom={keys.leftOutFrom}
          rows={totals(keys.counts, ({ key }) => key ?? '').map(([key, count]) => [
            key === '' ? (
              'unknown keys'
            ) : (
              <Link
                key={key}
                to="/$organization/keys/$key"
                params={{ organization, key }}
                className="underline underline-offset-4"
              >
                <KeyName id={key} />
              </Link>
            ),
            count,
          ])}
        />
        <Ranking
          title="Top routes"
          leftOutFrom={routes.leftOutFrom}
          rows={totals(routes.counts, ({ route }) => route || 'none told').map(([route, count]) => [
            <Mono key={route} className="wrap-anywhere whitespace-normal">
              {route}
            </Mono>,
            count,
          ])}
        />
        <Ranking
          title="Refused because"
          isRefusal
          rows={totals(
            outcomes.filter(({ outcome }) => outcome === 'denied'),
            ({ reason }) => reasonInWords(reason ?? '', noun),
          )}
        />
      </div>
    </>
  )
}
