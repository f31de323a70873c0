import type { Key } from '@keywright/client'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { every } from '../api/queries.ts'
import { ErrorNotice } from '../parts/notice.tsx'
import { Card, Loading } from '../parts/page.tsx'
import { useNoun } from '../shell/noun.ts'
import { Outcomes } from './outcomes.tsx'
import { readUsage, sinceOf, spans } from './read-usage.ts'
import { reasonInWords } from './reasons.ts'
import { SpanSelect } from './span-select.tsx'
import { totals } from './sums.ts'

const number = new Intl.NumberFormat()

/** One key over time, and why it was refused. */
export function KeyUsage({ of: key }: { of: Key }) {
  const noun = useNoun()
  const [chosen, setChosen] = useState(0)
  const span = spans[chosen] ?? spans[0]
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['usage', 'key', key.id, span.hours],
    async queryFn({ signal }) {
      const nowMs = Date.now()
      const since = sinceOf(span, nowMs)
      const { id, organization } = key
      const filter = { organization, key: id, since, by: 'outcome', interval: span.interval }
      return { nowMs, counts: (await readUsage(filter, signal)).counts }
    },
    refetchInterval: every(15_000),
  })
  const refused = totals(data?.counts.filter(({ outcome }) => outcome === 'denied') ?? [], ({ reason }) =>
    reasonInWords(reason ?? '', noun),
  )
  return (
    <Card title="Usage" actions={<SpanSelect value={chosen} onChange={setChosen} />}>
      {error && (
        <div className="p-5">
          <ErrorNotice error={error} onRetry={() => refetch()} />
        </div>
      )}
      {isPending && <Loading label="Counting" />}
      {data && data.counts.length === 0 && (
        <p className="px-5 py-6 text-muted">No request in this time. New ones are counted within seconds.</p>
      )}
      {data && data.counts.length > 0 && (
        <>
          <Outcomes counts={data.counts} nowMs={data.nowMs} span={span} />
          {refused.length > 0 && (
            <p className="border-t px-5 py-3 text-muted">
              Refused because: {refused.map(([reason, count]) => `${reason} (${number.format(count)})`).join(', ')}
            </p>
          )}
        </>
      )}
    </Card>
  )
}
