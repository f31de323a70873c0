import { type KeyRecord, type Page, pageOf } from '@keywright/core'
import { type Kysely, sql } from 'kysely'
import type { KeysByUse } from '../usage/usage-store.ts'
import { readUsePosition, type UsePosition, writeUsePosition } from '../usage/use-position.ts'
import { text } from './codec.ts'
import { keyConditions } from './key-query.ts'
import { keys } from './mapping.ts'
import type { Schema } from './schema.ts'

interface Found {
  key: KeyRecord
  usedAt: number | null
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
  for (const list of isInSecond ? lists.slice(1) : lists) {
    const isFirst = found.length === 0
    if (found.length <= limit)
      found.push(...(await list(db, filter, isFirst ? position : null, limit + 1 - found.length)))
  }
  const page = pageOf(found, limit, ({ key, usedAt }) => writeUsePosition({ usedAt, id: key.id }))
  return { items: page.items.map(({ key }) => key), next: page.next }
}

async function unused(
  db: Kysely<Schema>,
  filter: KeysByUse,
  position: UsePosition | null,
  limit: number,
): Promise<Found[]> {
  const sign = filter.descending ? '<' : '>'
  const rows = await db
    .selectFrom('kw_keys')
    .selectAll()
    .where((eb) =>
      eb.and([
        ...keyConditions(eb, filter),
        sql<boolean>`not exists (select 1 from kw_last_used where kw_last_used."key" = kw_keys.id)`,
        ...(position?.usedAt === null ? [eb('id', sign, text.encode(position.id))] : []),
      ]),
    )
    .orderBy('id', filter.descending ? 'desc' : 'asc')
    .limit(limit)
    .execute()
  return rows.map((row) => ({ key: keys.toRecord(row), usedAt: null }))
}

/** Of a key with several secrets its latest use counts. */
async function used(
  db: Kysely<Schema>,
  filter: KeysByUse,
  position: UsePosition | null,
  limit: number,
): Promise<Found[]> {
  const direction = filter.descending ? 'desc' : 'asc'
  const [sign, within] = filter.descending ? ['<', '<='] : ['>', '>=']
  const from = position?.usedAt ?? null
  const rows = await db
    .selectFrom('kw_last_used as uses')
    .innerJoin('kw_keys', 'kw_keys.id', 'uses.key')
    .selectAll('kw_keys')
    .select('uses.used_at as used_at')
    .where('uses.organization', '=', text.encode(filter.organization))
    .where((eb) => eb.and(keyConditions(eb as never, filter)))
    .where(sql<boolean>`not exists (select 1 from kw_last_used as later where later."key" = uses."key"
      and (later.used_at > uses.used_at or (later.used_at = uses.used_at and later.version > uses.version)))`)
    .$if(from !== null, (query) =>
      query.where(sql<boolean>`uses.used_at ${sql.raw(within as string)} ${from}
        and (uses.used_at, uses."key") ${sql.raw(sign as string)} (${from}, ${text.encode(position?.id ?? '')})`),
    )
    .orderBy('uses.used_at', direction)
    .orderBy('uses.key', direction)
    .limit(limit)
    .execute()
  return rows.map(({ used_at, ...row }) => ({ key: keys.toRecord(row), usedAt: Number(used_at) }))
}
