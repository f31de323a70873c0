import BetterSqlite3 from 'better-sqlite3'
import { type DatabaseConnection, type Driver, Kysely, SqliteDialect, type SqliteDialectConfig } from 'kysely'
import { ensureFile, watchPlace } from './database-file.ts'
import { explain } from './explain.ts'
import { createHeeding } from './heeding.ts'
import { whenNotBusy } from './sqlite-wait.ts'

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
    client.pragma('busy_timeout = 0')
    // There is no log before something is read.
    client.pragma('schema_version')
    const checkPlace = watchPlace(file)
    const { heed, noting } = createHeeding()
    const db = new Kysely<unknown>({ dialect: new WaitingDialect({ database: client }, checkPlace, noting) })
    const close = async () => {
      await db.destroy()
      // It leaves open what nobody has asked for anything.
      client.close()
    }
    return { db, type: 'sqlite' as const, heed, close }
  } catch (error) {
    throw explain(file, error)
  }
}

type Noting = ReturnType<typeof createHeeding>['noting']

/** A statement that another program's lock refuses has done nothing, and is run again. */
class WaitingDialect extends SqliteDialect {
  readonly #checkPlace: () => void
  readonly #noting: Noting
  constructor(config: SqliteDialectConfig, checkPlace: () => void, noting: Noting) {
    super(config)
    this.#checkPlace = checkPlace
    this.#noting = noting
  }

  override createDriver(): Driver {
    const driver = super.createDriver()
    const acquire = driver.acquireConnection.bind(driver)
    driver.acquireConnection = async (options) => waiting(await acquire(options), this.#checkPlace, this.#noting)
    return driver
  }
}

function waiting(connection: DatabaseConnection, checkPlace: () => void, noting: Noting): DatabaseConnection {
  return {
    executeQuery: (query, options) =>
      noting(() =>
        whenNotBusy(() => {
          // What is undone is written nowhere; left open, it would take in all that is written after it.
          if (query.query.kind !== 'SelectQueryNode' && query.sql !== 'rollback') checkPlace()
          return connection.executeQuery(query, options)
        }),
      ),
    streamQuery: (query, chunkSize, options) => connection.streamQuery(query, chunkSize, options),
  }
}
