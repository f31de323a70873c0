import type { Key } from '@keywright/client'
import { useQuery } from '@tanstack/react-query'
import { readUsage } from '../usage/read-usage.ts'
import { perStep, total } from '../usage/sums.ts'

const hours = 7 * 24
const [width, height] = [72, 20]

/** Requests of a key, day by day; only asked for where there were any. */
export function Sparkline({ of: { id, lastUsedAt } }: { of: Key }) {
  const isUsed = lastUsedAt !== null && Date.parse(lastUsedAt) > Date.now() - hours * 3_600_000
  const { data } = useQuery({
    queryKey: ['usage', 'sparkline', id],
    async queryFn({ signal }) {
      const nowMs = Date.now()
      const since = new Date(nowMs - (hours - 24) * 3_600_000).toISOString()
      return perStep(await readUsage({ key: id, since, by: 'outcome' }, signal), nowMs, hours, 'day')
    },
    enabled: isUsed,
    staleTime: 60_000,
  })
  if (!isUsed) return <span className="text-muted">none</span>
  if (!data) return <span className="block h-5 w-18" />
  const days = data.allowed.map((allowed, day) => allowed + (data.denied[day] ?? 0))
  const most = Math.max(1, ...days)
  const step = width / days.length
  return (
    <svg
      role="img"
      aria-label={`${total(data.allowed)} allowed, ${total(data.denied)} refused in 7 days`}
      width={width}
      height={height}
      className="block"
    >
      <title>{`${total(data.allowed)} allowed, ${total(data.denied)} refused in 7 days`}</title>
      {days.map((count, day) => {
        const tall = count === 0 ? 1 : Math.max(2, (count / most) * height)
        const refused = ((data.denied[day] ?? 0) / Math.max(1, count)) * tall
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: a day is what a bar is
          <g key={day}>
            <rect
              x={day * step}
              y={height - tall}
              width={step - 3}
              height={tall}
              rx={1}
              className={count === 0 ? 'fill-line-strong' : 'fill-good'}
            />
            <rect x={day * step} y={height - tall} width={step - 3} height={refused} rx={1} className="fill-bad" />
          </g>
        )
      })}
    </svg>
  )
}
