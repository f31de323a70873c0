import type { AuditEvent, AuditFilter, Keywright } from '@keywright/client'
import { type Change, emptyHead, type Head, verifyChain } from '@keywright/core'
import { type Command, Option } from 'commander'
import { CliError, usageError } from '../failure.ts'
import { counted } from '../print/count.ts'
import { csvLine } from '../print/csv.ts'
import { printable } from '../print/escape.ts'
import { table } from '../print/table.ts'
import { nobodyReads, note, print, printJson } from '../print/terminal.ts'
import { at } from '../print/time.ts'
import { readInstant } from '../read.ts'
import { connect } from '../session.ts'
import { paged } from './usage-filters.ts'

type FilterOptions = Pick<AuditFilter, 'organization' | 'key' | 'action' | 'triggeredBy' | 'since' | 'until'>

export function defineAudit(audit: Command): void {
  paged(filtered(audit.command('list').description('list the newest changes'))).action(
    async ({ json, ...filter }: AuditFilter & { json?: true }) => {
      const list = connect().audit.list(filter)
      if (json) return printJson(await list.page())
      for await (const { events, nextCursor } of list.pages()) {
        // With several filters a page may be empty, and go on.
        if (events.length === 0 && nextCursor !== null) continue
        if (events.length > 0) print(eventTable(events))
        else note('Nothing on this page of the log matches.')
        if (nextCursor !== null) note(`\nOlder ones: --cursor ${nextCursor}`)
        return
      }
    },
  )

  filtered(audit.command('export').description('write every change to stdout, oldest first'))
    .addOption(
      new Option('--format <format>', 'one JSON object a line, or a table').choices(['jsonl', 'csv']).default('jsonl'),
    )
    .addOption(new Option('--json', 'the same as --format jsonl').conflicts('format'))
    .action(async ({ format, json: _, ...filter }: FilterOptions & { format: 'jsonl' | 'csv'; json?: true }) => {
      if (format === 'csv') print(csvLine(columns))
      for await (const event of connect().audit.list({ ...filter, first: 'oldest', limit: 200 })) {
        if (format === 'csv') print(csvLine(cellsOf(event)))
        else printJson(event)
        if (nobodyReads()) return
      }
    })

  audit
    .command('verify')
    .description('check that no change was altered, removed or slipped in')
    .option('--json', 'print the result as JSON')
    .action(async ({ json }: { json?: true }) => {
      const client = connect()
      await requireWholeLog(client)
      const { start, head, failedAt } = await verifyLog(client)
      if (json) printJson(failedAt === null ? { ok: true, head } : { ok: false, number: failedAt })
      else if (failedAt === null) print(describeLog(start, head))
      if (failedAt === null) return
      const hint = 'Compare with an earlier export, and find out who can write to the database.'
      if (failedAt > start.number)
        throw new CliError(
          `The log is broken at change ${failedAt}: it was altered, or it or one before it is missing.`,
          hint,
        )
      throw new CliError(
        `The log begins behind change ${failedAt}, and no event says that what came before was due.`,
        hint,
      )
    })
}

function filtered(command: Command): Command {
  return command
    .option('--organization <id>', 'of this organization alone')
    .option('--key <id>', 'of this key alone')
    .option('--action <action>', 'such as key.revoked')
    .addOption(new Option('--triggered-by <way>', 'console, command line or API').choices(['ui', 'cli', 'api']))
    .option('--since <time>', 'from then on: 2026-11-20T08:00:00Z, or 24h', readInstant)
    .option('--until <time>', 'before then', readInstant)
}

/** Who is shown the events of some organizations alone sees numbers missing that nobody has removed. */
async function requireWholeLog(client: Keywright): Promise<void> {
  const who = await client.whoami()
  if (who.type === 'user' ? who.operator : who.type === 'service_key' && who.organization === null) return
  throw usageError(
    'You are shown the changes of your organizations alone, and the log is one chain through all of them.',
    'Only an operator, or a service key that is bound to no organization, can check it.',
  )
}

interface Verdict {
  /** What the first event is chained to. */
  start: Head
  head: Head
  failedAt: number | null
}

/** Where older events were deleted one that is kept must say so, or somebody else has deleted them. */
async function verifyLog(client: Keywright): Promise<Verdict> {
  let start = emptyHead
  let head = emptyHead
  let isAccountedFor = true
  let end: Head | null = null
  for await (const { events, checkpoint, ...page } of client.audit.list({ first: 'oldest', limit: 200 }).pages()) {
    // As it was at first: while this reads more is written.
    end ??= page.head
    if (head.number === 0 && checkpoint) {
      start = head = checkpoint
      isAccountedFor = false
    }
    const verdict = verifyChain(head, events.map(changeOf))
    if (!verdict.ok) return { start, head, failedAt: verdict.number }
    head = verdict.head
    isAccountedFor ||= events.some((event) => says(event, start))
    const atEnd = [head, ...events].find(({ number }) => number === end?.number)
    if (atEnd && atEnd.hash !== end?.hash) return { start, head, failedAt: atEnd.number }
  }
  if (end && head.number < end.number) return { start, head, failedAt: head.number + 1 }
  return { start, head, failedAt: isAccountedFor ? null : start.number }
}

function says({ action, details }: AuditEvent, { number, hash }: Head): boolean {
  return action === 'audit.pruned' && details.through === number && details.hash === hash
}

function describeLog(start: Head, head: Head): string {
  const count = head.number - start.number
  const older = start.number === 0 ? '' : ` Those up to ${start.number} were deleted when they were due.`
  return `${counted(count, 'change')}, each chained to the one before.${older} Last hash: ${head.hash}`
}

/** As it was hashed. An action this version does not know is hashed like any other. */
function changeOf(event: AuditEvent): Change {
  return { ...event, action: event.action as Change['action'], at: new Date(event.at) }
}

function eventTable(events: readonly AuditEvent[]): string {
  return table(
    ['NUMBER', 'WHEN', 'ACTION', 'TARGET', 'ORGANIZATION', 'BY', 'VIA'],
    events.map(({ number, at: time, action, target, organization, actor }) => [
      String(number),
      at(time),
      printable(action),
      printable(target),
      printable(organization ?? '–'),
      printable(actor.id),
      actor.triggeredBy,
    ]),
  )
}

const columns = [
  ...['number', 'at', 'action', 'target', 'organization', 'actor_type', 'actor', 'triggered_by', 'address'],
  ...['request_id', 'details', 'hash'],
]

function cellsOf({ number, at: time, action, target, organization, actor, details, hash }: AuditEvent): string[] {
  const { type, id, triggeredBy, address, requestId } = actor
  const who = [type, id, triggeredBy, address ?? '', requestId ?? '']
  return [String(number), time, action, target, organization ?? '', ...who, JSON.stringify(details), hash]
}
