import 'uplot/dist/uPlot.min.css'
import { useEffect, useRef } from 'react'
import uPlot from 'uplot'

export interface Series {
  label: string
  /** A colour token of the theme. */
  color: string
  /** Told apart from the others without its colour. */
  isStriped?: boolean
  values: readonly number[]
}

/** Counts over time, stacked; `labels` name the hours or days. */
export function Chart({ labels, series }: { labels: readonly string[]; series: readonly Series[] }) {
  const ref = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const place = ref.current
    if (!place) return
    let plot = draw(place, labels, series)
    const again = () => {
      plot.destroy()
      plot = draw(place, labels, series)
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
  }, [labels, series])
  return <div ref={ref} role="img" aria-label={inWords(labels, series)} className="h-60 w-full overflow-hidden" />
}

function inWords(labels: readonly string[], series: readonly Series[]): string {
  const points = labels.flatMap((label, at) => {
    const counts = series.flatMap(({ label, values }) => (values[at] ? [`${values[at]} ${label.toLowerCase()}`] : []))
    return counts.length > 0 ? [`${label}: ${counts.join(', ')}`] : []
  })
  return points.join('; ')
}

function draw(place: HTMLDivElement, labels: readonly string[], series: readonly Series[]): uPlot {
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
    scales: {
      x: { time: false, range: [-0.6, labels.length - 0.4] },
      y: { range: (_, __, max) => [0, Math.max(4, max * 1.1)] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        space: 64,
        incrs: [1, 2, 3, 4, 6, 8, 12],
        values: (_, splits) => splits.map((at) => labels[at] ?? ''),
      },
      // Labels that are wider than it would be cut off: seven digits are.
      { ...axis, size: ({ ctx }, labels) => Math.max(52, widest(ctx, axis.font, labels ?? []) + 8) },
    ],
    series: [
      {},
      ...series.map(({ label, color: token, isStriped }) => ({
        label,
        fill: isStriped ? striped(color(token)) : color(token),
        stroke: color(token),
        width: 0,
        points: { show: false },
        ...(bars && { paths: bars }),
      })),
    ],
  }
  // Each series is drawn in front of the one before: the first is the sum of all. What has none of its own would only fray.
  const stacked = series.map((_, i) =>
    labels.map((_, at) =>
      series[i]?.values[at] ? series.slice(i).reduce((sum, { values }) => sum + (values[at] ?? 0), 0) : 0,
    ),
  )
  return new uPlot(options, [labels.map((_, at) => at), ...stacked], place)
}

function widest(context: CanvasRenderingContext2D, font: string, labels: readonly string[]): number {
  context.font = font
  return Math.max(0, ...labels.map((label) => Math.ceil(context.measureText(label).width)))
}

function striped(color: string): CanvasPattern | string {
  const [tile, size] = [document.createElement('canvas'), Math.round(6 * devicePixelRatio)]
  tile.width = tile.height = size
  const context = tile.getContext('2d')
  if (!context) return color
  context.strokeStyle = color
  context.lineWidth = size / 2
  context.beginPath()
  for (const at of [-size, 0, size]) {
    context.moveTo(at - size / 2, size * 1.5)
    context.lineTo(at + size * 1.5, -size / 2)
  }
  context.stroke()
  return context.createPattern(tile, 'repeat') ?? color
}

/** What `light-dark()` comes to here and now. */
function resolved(place: HTMLElement, token: string): string {
  const probe = document.createElement('span')
  probe.style.color = `var(${token})`
  // Also where the system sets the colours of all text: the chart has them for a reason.
  probe.style.forcedColorAdjust = 'none'
  place.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}
