import type { UsageCount } from '@keywright/client'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { ChartNoAxesColumn } from 'lucide-react'
import { useMemo, useState } from 'react'
import { keywright } from '../api/keywright.ts'
import { Select } from '../parts/field.tsx'
import { ErrorNotice } from '../parts/notice.tsx'
import { Card, Empty, Loading, Page } from '../parts/page.tsx'
import { Mono } from '../parts/text.tsx'
import { Chart } from './chart.tsx'
import { Hygiene } from './hygiene.tsx'
import { reasonInWords } from './reasons.ts'
import { perStep, total, totals } from './sums.ts'

const spans = [
  { label: 'Last 24 hours', hours: 24, interval: 'hour' },
  { label: 'Last 7 days', hours: 7 * 24, interval: 'day' },
  { label: 'Last 30 days', hours: 30 * 24, interval: 'day' },
] as const

async function readAll(filter: Parameters<typeof keywright.usage.list>[0], signal: AbortSignal): Promise<UsageCount[]> {
  const counts: UsageCount[] = []
  for await (const count of keywright.usage.list({ ...filter, limit: 200 }, { signal })) counts.push(count)
  return counts
}

export function UsagePage() {
  const { organization } = useParams({ from: '/signed-in/shell/$organization/usage' })
  const [chosen, setChosen] = useState(1)
  const span = spans[chosen] ?? spans[1]
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['usage', organization, span.hours],
    async queryFn({ signal }) {
      const nowMs = Date.now()
      const since = new Date(nowMs - span.hours * 3_600_000).toISOString()
      const read = (by: string, interval: 'hour' | 'day') => readAll({ organization, since, by, interval }, signal)
      const [outcomes, keys, routes] = await Promise.all([
        read('outcome', span.interval),
        read('key,outcome', 'day'),
        read('route,outcome', 'day'),
      ])
      return { nowMs, outcomes, keys, routes }
    },
    refetchInterval: 15_000,
  })
  return (
    <Page
      title="Usage"
      description="Every verification, let in or refused. New ones are counted within seconds."
      actions={
        <Select
          aria-label="Time"
          className="w-40"
          value={chosen}
          onChange={(event) => setChosen(Number(event.target.value))}
        >
          {spans.map(({ label }, i) => (
            <option key={label} value={i}>
              {label}
            </option>
          ))}
        </Select>
      }
    >
      <div className="space-y-5">
        {error && <ErrorNotice error={error} onRetry={() => refetch()} />}
        {isPending && (
          <Card>
            <Loading label="Counting" />
          </Card>
        )}
        {data && <Counts {...data} hours={span.hours} interval={span.interval} organization={organization} />}
        <Hygiene organization={organization} />
      </div>
    </Page>
  )
}

interface CountsProps {
  nowMs: number
  outcomes: readonly UsageCount[]
  keys: readonly UsageCount[]
  routes: readonly UsageCount[]
  hours: number
  interval: 'hour' | 'day'
  organization: string
}

function Counts({ nowMs, outcomes, keys, routes, hours, interval, organization }: CountsProps) {
  const { labels, allowed, denied } = useMemo(
    () => perStep(outcomes, nowMs, hours, interval),
    [outcomes, nowMs, hours, interval],
  )
  const series = useMemo(
    () => [
      { label: 'Refused', color: '--color-bad', values: denied },
      { label: 'Allowed', color: '--color-good', values: allowed },
    ],
    [allowed, denied],
  )
  const [letIn, refused] = [total(allowed), total(denied)]
  if (letIn + refused === 0) {
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
      <Card>
        <dl className="flex flex-wrap gap-x-10 gap-y-3 px-5 pt-4">
          <Figure label="Allowed" value={letIn} mark="bg-good" />
          <Figure label="Refused" value={refused} mark="bg-bad" />
        </dl>
        <div className="px-3 pt-3 pb-2">
          <Chart labels={labels} series={series} />
        </div>
      </Card>
      <div className="grid items-start gap-5 lg:grid-cols-3">
        <Top
          title="Keys"
          rows={totals(keys, ({ key }) => key ?? 'unknown keys').map(([key, count]) => [
            key === 'unknown keys' ? (
              key
            ) : (
              <Link
                key={key}
                to="/$organization/keys/$key"
                params={{ organization, key }}
                className="underline underline-offset-4"
              >
                <Mono>{`key_…${key.slice(-6)}`}</Mono>
              </Link>
            ),
            count,
          ])}
        />
        <Top
          title="Routes"
          rows={totals(routes, ({ route }) => route || 'none told').map(([route, count]) => [
            <Mono key={route}>{route}</Mono>,
            count,
          ])}
        />
        <Top
          title="Refused because"
          rows={totals(
            outcomes.filter(({ outcome }) => outcome === 'denied'),
            ({ reason }) => reasonInWords(reason ?? ''),
          )}
        />
      </div>
    </>
  )
}

const number = new Intl.NumberFormat()

function Figure({ label, value, mark }: { label: string; value: number; mark: string }) {
  return (
    <div>
      <dt className="flex items-center gap-2 text-muted">
        <span aria-hidden className={`size-2 rounded-full ${mark}`} />
        {label}
      </dt>
      <dd className="text-2xl font-semibold tabular-nums">{number.format(value)}</dd>
    </div>
  )
}

function Top({ title, rows }: { title: string; rows: readonly (readonly [React.ReactNode, number])[] }) {
  return (
    <Card title={title}>
      {rows.length === 0 && <p className="px-5 py-4 text-muted">None.</p>}
      <ol className="divide-y">
        {rows.slice(0, 8).map(([name, count], i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a rank is what a row is
          <li key={i} className="flex items-center justify-between gap-4 px-5 py-2.5">
            <span className="min-w-0 truncate">{name}</span>
            <span className="tabular-nums">{number.format(count)}</span>
          </li>
        ))}
      </ol>
    </Card>
  )
}
