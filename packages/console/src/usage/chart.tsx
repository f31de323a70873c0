import 'uplot/dist/uPlot.min.css'
import { useEffect, useRef } from 'react'
import uPlot from 'uplot'

export interface Series {
  label: string
  /** A colour token of the theme. */
  color: string
  values: readonly number[]
}

/** Counts over time. The same numbers stand in a table for who does not see it. */
export function Chart({ times, series }: { times: readonly number[]; series: readonly Series[] }) {
  const ref = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const place = ref.current
    if (!place) return
    let plot = draw(place, times, series)
    const again = () => {
      plot.destroy()
      plot = draw(place, times, series)
    }
    const resized = new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height: 240 }))
    resized.observe(place)
    // A canvas does not follow the theme by itself.
    const themed = new MutationObserver(again)
    themed.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] })
    const scheme = matchMedia('(prefers-color-scheme: dark)')
    scheme.addEventListener('change', again)
    return () => {
      resized.disconnect()
      themed.disconnect()
      scheme.removeEventListener('change', again)
      plot.destroy()
    }
  }, [times, series])
  return <div ref={ref} aria-hidden className="h-60 w-full overflow-hidden" />
}

function draw(place: HTMLDivElement, times: readonly number[], series: readonly Series[]): uPlot {
  const color = (token: string) => resolved(place, token)
  const axis = {
    stroke: color('--color-muted'),
    grid: { stroke: color('--color-line'), width: 1 },
    ticks: { show: false },
    font: '12px Geist Variable',
  }
  const bars = uPlot.paths.bars?.({ size: [0.6, 28], radius: 0.15 })
  const options: uPlot.Options = {
    width: place.clientWidth,
    height: 240,
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 4, 0, 0],
    scales: { y: { range: (_, __, max) => [0, Math.max(4, max * 1.1)] } },
    axes: [axis, { ...axis, size: 52 }],
    series: [
      {},
      ...series.map(({ label, color: token }) => ({
        label,
        fill: color(token),
        stroke: color(token),
        width: 0,
        points: { show: false },
        ...(bars && { paths: bars }),
      })),
    ],
  }
  // Each series is drawn in front of the one before: the first is the sum of all.
  const stacked = series.map((_, i) =>
    times.map((_, at) => series.slice(i).reduce((sum, { values }) => sum + (values[at] ?? 0), 0)),
  )
  return new uPlot(options, [[...times], ...stacked], place)
}

/** What `light-dark()` comes to here and now. */
function resolved(place: HTMLElement, token: string): string {
  const probe = document.createElement('span')
  probe.style.color = `var(${token})`
  place.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}
