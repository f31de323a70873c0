import { setImmediate } from 'node:timers/promises'
import {
  type KeyFilter,
  type KeyPosition,
  type KeyRecord,
  type MemberRecord,
  memberCursor,
  type Page,
  pageOf,
  parseMemberCursor,
  positionIn,
  type Store,
  type UnrevokedFilter,
  writePosition,
} from '@keywright/core'
import type { Kysely, SelectQueryBuilder } from 'kysely'
import { text } from './codec.ts'
import { countQuery, holds, keyQuery, passedQuery, searchedAtOnce } from './key-query.ts'
import { keys, members, organizations, projects, serviceKeys } from './mapping.ts'
import type { Schema } from './schema.ts'
import { locking, type Session } from './session.ts'

type Lists = Pick<Store, 'organizations' | 'projects' | 'serviceKeys'>
type MemberPage = Parameters<Store['members']>[0]

export async function listKeys(session: Session, filter: KeyFilter): Promise<Page<KeyRecord>> {
  const { order = 'created', limit } = filter
  const end = await endOfSearch(session, filter)
  const rows = await locking(session, keyQuery(session.db, filter, end)).execute()
  const page = pageOf(rows.map(keys.toRecord), limit, (key) => writePosition(positionIn(order, key)))
  return { ...page, next: page.next ?? (end && writePosition(end)) }
}

/** A count comes by so many at once: on SQLite, where nobody else is answered meanwhile, nobody notices. */
const passedAtOnce = 2_000

export async function countUnrevokedKeys(db: Kysely<Schema>, filter: UnrevokedFilter): Promise<number> {
  let sum = 0
  let after = ''
  for (let areMore = true; areMore; ) {
    const { passed, count, last } = await countQuery(db, filter, after, passedAtOnce).executeTakeFirstOrThrow()
    sum += Number(count)
    after = last ?? after
    areMore = Number(passed) === passedAtOnce
    await setImmediate()
  }
  return sum
}

async function endOfSearch({ db }: Session, filter: KeyFilter): Promise<KeyPosition | null> {
  if (filter.q === undefined || filter.organization === undefined) return null
  const row = await passedQuery(db, filter, searchedAtOnce).executeTakeFirst()
  if (!row) return null
  const { order = 'created' } = filter
  const value = order === 'name' ? text.decode(row.value) : order === 'expires' ? Number(row.value) : null
  return { id: text.decode(row.id), value }
}

export async function listMembers(session: Session, page: MemberPage): Promise<Page<MemberRecord>> {
  const { organization, user, after, limit } = page
  let query = session.db
    .selectFrom('kw_members')
    .selectAll()
    .orderBy('organization')
    .orderBy('user')
    .limit(limit + 1)
  if (organization !== undefined) query = query.where('organization', '=', text.encode(organization))
  if (user !== undefined) query = query.where('user', '=', text.encode(user))
  if (after !== undefined) {
    const last = parseMemberCursor(after)
    query = query.where(({ eb, refTuple, tuple }) =>
      eb(refTuple('organization', 'user'), '>', tuple(text.encode(last.organization), text.encode(last.user))),
    )
  }
  return pageOf((await locking(session, query).execute()).map(members.toRecord), limit, memberCursor)
}

/** Goes on from an id and never counts rows over: a page costs the same wherever it is. */
export async function pageById<Row, Item extends { id: string }>(
  session: Session,
  query: SelectQueryBuilder<Schema, ById, Row>,
  toRecord: (row: Row) => Item,
  { after, limit }: { after?: string; limit: number },
): Promise<Page<Item>> {
  const rest = after === undefined ? query : query.where('id', '>', text.encode(after))
  const rows = await locking(session, rest.orderBy('id').limit(limit + 1)).execute()
  return pageOf(rows.map(toRecord), limit, ({ id }) => id)
}

type ById = 'kw_organizations' | 'kw_projects' | 'kw_service_keys' | 'kw_cli_tokens' | 'kw_invitations'

export function listsOf(session: Session): Lists {
  const { db } = session
  return {
    async organizations({ q, ...page }) {
      const all = db.selectFrom('kw_organizations').selectAll()
      return pageById(session, q === undefined ? all : all.where(holds('search', q)), organizations.toRecord, page)
    },
    async projects({ organization, ...page }) {
      const all = db.selectFrom('kw_projects').selectAll()
      const own = organization === undefined ? all : all.where('organization', '=', text.encode(organization))
      return pageById(session, own, projects.toRecord, page)
    },
    async serviceKeys({ organization, ...page }) {
      const all = db.selectFrom('kw_service_keys').selectAll()
      const own = organization === undefined ? all : all.where('organization', '=', text.encode(organization))
      return pageById(session, own, serviceKeys.toRecord, page)
    },
  }
}
