import { type Head, verifyChain } from '@keywright/core'
import BetterSqlite3 from 'better-sqlite3'
import { Pool } from 'pg'
import { readChanges } from './change-log.ts'
import { migratePostgres } from './migrate-postgres.ts'
import { type MovedTable, movedPeople, movedTables } from './move-tables.ts'
import { openSqlite } from './open-sqlite.ts'
import { kyselyOnPool } from './postgres-connection.ts'

/** Why nothing was moved, or not all of it. */
export class MoveError extends Error {
  readonly hint: string
  constructor(message: string, hint: string) {
    super(message)
    this.name = 'MoveError'
    this.hint = hint
  }
}

export interface Moved {
  table: string
  rows: number
}

export interface Move {
  /** The instance's database file, which nobody else may have open. */
  from: string
  /** Where accounts and sessions are; null where there are none. */
  peopleFrom: string | null
  to: string
  /** Makes the tables of accounts and sessions there. */
  preparePeople(pool: Pool): Promise<void>
  onProgress(table: string, done: number, of: number): void
}

const rowsAtOnce = 500

type Row = Record<string, unknown>

/**
 * Copies an instance, each table in the order of its primary key, so that a move that was broken off goes on where it
 * had come to. Then counts are compared, the chain of changes is checked from end to end, and only then is the last
 * change set, without which the copy is an instance that has never changed anything.
 * @throws MoveError
 */
export async function moveToPostgres({ from, peopleFrom, to, preparePeople, onProgress }: Move): Promise<Moved[]> {
  // Brings the file up to date, and keeps every other process from it.
  const source = openSqlite(from)
  const pool = new Pool({ connectionString: to, max: 2 })
  pool.on('error', () => {})
  const opened: BetterSqlite3.Database[] = []
  const open = (file: string) => {
    const client = new BetterSqlite3(file, { readonly: true })
    opened.push(client)
    return client
  }
  try {
    await migratePostgres(pool)
    const head = await source.head()
    const isDone = await refuseOther(pool, head)
    const moved: Moved[] = []
    const keys = open(from)
    for (const table of movedTables) moved.push(await copy(keys, pool, table, onProgress))
    if (peopleFrom !== null) {
      await preparePeople(pool)
      const people = open(peopleFrom)
      for (const table of movedPeople) if (has(people, table)) moved.push(await copy(people, pool, table, onProgress))
    }
    const checkpoint = await source.checkpoint()
    await checkChain(pool, checkpoint, head)
    await pool.query('update kw_checkpoint set number = $1, hash = $2', [checkpoint.number, checkpoint.hash])
    if (!isDone) await pool.query('update kw_head set number = $1, hash = $2', [head.number, head.hash])
    return moved
  } finally {
    for (const client of opened) client.close()
    await pool.end()
    await source.close()
  }
}

/** Whether it was moved there before. */
async function refuseOther(pool: Pool, head: Head): Promise<boolean> {
  const { rows } = await pool.query<{ number: string; hash: string }>('select number, hash from kw_head')
  const there = Number(rows[0]?.number)
  if (there === head.number && rows[0]?.hash === head.hash) return true
  if (there === 0) return false
  throw new MoveError(
    'The database holds another instance, or this one as it has gone on.',
    'Choose an empty database.',
  )
}

async function copy(
  source: BetterSqlite3.Database,
  pool: Pool,
  { name, key, numbers }: MovedTable,
  onProgress: Move['onProgress'],
): Promise<Moved> {
  const of = count(source, name)
  const order = key.map(quoted).join(', ')
  const places = key.map(() => '?').join(', ')
  const first = source.prepare<unknown[], Row>(`select * from ${name} order by ${order} limit ${rowsAtOnce}`)
  const next = source.prepare<unknown[], Row>(
    `select * from ${name} where (${order}) > (${places}) order by ${order} limit ${rowsAtOnce}`,
  )
  const columns = first.columns().map((column) => column.name)
  const descending = key.map((column) => `${quoted(column)} desc`).join(', ')
  const { rows: last } = await pool.query<Row>(`select ${order} from ${name} order by ${descending} limit 1`)
  let after = last[0]
  let done = await countThere(pool, name)
  for (;;) {
    const position =
      after && key.map((column) => (numbers.includes(column) ? Number(after?.[column]) : after?.[column]))
    const rows = position ? next.all(...position) : first.all()
    onProgress(name, done, of)
    if (rows.length === 0) break
    await insert(pool, name, columns, rows)
    done += rows.length
    after = rows.at(-1)
  }
  const there = await countThere(pool, name)
  if (there === of) return { table: name, rows: of }
  throw new MoveError(
    `${name} has ${of} rows here and ${there} there: the database was not empty.`,
    'Make an empty one, and move again.',
  )
}

async function insert(pool: Pool, name: string, columns: readonly string[], rows: readonly Row[]): Promise<void> {
  const values: unknown[] = []
  const tuples = rows.map((row) => {
    const places = columns.map((column) => `$${values.push(row[column])}`)
    return `(${places.join(', ')})`
  })
  await pool.query(`insert into ${name} (${columns.map(quoted).join(', ')}) values ${tuples.join(', ')}`, values)
}

async function checkChain(pool: Pool, checkpoint: Head, head: Head): Promise<void> {
  const db = kyselyOnPool(pool)
  let checked = checkpoint
  while (checked.number < head.number) {
    const verdict = verifyChain(checked, await readChanges(db, checked.number, 1000))
    if (!verdict.ok || verdict.head.number === checked.number) {
      throw new MoveError(
        `The audit log is broken at change ${checked.number + 1}.`,
        'It was so before: `keywright audit verify` on the old instance tells more.',
      )
    }
    checked = verdict.head
  }
  if (checked.hash !== head.hash) throw new MoveError('The audit log does not end as it did.', 'Move again.')
}

function count(source: BetterSqlite3.Database, name: string): number {
  return source.prepare(`select count(*) from ${name}`).pluck().get() as number
}

async function countThere(pool: Pool, name: string): Promise<number> {
  const { rows } = await pool.query<{ count: string }>(`select count(*) as count from ${name}`)
  return Number(rows[0]?.count)
}

function has(source: BetterSqlite3.Database, { name }: MovedTable): boolean {
  return source.prepare(`select 1 from sqlite_schema where type = 'table' and name = ?`).get(name) !== undefined
}

function quoted(column: string): string {
  return `"${column}"`
}
