import type { Decision, DecisionFilter, KeyCaller, UsageCount, UsageFilter } from '@keywright/client'
import { type Command, Option } from 'commander'
import { printable } from '../print/escape.ts'
import { table } from '../print/table.ts'
import { note, print, printJson } from '../print/terminal.ts'
import { at } from '../print/time.ts'
import { readCount, readInstant } from '../read.ts'
import { connect } from '../session.ts'

type Json = { json?: true }

export function defineUsage(usage: Command): void {
  // Its own options are the same as those of its subcommands, which come behind their names.
  usage.enablePositionalOptions()
  paged(filtered(usage))
    .addOption(new Option('--interval <interval>', 'how long each count is').choices(['hour', 'day']).default('day'))
    .option('--by <what>', 'key, version, organization, outcome, route, or several: key,outcome', 'outcome')
    .action(async ({ json, ...filter }: UsageFilter & Json) => {
      const page = await connect().usage.page(filter)
      if (json) return printJson(page)
      if (page.usage.length > 0) print(countTable(page.usage, filter.interval ?? 'day'))
      else note('Nothing was used then.')
      if (page.dropped > 0) note(`${page.dropped} verifications could not be counted: there were too many at once.`)
      if (page.nextCursor !== null) note(`\nThere is more: --cursor ${page.nextCursor}`)
    })

  paged(filtered(usage.command('decisions').description('list the latest decisions: all refusals, and what passed')))
    .option('--reason <reason>', 'such as rate_limited')
    .action(async ({ json, ...filter }: DecisionFilter & Json) => {
      const page = await connect().usage.decisions(filter).page()
      if (json) return printJson(page)
      if (page.decisions.length > 0) print(decisionTable(page.decisions))
      else note('No decision that is kept matches.')
      if (page.nextCursor !== null) note(`\nOlder ones: --cursor ${page.nextCursor}`)
    })

  paged(usage.command('callers <key>').description('list who uses a key, from where'))
    .option('--secret <number>', 'who still uses this secret version alone', readCount)
    .option('--since <time>', 'from then on: 2026-11-20T08:00:00Z, or 24h', readInstant)
    .action(
      async (key: string, options: Json & { secret?: number; since?: string; limit?: number; cursor?: string }) => {
        const { json, secret, ...filter } = options
        const page = await connect()
          .keys.callers(key, { ...filter, version: secret })
          .page()
        if (json) return printJson(page)
        if (page.callers.length > 0) print(callerTable(page.callers))
        else note(secret === undefined ? 'Nobody has used this key.' : 'Nobody has used this secret.')
        if (page.nextCursor !== null) note(`\nThere is more: --cursor ${page.nextCursor}`)
      },
    )
}

function filtered(command: Command): Command {
  return command
    .option('--organization <id>', 'of this organization alone')
    .option('--project <id>', 'of this project alone')
    .option('--key <id>', 'of this key alone')
    .addOption(new Option('--outcome <outcome>', 'allowed or denied').choices(['allowed', 'denied']))
    .option('--since <time>', 'from then on: 2026-11-20T08:00:00Z, or 24h', readInstant)
    .option('--until <time>', 'before then', readInstant)
}

function paged(command: Command): Command {
  return command
    .option('--limit <count>', 'so many', readCount, 50)
    .option('--cursor <cursor>', "go on from an earlier page's nextCursor")
    .option('--json', 'print what the API answered')
}

/** A column for each member that was counted by. */
function countTable(counts: readonly UsageCount[], interval: 'hour' | 'day'): string {
  const columns = (['organization', 'key', 'version', 'route', 'outcome', 'reason'] as const).filter((name) =>
    counts.some((count) => count[name] !== undefined),
  )
  const length = interval === 'day' ? 10 : 13
  return table(
    [interval.toUpperCase(), ...columns.map((name) => name.toUpperCase()), 'COUNT'],
    counts.map((count) => [
      count.at.slice(0, length).replace('T', ' '),
      ...columns.map((name) => printable(String(count[name] ?? '–'))),
      String(count.count),
    ]),
  )
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

function callerTable(callers: readonly KeyCaller[]): string {
  return table(
    ['LAST SEEN', 'SECRET', 'ADDRESS', 'USER AGENT', 'ROUTE', 'ALLOWED', 'REFUSED'],
    callers.map(({ lastSeenAt, version, address, userAgent, route, allowed, refused }) => [
      at(lastSeenAt),
      String(version),
      printable(address ?? '–'),
      printable(userAgent ?? '–'),
      printable(route || '–'),
      String(allowed),
      String(refused),
    ]),
  )
}
