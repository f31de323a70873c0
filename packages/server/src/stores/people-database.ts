import BetterSqlite3 from 'better-sqlite3'
import { Kysely, SqliteDialect } from 'kysely'
import { ensureFile } from './database-file.ts'
import { explain } from './explain.ts'

/**
 * A file of its own for accounts and sessions, which another library writes: two writers on one file in one process
 * would wait for each other. Nothing in it decides what a key may do.
 */
export function openPeopleFile(file: string) {
  try {
    ensureFile(file)
    const client = new BetterSqlite3(file, { timeout: 2_000 })
    client.pragma('journal_mode = WAL')
    client.pragma('synchronous = FULL')
    const db = new Kysely<unknown>({ dialect: new SqliteDialect({ database: client }) })
    return { db, type: 'sqlite' as const, close: () => db.destroy() }
  } catch (error) {
    throw explain(file, error)
  }
}
