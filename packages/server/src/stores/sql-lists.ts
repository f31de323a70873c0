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
import type { Kysely } from 'kysely'
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

/** Lists go on from an id and never count rows over: a page costs the same wherever it is. */
export function listsOf(db: Kysely<Schema>): Lists {
  return {
    async organizations({ q, after, limit }) {
      let query = db
        .selectFrom('kw_organizations')
        .selectAll()
        .orderBy('id')
        .limit(limit + 1)
      if (q !== undefined) query = query.where(holds('search', q))
      if (after !== undefined) query = query.where('id', '>', text.encode(after))
      return pageOf((await query.execute()).map(organizations.toRecord), limit, idOf)
    },

    async projects({ organization, after, limit }) {
      let query = db
        .selectFrom('kw_projects')
        .selectAll()
        .orderBy('id')
        .limit(limit + 1)
      if (organization !== undefined) query = query.where('organization', '=', text.encode(organization))
      if (after !== undefined) query = query.where('id', '>', text.encode(after))
      return pageOf((await query.execute()).map(projects.toRecord), limit, idOf)
    },

    async serviceKeys({ organization, after, limit }) {
      let query = db
        .selectFrom('kw_service_keys')
        .selectAll()
        .orderBy('id')
        .limit(limit + 1)
      if (organization !== undefined) query = query.where('organization', '=', text.encode(organization))
      if (after !== undefined) query = query.where('id', '>', text.encode(after))
      return pageOf((await query.execute()).map(serviceKeys.toRecord), limit, idOf)
    },
  }
}

function idOf(record: { id: string }): string {
  return record.id
}
