import { type Head, verifyChain } from '@keywright/core'
import BetterSqlite3 from 'better-sqlite3'
import type { Kysely } from 'kysely'
import { Pool } from 'pg'
import { readChanges } from './change-log.ts'
import { migratePostgres } from './migrate-postgres.ts'
import { copy, countThere, type Moved } from './move-copy.ts'
import { MoveError } from './move-error.ts'
import { readMark, replaceMark, writeMark } from './move-mark.ts'
import { loggedTables, type MovedTable, peopleTables, unloggedTables } from './move-tables.ts'
import { openSqlite } from './open-sqlite.ts'
import { type Connection, connect, kyselyOnConnection } from './postgres-connection.ts'

export { MoveError }

/** For counting the largest table: a connection that was cut off without a word is given up after that. */
const answerWithinMs = 10 * 60_000

export interface Move {
  /** The instance's database file, which nobody else may have open. */
  from: string
  /** Where accounts and sessions are; null where there are none. */
  peopleFrom: string | null
  to: string
  /** Makes the tables of accounts and sessions there. */
  preparePeople(db: Kysely<unknown>): Promise<void>
  onProgress(table: string, done: number, of: number): void
}

/**
 * Copies an instance, each table in the order of its primary key, so that a move that was broken off goes on where it
 * had come to, or from the beginning where the instance has changed since. Then counts are compared, the chain of changes
 * is checked from end to end, and only then is the last change set, without which the copy is an instance that has never
 * changed anything. Where all that was done `before`, nothing is copied: what is there may have gone on.
 * @throws MoveError
 */
export async function moveToPostgres({
  from,
  peopleFrom,
  to,
  preparePeople,
  onProgress,
}: Move): Promise<{ moved: Moved[]; before: boolean }> {
  // Brings the file up to date, and keeps every other process from it.
  const source = openSqlite(from)
  const pool = new Pool({ connectionString: to, max: 1 })
  pool.on('error', () => {})
  const opened: BetterSqlite3.Database[] = []
  let release = () => {}
  const open = (file: string) => {
    const client = new BetterSqlite3(file, { readonly: true })
    opened.push(client)
    return client
  }
  try {
    await migratePostgres(pool)
    const target = await connect(pool, answerWithinMs)
    release = target.release
    const head = await source.head()
    const isDone = await refuseOther(target, head)
    if (peopleFrom !== null) await preparePeople(kyselyOnConnection(target) as Kysely<unknown>)
    const keys = open(from)
    const people = peopleFrom === null ? null : open(peopleFrom)
    const ofPeople = people ? peopleTables.filter((table) => has(people, table)) : []
    const tables = [...loggedTables, ...unloggedTables, ...ofPeople]
    if (isDone) {
      const there = tables.map(async ({ name }) => ({ table: name, rows: await countThere(target, name) }))
      return { moved: await Promise.all(there), before: true }
    }
    await makeRoom(target, head, tables)
    const moved: Moved[] = []
    for (const table of tables) {
      const isOfPeople = people && ofPeople.includes(table)
      moved.push(await copy(isOfPeople ? people : keys, target, table, onProgress))
    }
    const checkpoint = await source.checkpoint()
    await checkChain(target, checkpoint, head)
    await replaceMark(target, { checkpoint, head })
    return { moved, before: false }
  } finally {
    for (const client of opened) client.close()
    release()
    await pool.end()
    await source.close()
  }
}

/** Whether it was moved there before. */
async function refuseOther(target: Connection, head: Head): Promise<boolean> {
  const { rows } = await target.query<{ number: string; hash: string }>('select number, hash from kw_head')
  const there = Number(rows[0]?.number)
  if (there === 0) return false
  if (there === head.number && rows[0]?.hash === head.hash) return true
  throw new MoveError(
    'The database holds another instance, or this one as it has gone on.',
    'Choose an empty database.',
  )
}

/** Leaves no row of a move that was broken off that may have changed since. */
async function makeRoom(target: Connection, head: Head, tables: readonly MovedTable[]): Promise<void> {
  const mark = await readMark(target)
  if (!mark) return writeMark(target, head, tables)
  const isUnchanged = mark.number === head.number && mark.hash === head.hash
  const stale = isUnchanged ? tables.filter((table) => !loggedTables.includes(table)) : tables
  await target.query(`truncate ${stale.map(({ name }) => name).join(', ')} cascade`)
  await target.query('update kw_move set number = $1, hash = $2', [head.number, head.hash])
}

async function checkChain(target: Connection, checkpoint: Head, head: Head): Promise<void> {
  const db = kyselyOnConnection(target)
  let checked = checkpoint
  while (checked.number < head.number) {
    const verdict = verifyChain(checked, await readChanges(db, checked.number, 1000))
    if (!verdict.ok || verdict.head.number === checked.number) {
      throw new MoveError(
        `The audit log is broken at change ${verdict.ok ? checked.number + 1 : verdict.number}.`,
        'It was so before: `keywright audit verify` on the old instance tells more.',
      )
    }
    checked = verdict.head
  }
  if (checked.hash !== head.hash) throw new MoveError('The audit log does not end as it did.', 'Move again.')
}

function has(source: BetterSqlite3.Database, { name }: MovedTable): boolean {
  return source.prepare(`select 1 from sqlite_schema where type = 'table' and name = ?`).get(name) !== undefined
}
