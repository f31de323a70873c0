import type { Decision, DecisionFilter } from '@keywright/client'
import type { Command } from 'commander'
import { printable } from '../print/escape.ts'
import { table } from '../print/table.ts'
import { note, print, printJson } from '../print/terminal.ts'
import { at } from '../print/time.ts'
import { connect } from '../session.ts'
import { filtered, paged } from './usage-filters.ts'

export function defineDecisions(decisions: Command): void {
  paged(filtered(decisions)).action(async ({ json, ...filter }: DecisionFilter & { json?: true }) => {
    const page = await connect().usage.decisions(filter).page()
    if (json) return printJson(page)
    if (page.decisions.length > 0) print(decisionTable(page.decisions))
    else note('No decision that is kept matches.')
    if (page.nextCursor !== null) note(`\nOlder ones: --cursor ${page.nextCursor}`)
  })
}

function decisionTable(decisions: readonly Decision[]): string {
  return table(
    ['WHEN', 'OUTCOME', 'KEY', 'SECRET', 'METHOD', 'ROUTE', 'ADDRESS', 'REQUEST'],
    decisions.map(({ at: time, reason, key, version, method, route, address, requestId }) => [
      at(time),
      reason ?? 'allowed',
      printable(key ?? '–'),
      String(version ?? '–'),
      printable(method ?? '–'),
      printable(route || '–'),
      printable(address ?? '–'),
      printable(requestId ?? '–'),
    ]),
  )
}
