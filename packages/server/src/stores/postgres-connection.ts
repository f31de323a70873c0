import { Kysely, PostgresDialect, type PostgresPool } from 'kysely'
import { DatabaseError, type Pool, type PoolClient, type QueryResult } from 'pg'
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
  let last: Promise<unknown> = Promise.resolve()

  async function ask<Row extends object>(text: string, values: readonly unknown[]): Promise<QueryResult<Row>> {
    if (!isSound) throw new DatabaseUnreachableError('the connection was lost')
    try {
      const query = { text, values: [...values], query_timeout: withinMs }
      return await client.query<Row>(query)
    } catch (error) {
      if (error instanceof DatabaseError) throw error
      isSound = false
      return unreachable(error)
    }
  }

  return {
    // One after the other, whoever asks: a connection answers no two questions at once.
    query(text, values = []) {
      const answer = last.then(() => ask<never>(text, values))
      last = answer.catch(() => {})
      return answer
    },
    release: () => client.release(!isSound),
  }
}

export function unreachable(error: unknown): never {
  if (error instanceof DatabaseError || error instanceof DatabaseUnreachableError) throw error
  throw new DatabaseUnreachableError(error)
}
