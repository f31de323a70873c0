import { setTimeout } from 'node:timers/promises'
import BetterSqlite3 from 'better-sqlite3'
import { ensureFile, resolveFile } from './database-file.ts'
import { DatabaseFileError } from './database-file-error.ts'
import { explain } from './explain.ts'
import { type SqliteStore, sqlite } from './sqlite.ts'

/** How long the start waits for another program that holds the file, such as a backup. */
const busyTimeoutMs = 2_000
/** How long `close` waits for changes that are under way: what is not done by then is undone. */
const endWithinMs = 1_000

/**
 * Opens the store in `file` and keeps every other process from it until `close`. File and folder are made, for this
 * user's eyes only, where there are none. Throws `DatabaseFileError` where it cannot be opened, and then leaves it
 * as it is.
 */
export function openSqlite(file: string): SqliteStore {
  const opened: BetterSqlite3.Database[] = []
  const closeAll = () => {
    for (const client of opened.toReversed()) client.close()
  }
  try {
    const path = resolveFile(file)
    opened.push(lock(path))
    ensureFile(path)
    const client = new BetterSqlite3(path, { timeout: busyTimeoutMs })
    opened.push(client)
    if (isForeign(client)) throw new DatabaseFileError('database_foreign', file)
    const store = sqlite(client)
    client.pragma('busy_timeout = 0')
    return {
      ...store,
      async close() {
        await Promise.race([store.close(), setTimeout(endWithinMs, undefined, { ref: false })])
        closeAll()
      },
    }
  } catch (error) {
    closeAll()
    throw explain(file, error)
  }
}

/**
 * A database of its own beside the file, locked for as long as this process lives. The system drops the lock with the
 * process, however that ends, which no file with a process id in it can promise.
 */
function lock(path: string): BetterSqlite3.Database {
  const client = new BetterSqlite3(`${path}.lock`, { timeout: 0 })
  try {
    client.exec('begin exclusive')
    return client
  } catch (error) {
    client.close()
    throw error
  }
}

function isForeign(client: BetterSqlite3.Database): boolean {
  const tables = client.prepare<[], string>(`select name from sqlite_schema where type = 'table'`).pluck().all()
  return tables.length > 0 && !tables.includes('kw_migrations')
}
