import type { UsageCount } from '@keywright/client'

const stepMs = { hour: 3_600_000, day: 86_400_000 }

const formats = {
  hour: { hour: 'numeric', minute: '2-digit' },
  day: { month: 'short', day: 'numeric', timeZone: 'UTC' },
} as const

/** Allowed and denied for each hour or day of the time, those without any included. Days are those of UTC, as they are counted. */
export function perStep(counts: readonly UsageCount[], nowMs: number, hours: number, interval: 'hour' | 'day') {
  const step = stepMs[interval]
  const last = nowMs - (nowMs % step)
  const steps = Math.ceil((hours * stepMs.hour) / step)
  const times = Array.from({ length: steps }, (_, i) => last - (steps - 1 - i) * step)
  const sum = (outcome: string) =>
    times.map((at) =>
      total(
        counts.filter((count) => count.outcome === outcome && Date.parse(count.at) === at).map(({ count }) => count),
      ),
    )
  const format = new Intl.DateTimeFormat(undefined, formats[interval])
  return { labels: times.map((ms) => format.format(ms)), allowed: sum('allowed'), denied: sum('denied') }
}

export function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}

/** What was counted most comes first. */
export function totals(counts: readonly UsageCount[], nameOf: (count: UsageCount) => string): [string, number][] {
  const sums = new Map<string, number>()
  for (const count of counts) sums.set(nameOf(count), (sums.get(nameOf(count)) ?? 0) + count.count)
  return [...sums].sort(([, a], [, b]) => b - a)
}
