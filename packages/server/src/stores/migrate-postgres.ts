import { setTimeout } from 'node:timers/promises'
import { DatabaseError, type Pool } from 'pg'
import { type ColumnTypes, migrations, migrationsTable, NewerSchemaError } from './migrations/index.ts'
import { type Connection, connect } from './postgres-connection.ts'
import { UnfitDatabaseError } from './unfit-database-error.ts'

/** Any number will do that no other program takes for itself. */
const lockNumber = 7_305_812_469
const migrateWithinMs = 10 * 60_000
const mostAttempts = 30

/** Escapes that JSON has and PostgreSQL's text has not, NUL and halves of characters, are passed over with their kind. */
const readable = (column: string) => `regexp_replace(${column}, '(\\\\[^u])|\\\\u[0-9a-f]{4}', '\\1', 'g')::json`

/** Bytes compare as bytes whatever the language of the database. */
export const postgresTypes: ColumnTypes = {
  id: 'text collate "C"',
  member: (column, ...path) => `${readable(column)} #>> '{${path.join(',')}}'`,
  hints: `(select string_agg(version ->> 'hint', ' ') from json_array_elements(kw_keys.versions::json) as version)`,
  lastHint: `versions::json -> -1 ->> 'hint'`,
}

/**
 * Brings the schema up to date, one transaction for each step. Of many nodes that start at once one goes first: they
 * take turns by an advisory lock, and on a database without such locks by the number of the step, which is unique.
 * A schema of a newer version is left as it is, and used where that version says that older ones may.
 *
 * @throws NewerSchemaError, UnfitDatabaseError
 */
export async function migratePostgres(pool: Pool): Promise<void> {
  const connection = await connect(pool, migrateWithinMs)
  try {
    await refuseEncoding(connection)
    for (let attempts = 1; ; attempts++) {
      try {
        while (await applyNext(connection)) {}
        return
      } catch (error) {
        await connection.query('rollback').catch(() => {})
        if (!isPassing(error) || attempts === mostAttempts) throw error
        await setTimeout(1_000 * Math.random())
      }
    }
  } finally {
    connection.release()
  }
}

/** Hints have an ellipsis, and names any character: in most encodings no key could be written. SQL_ASCII keeps bytes. */
async function refuseEncoding(connection: Connection): Promise<void> {
  const { rows } = await connection.query<{ server_encoding: string }>('show server_encoding')
  const encoding = rows[0]?.server_encoding ?? ''
  if (/^(UTF-?8|SQL_ASCII)$/i.test(encoding)) return
  throw new UnfitDatabaseError(
    `The database is encoded in ${encoding}, which does not have every character.`,
    'Make one with `createdb -E UTF8 -T template0`, and name that.',
  )
}

/** Whether there may be more to do. */
async function applyNext(connection: Connection): Promise<boolean> {
  await connection.query('begin; set local statement_timeout = 0')
  await connection.query('select pg_advisory_xact_lock($1)', [lockNumber])
  // A table that is in use is not waited for with everybody else waiting behind.
  await connection.query('set local lock_timeout = 2000')
  // Looked for wherever the search path leads: `create … if not exists` looks in its first schema alone, where it would
  // begin an empty instance beside the one that is there, and asks for the right to make tables where none is missing.
  const { rows: missing } = await connection.query(`select where to_regclass('kw_migrations') is null`)
  // This deletes nothing, and fails where nothing may be changed.
  await connection.query(missing.length > 0 ? migrationsTable : 'delete from kw_migrations where false')
  const { rows } = await connection.query<{ applied: string; needs: string }>(
    'select coalesce(max(number), 0) as applied, coalesce(max(needs), 0) as needs from kw_migrations',
  )
  const applied = Number(rows[0]?.applied)
  if (Number(rows[0]?.needs) > migrations.length) throw new NewerSchemaError(applied, migrations.length)
  const next = migrations.find(({ number }) => number > applied)
  if (next) {
    const { number, name, needs } = next
    await connection.query('insert into kw_migrations (number, name, applied_at, needs) values ($1, $2, $3, $4)', [
      number,
      name,
      Date.now(),
      needs ?? 0,
    ])
    for (const statement of next.statements(postgresTypes)) await connection.query(statement)
  }
  await connection.query('commit')
  return next !== undefined
}

/** Another node was quicker, or holds a lock for the moment. */
function isPassing(error: unknown): boolean {
  return error instanceof DatabaseError && /^(23505|40001|40P01|42P07|55P03)$/.test(error.code ?? '')
}
