import type { UsageCount } from '@keywright/client'
import { readUsage } from './read-usage.ts'

const week = { hours: 7 * 24, label: '7 days' }
const day = { hours: 24, label: '24 hours' }

/** What was let in within one hour at most, and in which time that was looked for. */
export interface Busiest {
  count: number
  time: string
}

export async function busiestTogether(organization: string, signal: AbortSignal): Promise<Busiest> {
  const { counts } = await read(organization, 'outcome', week.hours, signal)
  return { count: most(counts), time: week.label }
}

/** Of the longest time whose counts can all be read; null where there are too many keys even for a day. */
export async function busiestKey(organization: string, signal: AbortSignal): Promise<Busiest | null> {
  for (const { hours, label } of [week, day]) {
    const { counts, leftOutFrom } = await read(organization, 'key', hours, signal)
    if (leftOutFrom === null) return { count: most(counts), time: label }
  }
  return null
}

function read(organization: string, by: string, hours: number, signal: AbortSignal) {
  const since = new Date(Date.now() - hours * 3_600_000).toISOString()
  return readUsage({ organization, since, by, interval: 'hour', outcome: 'allowed' }, signal)
}

function most(counts: readonly UsageCount[]): number {
  return Math.max(0, ...counts.map(({ count }) => count))
}
