import { total } from '../usage/sums.ts'
import type { Use } from './uses.ts'

const [width, height] = [72, 20]

/** Requests of a key, day by day. null: there were none; undefined: they are being counted. */
export function Sparkline({ use }: { use: Use | null | undefined }) {
  if (use === null) return <span className="text-muted">none</span>
  if (use === undefined) return <span className="block h-5 w-18" />
  const { allowed, denied } = use
  const days = allowed.map((count, day) => count + (denied[day] ?? 0))
  const most = Math.max(1, ...days)
  const words = `${total(allowed)} allowed, ${total(denied)} refused in 7 days`
  const step = width / days.length
  return (
    <svg role="img" aria-label={words} width={width} height={height} className="block">
      <title>{words}</title>
      {days.map((count, day) => {
        const tall = count === 0 ? 1 : Math.max(2, (count / most) * height)
        const refused = ((denied[day] ?? 0) / Math.max(1, count)) * tall
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
