import type { UsageCount, UsageFilter } from '@keywright/client'
import { keywright } from '../api/keywright.ts'

export const spans = [
  { label: 'Last 24 hours', hours: 24, interval: 'hour' },
  { label: 'Last 7 days', hours: 7 * 24, interval: 'day' },
  { label: 'Last 30 days', hours: 30 * 24, interval: 'day' },
] as const

/** In the address of the page. */
export interface UsageSearch {
  hours?: Span['hours']
}

export function usageSearch({ hours }: Record<string, unknown>): UsageSearch {
  const span = spans.find((one) => one.hours === hours)
  return span ? { hours: span.hours } : {}
}

export type Span = (typeof spans)[number]

/** The days or hours that are shown, the one under way included. */
export function sinceOf({ hours, interval }: Pick<Span, 'hours' | 'interval'>, nowMs: number): string {
  const stepMs = interval === 'hour' ? 3_600_000 : 86_400_000
  const end = nowMs - (nowMs % stepMs) + stepMs
  return new Date(end - hours * 3_600_000).toISOString()
}

/** So many are read at most. They come oldest first: it is the newest counts that are left out. */
const mostPages = 25

export interface UsageRead {
  counts: UsageCount[]
  /** The hour or day from which on counts are left out; null: none are. */
  leftOutFrom: string | null
}

export async function readUsage(filter: UsageFilter, signal: AbortSignal): Promise<UsageRead> {
  const counts: UsageCount[] = []
  let pages = 0
  for await (const { usage, nextCursor } of keywright.usage.list({ ...filter, limit: 200 }, { signal }).pages()) {
    counts.push(...usage)
    if (++pages === mostPages && nextCursor !== null) return { counts, leftOutFrom: counts.at(-1)?.at ?? null }
  }
  return { counts, leftOutFrom: null }
}
