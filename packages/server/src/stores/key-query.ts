import {
  type KeyFilter,
  type KeyOrder,
  type KeyPosition,
  type KeyState,
  looksLikeId,
  positionOf,
  type UnrevokedFilter,
} from '@keywright/core'
import { type Expression, type ExpressionBuilder, type Kysely, type RawBuilder, type SqlBool, sql } from 'kysely'
import { text } from './codec.ts'
import type { Schema } from './schema.ts'

type Builder = ExpressionBuilder<Schema, 'kw_keys'>

/**
 * How many keys a search comes by for one page. What it does not find it looks for among all of them, and on SQLite
 * nobody else is answered meanwhile.
 */
export const searchedAtOnce = 20_000

/** Written as the index has it: the databases know it again by its text alone. */
const columns = {
  created: null,
  name: sql.ref<string>('sort_name'),
  expires: sql<number>`coalesce(expires_at, 9007199254740991)`,
} satisfies Record<KeyOrder, RawBuilder<unknown> | null>

/** One row more than `limit`, which tells whether there is a next page; none beyond `end`. */
export function keyQuery(db: Kysely<Schema>, filter: KeyFilter, end: KeyPosition | null) {
  const { order = 'created', descending = false, limit } = filter
  const column = columns[order]
  const direction = descending ? 'desc' : 'asc'
  const query = db
    .selectFrom('kw_keys')
    .selectAll()
    .where((eb) =>
      eb.and([
        ...keyConditions(eb, filter),
        ...isBehind(filter),
        ...(end ? [isBeside(order, descending ? '>=' : '<=', end)] : []),
      ]),
    )
    .limit(limit + 1)
  return (column ? query.orderBy(column, direction) : query).orderBy('id', direction)
}

/** Where the `count`th key is that a search comes by, behind the page before; one row, or none where there are fewer. */
export function passedQuery(db: Kysely<Schema>, filter: KeyFilter, count: number) {
  const { organization, order = 'created', descending = false } = filter
  const column = columns[order]
  const passed: RawBuilder<unknown> = column ?? sql`null`
  const direction = descending ? 'desc' : 'asc'
  const query = db
    .selectFrom('kw_keys')
    .select(['id', passed.as('value')])
    .where((eb) =>
      eb.and([...keyConditions(eb, { ...(organization && { organization }), limit: 1 }), ...isBehind(filter)]),
    )
    .limit(1)
    .offset(count - 1)
  return (column ? query.orderBy(column, direction) : query).orderBy('id', direction)
}

/** Of the next `atMost` keys behind `after`: how many these are, the last of them, and how many are to be counted. */
export function countQuery(db: Kysely<Schema>, filter: UnrevokedFilter, after: string, atMost: number) {
  // Of one maker an index has these alone; of all others there may be any number of revoked keys between two of them.
  const { createdBy } = filter
  const passing: KeyFilter = { ...filter, ...(createdBy === undefined ? {} : { isRevoked: false }), limit: atMost }
  const passed = db
    .selectFrom('kw_keys')
    .select((eb) => ['id', eb('revoked_at', 'is', null).as('counts')])
    .where((eb) => eb.and([...keyConditions(eb, passing), eb('id', '>', after)]))
    .orderBy('id')
    .limit(atMost)
  return db
    .selectFrom(passed.as('passed'))
    .select(({ fn }) => [
      fn.countAll<number | string>().as('passed'),
      fn.countAll<number | string>().filterWhere(sql<SqlBool>`counts`).as('count'),
      fn.max('id').as('last'),
    ])
}

/** Which keys a list shows, wherever it stands. */
export function keyConditions(eb: Builder, { organization, project, createdBy, state, now, isRevoked, q }: KeyFilter) {
  if (state !== undefined && now === undefined) throw new TypeError('A filter by `state` needs `now`.')
  return [
    eb('kw_keys.deleted_at', 'is', null),
    ...(organization === undefined ? [] : [eb('kw_keys.organization', '=', text.encode(organization))]),
    ...(project === undefined ? [] : [eb('kw_keys.project', '=', text.encode(project))]),
    ...(createdBy === undefined ? [] : [eb('kw_keys.created_by', '=', text.encode(createdBy))]),
    ...(state === undefined || now === undefined ? [] : [isInState(eb, state, now)]),
    ...(isRevoked === undefined ? [] : [eb('kw_keys.revoked_at', 'is', null)]),
    ...(q === undefined ? [] : [isFoundBy(eb, q, organization !== undefined)]),
  ]
}

/** `stateAt`, in SQL: each state ends where one that outranks it begins. */
function isInState(eb: Builder, state: KeyState, now: Date): Expression<SqlBool> {
  const isExpired = eb('kw_keys.expires_at', '<=', now.getTime())
  const isUnexpired = eb.or([eb('kw_keys.expires_at', 'is', null), eb('kw_keys.expires_at', '>', now.getTime())])
  if (state === 'revoked') return eb('kw_keys.revoked_at', 'is not', null)
  const isUnrevoked = eb('kw_keys.revoked_at', 'is', null)
  if (state === 'expired') return eb.and([isUnrevoked, isExpired])
  return eb.and([isUnrevoked, isUnexpired, eb('kw_keys.suspended_at', state === 'suspended' ? 'is not' : 'is', null)])
}

/** Whether a column of lower-case text holds a part. */
export function holds(column: string, part: string): RawBuilder<SqlBool> {
  const pattern = `%${text.encode(part.toLowerCase()).replace(/[%_!]/g, '!$&')}%`
  return sql<SqlBool>`${sql.ref(column)} like ${pattern} escape '!'`
}

/** Within an organization any part will do; among all keys there is only what an index finds. */
function isFoundBy(eb: Builder, q: string, withinOne: boolean): Expression<SqlBool> {
  const lower = text.encode(q.toLowerCase())
  const isInText = holds('kw_keys.search', q)
  if (!looksLikeId(q)) return withinOne ? isInText : eb('kw_keys.hint', '=', text.encode(q))
  const hasId = eb.and([eb('kw_keys.id', '>=', lower), eb('kw_keys.id', '<', `${lower}~`)])
  return withinOne ? eb.or([hasId, isInText]) : hasId
}

function isBehind({ order = 'created', descending = false, after }: KeyFilter): RawBuilder<SqlBool>[] {
  return after === undefined ? [] : [isBeside(order, descending ? '<' : '>', positionOf(order, after))]
}

function isBeside(order: KeyOrder, sign: '<' | '<=' | '>' | '>=', position: KeyPosition): RawBuilder<SqlBool> {
  const id = text.encode(position.id)
  const column = columns[order]
  if (!column) return sql`id ${sql.raw(sign)} ${id}`
  const value = typeof position.value === 'string' ? text.encode(position.value) : position.value
  // The first half is what an index is entered by; SQLite does not see it in the second, whose value is no column.
  return sql`(${column} ${sql.raw(`${sign[0]}=`)} ${value} and (${column}, id) ${sql.raw(sign)} (${value}, ${id}))`
}
