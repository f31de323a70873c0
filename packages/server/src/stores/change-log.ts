import { setImmediate } from 'node:timers/promises'
import {
  type AuditFilter,
  type AuditPage,
  type Change,
  type ChangeEvent,
  entryText,
  type Head,
  linkAll,
  parseEntry,
} from '@keywright/core'
import { type Kysely, sql } from 'kysely'
import { integer, text } from './codec.ts'
import { searchedAtOnce } from './key-query.ts'
import type { Schema } from './schema.ts'
import { locking, type Session } from './session.ts'

/** Few enough that writing them holds up nobody else in this process for long. */
const rowsPerInsert = 250

export async function readHead(session: Session): Promise<Head> {
  const { number, hash } = await locking(
    session,
    session.db.selectFrom('kw_head').select(['number', 'hash']),
  ).executeTakeFirstOrThrow()
  return { number: integer.decode(number), hash }
}

/** The last step of a transaction: whoever holds the head's row commits next, so numbers have the order of commits. */
export async function append(session: Session, events: readonly ChangeEvent[]): Promise<Change[]> {
  let last = await readHead(session)
  const changes: Change[] = []
  for (let start = 0; start < events.length; start += rowsPerInsert) {
    if (start > 0) await setImmediate()
    const linked = linkAll(last, events.slice(start, start + rowsPerInsert))
    await session.db.insertInto('kw_changes').values(linked.map(rowOf)).execute()
    changes.push(...linked)
    last = linked.at(-1) ?? last
  }
  if (changes.length > 0) {
    await session.db.updateTable('kw_head').set({ number: last.number, hash: last.hash }).execute()
  }
  return changes
}

export async function readChanges(db: Kysely<Schema>, after: number, limit: number): Promise<Change[]> {
  const rows = await db
    .selectFrom('kw_changes')
    .select(['entry', 'hash'])
    .where('number', '>', after)
    .orderBy('number')
    .limit(limit)
    .execute()
  return rows.map(({ entry, hash }) => parseEntry(entry, hash))
}

export async function readCheckpoint(db: Kysely<Schema>): Promise<Head> {
  const { number, hash } = await db.selectFrom('kw_checkpoint').select(['number', 'hash']).executeTakeFirstOrThrow()
  return { number: integer.decode(number), hash }
}

export async function readAudit(db: Kysely<Schema>, filter: AuditFilter): Promise<AuditPage> {
  const { organization, target, since, until, newestFirst, from, limit } = filter
  const named = namesIn(filter)
  const isNarrowed = named.length + (since || until ? 1 : 0) > 1
  const { by, end } = isNarrowed ? await narrowest(db, named, filter) : { by: named[0], end: null }
  const rows = await db
    .selectFrom('kw_changes')
    .select(['entry', 'hash'])
    .where((eb) =>
      eb.and([
        // By the index of one of them, whatever the database holds of the others: `end` is counted in that one.
        ...named.map(([column, value]) =>
          column === by?.[0] ? eb(column, '=', value) : sql<boolean>`${sql.ref(column)} || '' = ${value}`,
        ),
        ...(since === undefined ? [] : [sql<boolean>`at >= ${since.getTime()}`]),
        ...(until === undefined ? [] : [sql<boolean>`at < ${until.getTime()}`]),
        // What an organization or a target has is in an index of its own, and never all of the log.
        ...(organization === undefined && target === undefined ? numbersWithin(since, until) : []),
        ...(from === undefined ? [] : [eb('number', newestFirst ? '<' : '>', from)]),
        ...(end === null ? [] : [eb('number', newestFirst ? '>=' : '<=', end)]),
      ]),
    )
    .orderBy('number', newestFirst ? 'desc' : 'asc')
    .limit(limit + 1)
    .execute()
  const changes = rows.slice(0, limit).map(({ entry, hash }) => parseEntry(entry, hash))
  return { changes, next: rows.length > limit ? (changes.at(-1)?.number ?? null) : end }
}

type Named = readonly [column: 'target' | 'organization' | 'actor' | 'action' | 'triggered_by', value: string]

/** Each has an index, in the order of numbers. */
function namesIn({ organization, target, actor, action, triggeredBy }: AuditFilter): Named[] {
  return [
    ...(target === undefined ? [] : [['target', text.encode(target)] as const]),
    ...(organization === undefined ? [] : [['organization', text.encode(organization)] as const]),
    ...(actor === undefined ? [] : [['actor', text.encode(actor)] as const]),
    ...(action === undefined ? [] : [['action', text.encode(action)] as const]),
    ...(triggeredBy === undefined ? [] : [['triggered_by', triggeredBy] as const]),
  ]
}

/**
 * Which of the filters gets furthest within so many changes, and the number it gets to; null where that is the end of the
 * log. What the others leave of these is looked for row by row.
 */
async function narrowest(
  db: Kysely<Schema>,
  named: readonly Named[],
  { newestFirst, from }: AuditFilter,
): Promise<{ by: Named | undefined; end: number | null }> {
  let furthest: { by: Named; end: number } | undefined
  for (const by of named) {
    const row = await db
      .selectFrom('kw_changes')
      .select('number')
      .where(by[0], '=', by[1])
      .$if(from !== undefined, (query) => query.where('number', newestFirst ? '<' : '>', from ?? 0))
      .orderBy('number', newestFirst ? 'desc' : 'asc')
      .limit(1)
      .offset(searchedAtOnce - 1)
      .executeTakeFirst()
    if (!row) return { by, end: null }
    const end = integer.decode(row.number)
    if (!furthest || (newestFirst ? end < furthest.end : end > furthest.end)) furthest = { by, end }
  }
  return furthest ?? { by: undefined, end: null }
}

/**
 * Times are by the nodes' clocks, of which one may have been days ahead or behind: no event's time says anything of the
 * numbers of others. So the least and the greatest number of that time are looked up, all of it in one index, and the log
 * itself is read neither from its beginning nor from its end.
 */
function numbersWithin(since: Date | undefined, until: Date | undefined) {
  const from = sql<boolean>`at >= ${since?.getTime() ?? Number.MIN_SAFE_INTEGER}`
  const to = sql<boolean>`at < ${until?.getTime() ?? Number.MAX_SAFE_INTEGER}`
  // `+ 0`, or the primary key would be walked through row by row until one fits.
  return [
    ...(since === undefined
      ? []
      : [sql<boolean>`number >= (select min(number + 0) from kw_changes where ${from} and ${to})`]),
    ...(until === undefined
      ? []
      : [sql<boolean>`number <= (select max(number + 0) from kw_changes where ${from} and ${to})`]),
  ]
}

function rowOf(change: Change) {
  return {
    number: change.number,
    hash: change.hash,
    entry: entryText(change),
    at: change.at.getTime(),
    organization: change.organization === null ? null : text.encode(change.organization),
    target: text.encode(change.target),
    action: change.action,
    actor: text.encode(change.actor.id),
    triggered_by: change.actor.triggeredBy,
  }
}
