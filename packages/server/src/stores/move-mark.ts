import type { Head } from '@keywright/core'
import type { Pool } from 'pg'
import { countThere } from './move-copy.ts'
import { MoveError } from './move-error.ts'
import type { MovedTable } from './move-tables.ts'
import { type Connection, connect } from './postgres-connection.ts'
import { UnfitDatabaseError } from './unfit-database-error.ts'

/**
 * In a database to which a move is under way: which instance is moved there, as of which change. Rows that are there
 * already say nothing of what has become of them since, a revocation for one.
 */
export async function readMark(target: Connection): Promise<Head | null> {
  const { rows: found } = await target.query(`select where to_regclass('kw_move') is not null`)
  if (found.length === 0) return null
  const { rows } = await target.query<{ number: string; hash: string }>('select number, hash from kw_move')
  const [row] = rows
  return row ? { number: Number(row.number), hash: row.hash } : null
}

/**
 * For whoever would serve it: keys that have not been copied yet would be unknown, and valid ones answered 401.
 * @throws UnfitDatabaseError
 */
export async function refuseHalfMoved(pool: Pool): Promise<void> {
  const connection = await connect(pool)
  try {
    const { rows } = await connection.query<object>(`select where to_regclass('kw_move') is not null`)
    if (rows.length === 0) return
  } finally {
    connection.release()
  }
  throw new UnfitDatabaseError(
    'An instance is being moved into this database, and not all of it is there.',
    'Finish it with `keywright migrate`, which goes on where it was broken off, or choose another database.',
  )
}

/** @throws MoveError */
export async function writeMark(
  target: Connection,
  { number, hash }: Head,
  tables: readonly MovedTable[],
): Promise<void> {
  for (const { name } of tables) {
    if ((await countThere(target, name)) > 0) {
      throw new MoveError(`The database is not empty: there are rows in ${name}.`, 'Make an empty one, and move again.')
    }
  }
  await target.query('create table if not exists kw_move (number bigint not null, hash text not null)')
  await target.query('insert into kw_move (number, hash) values ($1, $2)', [number, hash])
}

/** From here on the copy is the instance. */
export async function replaceMark(
  target: Connection,
  { checkpoint, head }: { checkpoint: Head; head: Head },
): Promise<void> {
  await target.query('begin')
  await target.query('update kw_checkpoint set number = $1, hash = $2', [checkpoint.number, checkpoint.hash])
  await target.query('update kw_head set number = $1, hash = $2', [head.number, head.hash])
  await target.query('drop table kw_move')
  await target.query('commit')
}
