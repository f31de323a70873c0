import { setImmediate } from 'node:timers/promises'
import { type KeyRecord, type Page, pageOf } from '@keywright/core'
import { type Kysely, sql } from 'kysely'
import type { KeysByUse } from '../usage/usage-store.ts'
import { readUsePosition, type UsePosition, writeUsePosition } from '../usage/use-position.ts'
import { text } from './codec.ts'
import { keyConditions, searchedAtOnce } from './key-query.ts'
import { keys } from './mapping.ts'
import type { Schema } from './schema.ts'

interface Found {
  key: KeyRecord
  usedAt: number | null
}

/** What one of the two lists has behind a position. */
interface Part {
  found: Found[]
  /** How far a search has come that has not come to the end; null where all was looked through, or enough was found. */
  end: UsePosition | null
}

/**
 * An organization's keys in the order of their last use, those that were never used at the end that is longest ago. Keys
 * are not written when they are used, so these are two lists, of which the second goes on where the first ends.
 */
export async function listKeysByUse(db: Kysely<Schema>, filter: KeysByUse): Promise<Page<KeyRecord>> {
  const { descending, after, limit } = filter
  const lists = descending ? [used, unused] : [unused, used]
  const position = after === undefined ? null : readUsePosition(after)
  if (after !== undefined && !position) throw new TypeError(`'${after}' is no position in a list by use.`)
  const isInSecond = position !== null && (position.usedAt === null) === descending
  const found: Found[] = []
  let end: UsePosition | null = null
  for (const list of isInSecond ? lists.slice(1) : lists) {
    const part = await list(db, filter, position, limit + 1 - found.length)
    found.push(...part.found)
    end = part.end
    if (found.length > limit || end !== null) break
  }
  const page = pageOf(found, limit, ({ key, usedAt }) => writeUsePosition({ usedAt, id: key.id }))
  return { items: page.items.map(({ key }) => key), next: page.next ?? (end && writeUsePosition(end)) }
}

async function unused(
  db: Kysely<Schema>,
  filter: KeysByUse,
  position: UsePosition | null,
  limit: number,
): Promise<Part> {
  const { descending, organization } = filter
  const [behind, until, direction] = descending ? (['<', '>=', 'desc'] as const) : (['>', '<=', 'asc'] as const)
  const all = db
    .selectFrom('kw_keys')
    .where(sql<boolean>`not exists (select 1 from kw_last_used where kw_last_used."key" = kw_keys.id)`)
    .$if(position?.usedAt === null, (query) => query.where('id', behind, text.encode(position?.id ?? '')))
    .orderBy('id', direction)
  const last = !isNarrowed(filter)
    ? undefined
    : await all
        .select('id')
        .where((eb) => eb.and(keyConditions(eb, { organization, limit })))
        .limit(1)
        .offset(searchedAtOnce - 1)
        .executeTakeFirst()
  const rows = await all
    .selectAll()
    .where((eb) => eb.and(keyConditions(eb, filter)))
    .$if(last !== undefined, (query) => query.where('id', until, last?.id ?? ''))
    .limit(limit)
    .execute()
  const found = rows.map((row) => ({ key: keys.toRecord(row), usedAt: null }))
  return { found, end: last && found.length < limit ? { usedAt: null, id: text.decode(last.id) } : null }
}

/**
 * Uses first, then their keys: told to join them, PostgreSQL looks for each key among all uses while it does not know yet
 * how many there are.
 */
async function used(db: Kysely<Schema>, filter: KeysByUse, position: UsePosition | null, limit: number): Promise<Part> {
  const found: Found[] = []
  let behind = position
  for (let looked = 0, count = limit; !isNarrowed(filter) || looked < searchedAtOnce; count = readAtOnce) {
    const uses = await usesBehind(db, filter, behind, count)
    const last = uses.at(-1)
    if (!last) return { found, end: null }
    const ids = uses.map(({ key }) => key)
    const rows = await db
      .selectFrom('kw_keys')
      .selectAll()
      .where((eb) => eb.and([...keyConditions(eb, filter), eb('id', 'in', ids)]))
      .execute()
    const records = new Map(rows.map((row) => [row.id, keys.toRecord(row)]))
    for (const { key: id, used_at } of uses) {
      const key = records.get(id)
      if (key) found.push({ key, usedAt: Number(used_at) })
      if (found.length === limit) return { found, end: null }
    }
    behind = { usedAt: Number(last.used_at), id: text.decode(last.key) }
    looked += uses.length
    await setImmediate()
  }
  return { found, end: behind }
}

const readAtOnce = 1000

/** What the order of uses knows nothing of is looked for key by key. */
function isNarrowed({ project, state, q }: KeysByUse): boolean {
  return project !== undefined || state !== undefined || q !== undefined
}

/** Of a key with several secrets its latest use counts. */
function usesBehind(db: Kysely<Schema>, filter: KeysByUse, position: UsePosition | null, limit: number) {
  const [sign, within, direction] = filter.descending ? (['<', '<=', 'desc'] as const) : (['>', '>=', 'asc'] as const)
  const from = position?.usedAt ?? null
  return db
    .selectFrom('kw_last_used as uses')
    .select(['key', 'used_at'])
    .where('organization', '=', text.encode(filter.organization))
    .where(sql<boolean>`not exists (select 1 from kw_last_used as later where later."key" = uses."key"
      and (later.used_at > uses.used_at or (later.used_at = uses.used_at and later.version > uses.version)))`)
    .$if(from !== null, (query) =>
      // The first half is what the index is entered by.
      query.where(sql<boolean>`used_at ${sql.raw(within)} ${from}
        and (used_at, "key") ${sql.raw(sign)} (${from}, ${text.encode(position?.id ?? '')})`),
    )
    .orderBy('used_at', direction)
    .orderBy('key', direction)
    .limit(limit)
    .execute()
}
