import type { UsageCount, UsageFilter } from '@keywright/client'
import { keywright } from '../api/keywright.ts'

export const spans = [
  { label: 'Last 24 hours', hours: 24, interval: 'hour' },
  { label: 'Last 7 days', hours: 7 * 24, interval: 'day' },
  { label: 'Last 30 days', hours: 30 * 24, interval: 'day' },
] as const

export type Span = (typeof spans)[number]

/** The days or hours that are shown, the one under way included. */
export function sinceOf({ hours, interval }: Pick<Span, 'hours' | 'interval'>, nowMs: number): string {
  const stepMs = interval === 'hour' ? 3_600_000 : 86_400_000
  const end = nowMs - (nowMs % stepMs) + stepMs
  return new Date(end - hours * 3_600_000).toISOString()
}

/** So many counts are read at most: what was asked for less is left out rather than waited for. */
const mostPages = 25

export async function readUsage(filter: UsageFilter, signal: AbortSignal): Promise<UsageCount[]> {
  const counts: UsageCount[] = []
  let pages = 0
  for await (const page of keywright.usage.list({ ...filter, limit: 200 }, { signal }).pages()) {
    counts.push(...page.usage)
    if (++pages === mostPages) break
  }
  return counts
}
