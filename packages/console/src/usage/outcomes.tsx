import type { UsageCount } from '@keywright/client'
import { lazy, Suspense, useMemo } from 'react'
import type { Span } from './read-usage.ts'
import { perStep, total } from './sums.ts'

/**
 * Drawing comes when there is something to draw: no other screen waits for it. Where it does not come, the page stays
 * without it: it may show a secret that nothing shows again.
 */
const Chart = lazy(async () => {
  try {
    return { default: (await import('./chart.tsx')).Chart }
  } catch {
    return { default: NotDrawn }
  }
})

function NotDrawn() {
  return <p className="px-2 py-3 text-muted">The chart could not be loaded. Load the page again to see it.</p>
}

const number = new Intl.NumberFormat()

/** Let in and refused, over time. */
export function Outcomes({ counts, nowMs, span }: { counts: readonly UsageCount[]; nowMs: number; span: Span }) {
  const { hours, interval } = span
  const { labels, allowed, denied } = useMemo(
    () => perStep(counts, nowMs, hours, interval),
    [counts, nowMs, hours, interval],
  )
  const series = useMemo(
    () => [
      { label: 'Refused', color: '--color-bad', isStriped: true, values: denied },
      { label: 'Allowed', color: '--color-good', values: allowed },
    ],
    [allowed, denied],
  )
  return (
    <>
      <dl className="flex flex-wrap gap-x-10 gap-y-3 px-5 pt-4">
        <Figure label="Allowed" value={total(allowed)} mark="bg-good" />
        <Figure
          label="Refused"
          value={total(denied)}
          mark="bg-[repeating-linear-gradient(135deg,var(--color-bad)_0_2px,transparent_2px_4px)]"
        />
      </dl>
      <div className="px-3 pt-3 pb-2">
        <Suspense fallback={<div className="h-60" />}>
          <Chart labels={labels} series={series} />
        </Suspense>
      </div>
      {interval === 'day' && <p className="px-5 pb-3 text-xs text-muted">Days are UTC.</p>}
    </>
  )
}

function Figure({ label, value, mark }: { label: string; value: number; mark: string }) {
  return (
    <div>
      <dt className="flex items-center gap-2 text-muted">
        <span
          aria-hidden
          className={`size-2.5 rounded-xs forced-color-adjust-none [print-color-adjust:exact] ${mark}`}
        />
        {label}
      </dt>
      <dd className="text-2xl font-semibold tabular-nums">{number.format(value)}</dd>
    </div>
  )
}
