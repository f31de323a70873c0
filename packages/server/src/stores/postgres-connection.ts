import { Kysely, PostgresDialect, type PostgresPool, sql } from 'kysely'
import { DatabaseError, type Pool, type PoolClient, type QueryConfig, type QueryResult } from 'pg'
import type { Schema } from './schema.ts'

/** The database did not answer, or not in time. What was asked of it may have been done all the same. */
export class DatabaseUnreachableError extends Error {
  readonly code = 'database_unreachable'
  constructor(cause: unknown) {
    super(`PostgreSQL cannot be reached: ${cause instanceof Error ? cause.message : cause}.`, { cause })
    this.name = 'DatabaseUnreachableError'
  }
}

/** A connection out of a pool. One on which anything but the database itself has failed is not given back. */
export interface Connection {
  query<Row extends object>(text: string, values?: readonly unknown[]): Promise<QueryResult<Row>>
  release(): void
}

/** Its driver's time-out, which its types leave out. */
export interface TimedQuery extends QueryConfig<unknown[]> {
  query_timeout: number
}

/**
 * PostgreSQL gives up waiting for a synchronous standby, when a time-out or a person asks it to, with no more than a
 * warning: it has committed, and the standby may never hear of it.
 */
const warning = '01000'

/** With these it ends the connection itself; that it is closed is heard only later. */
const ending = /^(08|25P0[34]|57P)/

/** The database's own clock, in milliseconds, when it was asked: an index is read by it. */
export const databaseNow = sql<number>`(extract(epoch from statement_timestamp()) * 1000)::bigint`

/** How long an answer is waited for where the database itself knows no limit, or the way to it is cut. */
const answerWithinMs = 15_000

/** @throws DatabaseUnreachableError, also where all connections are taken for too long */
export async function connect(pool: Pool, withinMs = answerWithinMs): Promise<Connection> {
  return connectionOn(await pool.connect().catch(unreachable), withinMs)
}

/** Everything at once: for what needs no transaction. */
export function kyselyOnPool(pool: Pool, withinMs?: number): Kysely<Schema> {
  return kyselyOver(() => connect(pool, withinMs))
}

/** The same, each failure of which is noted. */
export function notedKyselyOnPool(pool: Pool, noting: <T>(ask: () => Promise<T>) => Promise<T>): Kysely<Schema> {
  return kyselyOver(async () => {
    const { query, release } = await noting(() => connect(pool))
    return { query: (text, values) => noting(() => query<never>(text, values)), release }
  })
}

export function kyselyOnConnection({ query }: Connection): Kysely<Schema> {
  const connection = { query, release: () => {} }
  return kyselyOver(async () => connection)
}

function kyselyOver(acquire: () => Promise<Connection>): Kysely<Schema> {
  const pool = { connect: acquire, end: async () => {} } as unknown as PostgresPool
  return new Kysely({ dialect: new PostgresDialect({ pool }) })
}

function connectionOn(client: PoolClient, withinMs: number): Connection {
  let isSound = true
  const onError = () => {
    isSound = false
  }
  // Nobody else listens while it is out, and an error that nobody hears ends the process.
  client.on('error', onError)
  let last: Promise<unknown> = Promise.resolve()

  async function ask<Row extends object>(text: string, values: readonly unknown[]): Promise<QueryResult<Row>> {
    if (!isSound) throw new DatabaseUnreachableError('the connection was lost')
    let isSafe = true
    const onNotice = ({ code }: { code?: string | undefined }) => {
      if (code === warning) isSafe = false
    }
    client.on('notice', onNotice)
    try {
      const query: TimedQuery = { text, values: [...values], query_timeout: withinMs }
      const result = await client.query<Row>(query)
      if (!isSafe) throw new DatabaseUnreachableError('its standby has not confirmed')
      return result
    } catch (error) {
      if (!(error instanceof DatabaseError) || ending.test(error.code ?? '')) isSound = false
      return unreachable(error)
    } finally {
      client.off('notice', onNotice)
    }
  }

  return {
    // One after the other, whoever asks: a connection answers no two questions at once.
    query(text, values = []) {
      const answer = last.then(() => ask<never>(text, values))
      last = answer.catch(() => {})
      return answer
    },
    release() {
      client.off('error', onError)
      client.release(!isSound)
    },
  }
}

export function unreachable(error: unknown): never {
  if (error instanceof DatabaseError || error instanceof DatabaseUnreachableError) throw error
  throw new DatabaseUnreachableError(error)
}
