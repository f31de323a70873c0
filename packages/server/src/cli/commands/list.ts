import type { Page, Pages, Paging } from '@keywright/client'
import type { Command } from 'commander'
import { nobodyReads, note, print, printJson } from '../print/terminal.ts'
import { readCount } from '../read.ts'

export interface ListOptions {
  limit?: number
  cursor?: string
  json?: true
  quiet?: true
}

export function listCommand(parent: Command, description: string): Command {
  return parent
    .command('list')
    .description(description)
    .option('--limit <count>', 'one page of so many', readCount)
    .option('--cursor <cursor>', "go on from an earlier page's nextCursor")
    .option('--json', 'print one page as the API answered it')
    .option('--quiet', 'print the ids alone')
}

export function pagingOf({ limit, cursor }: ListOptions): Paging {
  return { limit, cursor }
}

/** Everything there is, page by page; with `--limit`, `--cursor` or `--json` one page. */
export async function showList<Name extends string, T extends { id: string } | { user: string }>(
  pages: Pages<Name, T>,
  name: Name,
  { limit, cursor, json, quiet }: ListOptions,
  { none, show }: { none: string; show: (items: readonly T[]) => string },
): Promise<void> {
  if (json) return printJson(await pages.page())
  const isOnePage = limit !== undefined || cursor !== undefined
  const items: T[] = []
  let page: Page<Name, T> | undefined
  for await (page of pages.pages()) {
    if (quiet) for (const item of page[name]) print('id' in item ? item.id : item.user)
    items.push(...page[name])
    if (isOnePage || nobodyReads()) break
  }
  if (quiet) return
  const more = isOnePage ? (page?.nextCursor ?? null) : null
  if (items.length > 0) print(show(items))
  else if (more === null) note(none)
  if (more !== null) note(`\nThere is more: --cursor ${more}`)
}
