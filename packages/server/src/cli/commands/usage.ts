import type { UsageCount, UsageFilter } from '@keywright/client'
import { type Command, Option } from 'commander'
import { printable } from '../print/escape.ts'
import { table } from '../print/table.ts'
import { note, print, printJson } from '../print/terminal.ts'
import { connect } from '../session.ts'
import { filtered, paged } from './usage-filters.ts'

export function defineUsage(usage: Command): void {
  paged(filtered(usage))
    .addOption(new Option('--interval <interval>', 'how long each count is').choices(['hour', 'day']).default('day'))
    .option('--by <what>', 'key, version, organization, outcome, route, or several: key,outcome', 'outcome')
    .action(async ({ json, ...filter }: UsageFilter & { json?: true }) => {
      const page = await connect().usage.list(filter).page()
      if (json) return printJson(page)
      if (page.usage.length > 0) print(countTable(page.usage, filter.interval === 'hour' ? 13 : 10))
      else note('Nothing was used in that time.')
      if (page.dropped > 0) note(`${page.dropped} more were too many at once to be counted by what they were.`)
      if (page.nextCursor !== null) note(`\nThere is more: --cursor ${page.nextCursor}`)
    })
}

/** A column for each member that was counted by. */
function countTable(counts: readonly UsageCount[], timeLength: number): string {
  const columns = (['organization', 'key', 'version', 'route', 'outcome', 'reason'] as const).filter((name) =>
    counts.some((count) => count[name] !== undefined),
  )
  return table(
    ['WHEN', ...columns.map((name) => name.toUpperCase()), 'COUNT'],
    counts.map((count) => [
      count.at.slice(0, timeLength).replace('T', ' '),
      ...columns.map((name) => printable(String(count[name] ?? '–'))),
      String(count.count),
    ]),
  )
}
