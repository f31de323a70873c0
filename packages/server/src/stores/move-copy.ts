import type BetterSqlite3 from 'better-sqlite3'
import { MoveError } from './move-error.ts'
import type { MovedTable } from './move-tables.ts'
import type { Connection } from './postgres-connection.ts'

export interface Moved {
  table: string
  rows: number
}

const rowsAtOnce = 500

type Row = Record<string, unknown>

/** In the order of the primary key, behind what is there already. @throws MoveError */
export async function copy(
  source: BetterSqlite3.Database,
  target: Connection,
  { name, key, numbers }: MovedTable,
  onProgress: (table: string, done: number, of: number) => void,
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
  const { rows: last } = await target.query<Row>(`select ${order} from ${name} order by ${descending} limit 1`)
  let after = last[0]
  let done = await countThere(target, name)
  for (;;) {
    const position =
      after && key.map((column) => (numbers.includes(column) ? Number(after?.[column]) : after?.[column]))
    const rows = position ? next.all(...position) : first.all()
    onProgress(name, done, of)
    if (rows.length === 0) break
    await insert(target, name, columns, rows)
    done += rows.length
    after = rows.at(-1)
  }
  const there = await countThere(target, name)
  if (there === of) return { table: name, rows: of }
  throw new MoveError(
    `${name} has ${of} rows here and ${there} there: the database was not empty.`,
    'Make an empty one, and move again.',
  )
}

async function insert(
  target: Connection,
  name: string,
  columns: readonly string[],
  rows: readonly Row[],
): Promise<void> {
  const values: unknown[] = []
  const tuples = rows.map((row) => {
    const places = columns.map((column) => `$${values.push(row[column])}`)
    return `(${places.join(', ')})`
  })
  await target.query(`insert into ${name} (${columns.map(quoted).join(', ')}) values ${tuples.join(', ')}`, values)
}

function count(source: BetterSqlite3.Database, name: string): number {
  return source.prepare(`select count(*) from ${name}`).pluck().get() as number
}

export async function countThere(target: Connection, name: string): Promise<number> {
  const { rows } = await target.query<{ count: string }>(`select count(*) as count from ${name}`)
  return Number(rows[0]?.count)
}

function quoted(column: string): string {
  return `"${column}"`
}
