import type { Page } from '@keywright/core'
import type { Caller } from '../access/caller.ts'
import { notOurs, readCursor, writeCursor } from './cursor.ts'
import { requireOrganization } from './reach.ts'

interface Asked {
  organization?: string | undefined
  cursor?: string | undefined
  limit: number
}

/**
 * A page of what the caller reaches, or of one organization where one is named: of a person with several, one after the
 * other. @throws Problem
 */
export async function listReached<T>(
  caller: Caller,
  { organization, cursor, limit }: Asked,
  list: (page: { organization?: string; after?: string; limit: number }) => Promise<Page<T>>,
): Promise<{ items: T[]; nextCursor: string | null }> {
  if (organization !== undefined) requireOrganization(caller, organization)
  const position = readCursor(cursor)
  if (organization !== undefined || caller.places === null) {
    const after = position === undefined ? {} : { after: position }
    const { items, next } = await list({ ...(organization !== undefined && { organization }), ...after, limit })
    return { items, nextCursor: writeCursor(next) }
  }
  const { first, after } = readPlace(position)
  const places = [...caller.places.keys()].sort().filter((place) => place >= first)
  const items: T[] = []
  for (const place of places) {
    if (items.length === limit) return { items, nextCursor: writeCursor(`${place}/`) }
    const from = place === first && after !== '' ? { after } : {}
    const page = await list({ organization: place, ...from, limit: limit - items.length })
    items.push(...page.items)
    if (page.next !== null) return { items, nextCursor: writeCursor(`${place}/${page.next}`) }
  }
  return { items, nextCursor: null }
}

/** Ids of organizations hold no slash. */
function readPlace(position: string | undefined): { first: string; after: string } {
  if (position === undefined) return { first: '', after: '' }
  const slash = position.indexOf('/')
  if (slash < 1) throw notOurs()
  return { first: position.slice(0, slash), after: position.slice(slash + 1) }
}
