import { type FoundKey, type Head, newId, type Store } from '@keywright/core'
import { sql } from 'kysely'
import { DatabaseError, type Pool } from 'pg'
import type { CallStore } from '../control/calls.ts'
import type { Subscriptions } from '../stripe/subscriptions.ts'
import type { UsageStore } from '../usage/usage-store.ts'
import { text } from './codec.ts'
import { foundByDigestQuery, foundQuery } from './found-query.ts'
import { foundKey } from './mapping.ts'
import { migratePostgres } from './migrate-postgres.ts'
import { refuseHalfMoved } from './move-mark.ts'
import { databaseNow, kyselyOnPool, type TimedQuery, unreachable } from './postgres-connection.ts'
import { createTransactions } from './postgres-transactions.ts'
import type { FoundRow } from './schema.ts'
import { createSqlCalls } from './sql-calls.ts'
import { createIsSilent } from './sql-nodes.ts'
import { createSqlSignIn, type SignInStore } from './sql-sign-in.ts'
import { createSqlStore } from './sql-store.ts'
import { sqlSubscriptions } from './sql-stripe.ts'
import { createSqlUsage } from './sql-usage.ts'
import { together } from './together.ts'

export interface PostgresStore extends Store {
  /** Calls with an `Idempotency-Key`, in the same database. */
  calls: CallStore
  /** What is recorded of verifications, likewise. */
  usage: UsageStore
  /** What sign-in keeps for minutes, likewise. */
  signIn: SignInStore
  /** What Stripe has told, likewise. */
  subscriptions: Subscriptions
}

/** A verification that has waited that long is answered 503. */
const findWithinMs = 1_000

/**
 * A store in the database of `pool`, which any number of processes may use at once. Its tables are named `kw_…` and are
 * made or brought up to date here. `close` leaves the pool open. Credentials are looked up through `verification`, which
 * keeps them from waiting behind lists and changes where it is a pool of its own.
 *
 * Both pools must lead to the primary. Where there is a synchronous standby, a change is acknowledged once it is there.
 * Throws `NewerSchemaError` for the database of a newer Keywright that this version cannot use.
 */
export async function postgres(pool: Pool, verification: Pool = pool): Promise<PostgresStore> {
  await migratePostgres(pool)
  await refuseHalfMoved(pool)
  return postgresStore(pool, verification)
}

/** The same for a database whose schema is seen to elsewhere. `node` is what this process is called among the nodes. */
export function postgresStore(
  pool: Pool,
  verification: Pool,
  node: string = newId('node'),
  onFound: (last: Head) => void = () => {},
): PostgresStore {
  function noted(row: FoundRow): FoundKey {
    const found = foundKey(row)
    onFound({ number: found.readAt, hash: found.readHash })
    return found
  }
  const reader = kyselyOnPool(pool)
  const verificationReader = kyselyOnPool(verification, findWithinMs)
  const findStatement = {
    name: 'kw_find',
    text: foundByDigestQuery(reader, '').compile().sql,
    query_timeout: findWithinMs,
  }
  const foundStatement = {
    name: 'kw_found',
    text: foundQuery(reader).where(sql<boolean>`kw_keys.id = any(${[]})`).compile().sql,
    query_timeout: findWithinMs,
  }
  const transaction = createTransactions(pool)
  const store = createSqlStore({
    reader,
    verification: verificationReader,
    async find(digest) {
      const query: TimedQuery = { ...findStatement, values: [text.encode(digest)] }
      const { rows } = await verification.query<FoundRow>(query).catch(unreachable)
      const [row] = rows
      return row && noted(row)
    },
    transaction,
    locksRows: true,
    isDuplicate: (error) => error instanceof DatabaseError && error.code === '23505',
    close: async () => {},
  })
  return {
    ...store,
    found: together<string, FoundKey | undefined>(async (ids) => {
      const query: TimedQuery = { ...foundStatement, values: [ids.map(text.encode)] }
      const { rows } = await verification.query<FoundRow>(query).catch(unreachable)
      const found = new Map(rows.map(noted).map((one): [string, FoundKey] => [one.key.id, one]))
      return (id) => found.get(id)
    }),
    calls: createSqlCalls({
      db: reader,
      clock: databaseNow,
      run: (step) => step(),
      node,
      isGone: createIsSilent(reader),
    }),
    signIn: createSqlSignIn({ db: reader, clock: databaseNow, run: (step) => step() }),
    subscriptions: sqlSubscriptions,
    usage: createSqlUsage({ reader, verification: verificationReader, transaction }),
  }
}
