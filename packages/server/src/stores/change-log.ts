import { setImmediate } from 'node:timers/promises'
import {
  type AuditFilter,
  type Change,
  type ChangeEvent,
  entryText,
  type Head,
  linkAll,
  parseEntry,
} from '@keywright/core'
import { type Kysely, sql } from 'kysely'
import { integer, text } from './codec.ts'
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

export async function readAudit(db: Kysely<Schema>, filter: AuditFilter): Promise<Change[]> {
  const { organization, target, actor, action, triggeredBy, since, until, newestFirst, from, limit } = filter
  const rows = await db
    .selectFrom('kw_changes')
    .select(['entry', 'hash'])
    .where((eb) =>
      eb.and([
        ...(organization === undefined ? [] : [eb('organization', '=', text.encode(organization))]),
        ...(target === undefined ? [] : [eb('target', '=', text.encode(target))]),
        ...(actor === undefined ? [] : [eb('actor', '=', text.encode(actor))]),
        ...(action === undefined ? [] : [eb('action', '=', text.encode(action))]),
        ...(triggeredBy === undefined ? [] : [eb('triggered_by', '=', triggeredBy)]),
        ...(since === undefined ? [] : [sql<boolean>`at >= ${since.getTime()}`]),
        ...(until === undefined ? [] : [sql<boolean>`at < ${until.getTime()}`]),
        // What an organization or a target has is in an index of its own, and never all of the log.
        ...(organization === undefined && target === undefined ? numbersWithin(since, until) : []),
        ...(from === undefined ? [] : [eb('number', newestFirst ? '<' : '>', from)]),
      ]),
    )
    .orderBy('number', newestFirst ? 'desc' : 'asc')
    .limit(limit)
    .execute()
  return rows.map(({ entry, hash }) => parseEntry(entry, hash))
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
