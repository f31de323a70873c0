import type { KeyCaller } from '@keywright/client'
import type { Command } from 'commander'
import { printable } from '../print/escape.ts'
import { table } from '../print/table.ts'
import { note, print, printJson } from '../print/terminal.ts'
import { at } from '../print/time.ts'
import { readInstant, readVersion } from '../read.ts'
import { connect } from '../session.ts'
import { paged } from './usage-filters.ts'

interface Options {
  secret?: number
  since?: string
  limit?: number
  cursor?: string
  json?: true
}

export function addKeysCallers(keys: Command): void {
  paged(keys.command('callers').description('list who uses a key, or still uses an old secret of it'))
    .argument('<key>', 'key_…')
    .option('--secret <number>', 'with this secret version alone', readVersion)
    .option('--since <time>', 'from then on: 2026-11-20T08:00:00Z, or 24h', readInstant)
    .action(async (key: string, { json, secret, ...filter }: Options) => {
      const pages = connect().keys.callers(key, { ...filter, version: secret })
      const page = await pages.page()
      if (json) return printJson(page)
      if (page.callers.length > 0) print(callerTable(page.callers))
      else note(`Nobody has used this ${secret === undefined ? 'key' : 'secret'}, as far as is kept.`)
      if (page.nextCursor !== null) note(`\nThere is more: --cursor ${page.nextCursor}`)
    })
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
