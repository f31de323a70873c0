import type { ReactNode } from 'react'
import { Card } from '../parts/page.tsx'

const number = new Intl.NumberFormat()
/** Days are those of UTC, as they are counted. */
const day = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric', timeZone: 'UTC' })

/** What was counted most, with its share of the most. */
export function Ranking({
  title,
  rows,
  leftOutFrom = null,
  isRefusal = false,
}: {
  title: string
  rows: readonly (readonly [ReactNode, number])[]
  /** From this day on not all is counted. */
  leftOutFrom?: string | null
  isRefusal?: boolean
}) {
  const most = rows[0]?.[1] ?? 1
  return (
    <Card title={title}>
      {rows.length === 0 ? (
        <p className="px-5 py-4 text-muted">None.</p>
      ) : (
        <ol className="space-y-0.5 p-2">
          {rows.slice(0, 8).map(([name, count], i) => (
            <li
              // biome-ignore lint/suspicious/noArrayIndexKey: a rank is what a row is
              key={i}
              className="relative flex items-center justify-between gap-4 overflow-hidden rounded-md px-3 py-1.5"
            >
              <span
                aria-hidden
                // Its border is seen where the system sets all colours, which takes away its own.
                className={`absolute inset-y-0 left-0 border-b-2 border-transparent ${isRefusal ? 'bg-bad-soft' : 'bg-raised'}`}
                style={{ width: `${(count / most) * 100}%` }}
              />
              <span className="relative min-w-0 truncate">{name}</span>
              <span className="relative tabular-nums">{number.format(count)}</span>
            </li>
          ))}
        </ol>
      )}
      {leftOutFrom !== null && (
        <p className="border-t px-5 py-3 text-muted">
          Not all since {day.format(new Date(leftOutFrom))} is counted: it is too much to read at once. A shorter time
          shows more.
        </p>
      )}
    </Card>
  )
}
