import { createTurns, newId, type Store } from '@keywright/core'
import BetterSqlite3 from 'better-sqlite3'
import { Kysely, SqliteDialect } from 'kysely'
import type { CallStore } from '../control/calls.ts'
import type { KnownFollowers } from '../feed/nodes.ts'
import type { PepperStore } from '../peppers/agreement.ts'
import type { Subscriptions } from '../stripe/subscriptions.ts'
import type { UsageStore } from '../usage/usage-store.ts'
import { text } from './codec.ts'
import { watchPlace } from './database-file.ts'
import { foundByDigestQuery } from './found-query.ts'
import { foundKey } from './mapping.ts'
import { migrateSqlite } from './migrate-sqlite.ts'
import type { FoundRow, Schema } from './schema.ts'
import { createSqlCalls } from './sql-calls.ts'
import { createSqlFollowers } from './sql-followers.ts'
import { createSqlPeppers } from './sql-peppers.ts'
import { createSqlSignIn, type SignInStore } from './sql-sign-in.ts'
import { createSqlStore } from './sql-store.ts'
import { sqlSubscriptions } from './sql-stripe.ts'
import { createSqlUsage } from './sql-usage.ts'
import { whenNotBusy } from './sqlite-wait.ts'

export interface SqliteStore extends Store {
  /** Calls with an `Idempotency-Key`, in the same file. */
  calls: CallStore
  /** What sign-in keeps for minutes, likewise. */
  signIn: SignInStore
  /** What Stripe has told, likewise. */
  subscriptions: Subscriptions
  /** What is recorded of verifications, likewise. */
  usage: UsageStore
  /** By which a process with other peppers is told, likewise. */
  peppers: PepperStore
  /** Who may go on with keys they know after this process has ended, likewise. */
  followers: KnownFollowers
}

/**
 * A store in the database of `client`, whose file no other process may write. Its tables are named `kw_…` and are made
 * or brought up to date here. The store puts the client into WAL mode with `synchronous = FULL`, so that a change
 * acknowledged is a change on disk, and has it keep in memory what is temporary, without the temporary tables that the
 * client may have had; its transactions are the store's alone. `close` leaves the client open. A lock of
 * another program is waited for here: with a `timeout` of its own the client would hold up the whole process meanwhile.
 *
 * Throws for a database in memory, which only its own connection could read.
 */
export function sqlite(client: BetterSqlite3.Database): SqliteStore {
  if (client.memory)
    throw new TypeError('SQLite must be given a file. Where nothing is to be kept, use createMemoryStore().')
  configure(client)
  migrateSqlite(client)

  // A connection of its own, since reads on the writer's would see what its transaction has not committed.
  const readClient = new BetterSqlite3(client.name, { readonly: true })
  keepTemporariesInMemory(readClient)
  const reader = kyselyOn(readClient)
  const writer = kyselyOn(client)
  const findStatement = readClient.prepare<[string], FoundRow>(foundByDigestQuery(reader, '').compile().sql)
  const takeTurn = createTurns()
  const checkPlace = watchPlace(client.name)

  function transaction<T>(work: (db: Kysely<Schema>) => Promise<T>): Promise<T> {
    return takeTurn(async () => {
      // Open only where an earlier rollback itself failed: what comes now must not become part of it.
      if (client.inTransaction) client.exec('rollback')
      await whenNotBusy(() => client.exec('begin immediate'))
      try {
        const result = await work(writer)
        checkPlace()
        client.exec('commit')
        return result
      } catch (error) {
        // Some failures, a full disk for one, have rolled back already.
        if (client.inTransaction) client.exec('rollback')
        throw error
      }
    })
  }

  const store = createSqlStore({
    reader,
    verification: reader,
    find(digest) {
      const row = findStatement.get(text.encode(digest))
      return row && foundKey(row)
    },
    transaction,
    locksRows: false,
    isDuplicate: (error) =>
      error instanceof BetterSqlite3.SqliteError &&
      (error.code === 'SQLITE_CONSTRAINT_UNIQUE' || error.code === 'SQLITE_CONSTRAINT_PRIMARYKEY'),
    close: () => takeTurn(async () => void readClient.close()),
  })
  return {
    ...store,
    calls: createSqlCalls({ db: writer, run: transaction, node: newId('node'), isGone: async () => true }),
    signIn: createSqlSignIn({ db: writer, run: transaction }),
    subscriptions: sqlSubscriptions,
    peppers: createSqlPeppers({ transaction, isOnlyProcess: true }),
    followers: createSqlFollowers({ reader, transaction }),
    usage: createSqlUsage({ reader, verification: reader, transaction }),
  }
}

function configure(client: BetterSqlite3.Database): void {
  if (client.pragma('journal_mode = WAL', { simple: true }) !== 'wal') {
    throw new Error(`${client.name} cannot be put into WAL mode: keep it on a local disk.`)
  }
  client.pragma('synchronous = FULL')
  client.pragma('foreign_keys = ON')
  keepTemporariesInMemory(client)
}

/** For what it has to sort or may have to undo SQLite wants files in /tmp: a container may have none, and a disk be full. */
function keepTemporariesInMemory(client: BetterSqlite3.Database): void {
  client.pragma('temp_store = MEMORY')
}

/** Whoever asks for lists decides how many different statements there are, and each takes some 40 kB. */
const mostPrepared = 300

/** Kysely asks for each statement anew; preparing one costs more than running it. Those used last are kept. */
function kyselyOn(client: BetterSqlite3.Database): Kysely<Schema> {
  const prepared = new Map<string, BetterSqlite3.Statement>()
  const prepare = (sql: string) => {
    const statement = prepared.get(sql) ?? client.prepare(sql)
    prepared.delete(sql)
    prepared.set(sql, statement)
    if (prepared.size > mostPrepared) prepared.delete(prepared.keys().next().value as string)
    return statement
  }
  return new Kysely({ dialect: new SqliteDialect({ database: { prepare, close: () => {} } }) })
}
