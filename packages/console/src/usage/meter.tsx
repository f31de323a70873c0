import { useId } from 'react'

const number = new Intl.NumberFormat()
const percent = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 0 })

/** How much of something is used up. */
export function Meter({ label, hint, used, most }: { label: string; hint?: string; used: number; most: number }) {
  const id = useId()
  const share = Math.min(1, most === 0 ? 1 : used / most)
  return (
    <div>
      <p className="flex flex-wrap justify-between gap-x-4">
        <span id={id}>{label}</span>
        <span className="tabular-nums">
          {number.format(used)} <span className="text-muted">of {number.format(most)}</span>
        </span>
      </p>
      <meter aria-labelledby={id} className="sr-only" min={0} max={Math.max(1, most)} value={Math.min(used, most)}>
        {percent.format(share)}
      </meter>
      <div aria-hidden className="mt-2 h-2 overflow-hidden rounded-full bg-raised forced-color-adjust-none">
        <div
          className={`h-full rounded-full ${share > 0.9 ? 'bg-bad' : share > 0.7 ? 'bg-warn' : 'bg-good'}`}
          style={{ width: `${share * 100}%` }}
        />
      </div>
      <p className="mt-1.5 text-muted">
        {percent.format(share)} used{hint ? `. ${hint}` : ''}
      </p>
    </div>
  )
}
