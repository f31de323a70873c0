import { setTimeout } from 'node:timers/promises'
import BetterSqlite3 from 'better-sqlite3'

/** How long another program may hold the file, such as a backup. */
const busyForMs = 2_000
const tryAgainEveryMs = 20

/**
 * Does again what another program's lock has kept from being done. SQLite would wait by itself, with the whole process
 * standing still: requests that need nothing of it, too.
 */
export async function whenNotBusy<T>(attempt: () => T | Promise<T>): Promise<T> {
  for (const until = performance.now() + busyForMs; ; await setTimeout(tryAgainEveryMs)) {
    try {
      return await attempt()
    } catch (error) {
      if (!isBusy(error) || performance.now() >= until) throw error
    }
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof BetterSqlite3.SqliteError && error.code.startsWith('SQLITE_BUSY')
}
