import type { Page } from './store.ts'

/** For those who write a store: a page out of up to `limit + 1` rows, of which one more than asked for means there is a next page. */
export function pageOf<T>(rows: readonly T[], limit: number, cursorOf: (item: T) => string): Page<T> {
  const items = rows.slice(0, limit)
  const last = rows.length > limit ? items.at(-1) : undefined
  return { items, next: last === undefined ? null : cursorOf(last) }
}

const mostOnPage = 1000

/** The items of a list page by page, up to 1000 on each, which is read once it is asked for. */
export async function* everyPage<T>(
  list: (page: { after?: string; limit: number }) => Promise<Page<T>>,
): AsyncGenerator<T[]> {
  let page = await list({ limit: mostOnPage })
  yield page.items
  while (page.next !== null) {
    page = await list({ after: page.next, limit: mostOnPage })
    yield page.items
  }
}

/** The cursor of a list of members. Ids of organizations hold no slash. */
export function memberCursor(member: { organization: string; user: string }): string {
  return `${member.organization}/${member.user}`
}

/** What `memberCursor` was made from. */
export function parseMemberCursor(cursor: string): { organization: string; user: string } {
  const slash = cursor.indexOf('/')
  return { organization: cursor.slice(0, slash), user: cursor.slice(slash + 1) }
}
