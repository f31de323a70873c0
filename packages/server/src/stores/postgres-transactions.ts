import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout } from 'node:timers/promises'
import type { Kysely } from 'kysely'
import { DatabaseError, type Pool } from 'pg'
import { LostRaceError } from './lost-race-error.ts'
import { type Connection, connect, kyselyOnConnection } from './postgres-connection.ts'
import type { Schema } from './schema.ts'

/**
 * One process that is stopped with the head's row locked holds up the changes of all others until the database ends its
 * transaction, so that comes before they give up.
 */
function beginWithin(statementTimeoutMs: number): string {
  return `begin isolation level read committed;
    set local idle_in_transaction_session_timeout = ${statementTimeoutMs / 2};
    set local statement_timeout = ${statementTimeoutMs}`
}

const mostAttempts = 10

/** Work that was not to be is run again: of two that wait for each other, or that both made what neither had found. */
export function createTransactions(
  pool: Pool,
  statementTimeoutMs = 10_000,
): <T>(work: (db: Kysely<Schema>) => Promise<T>) => Promise<T> {
  const begin = beginWithin(statementTimeoutMs)
  const within = new AsyncLocalStorage<{ over: boolean }>()

  async function attempt<T>(work: (db: Kysely<Schema>) => Promise<T>): Promise<T> {
    const connection = await connect(pool, statementTimeoutMs * 1.5)
    try {
      return await run(connection, work)
    } finally {
      connection.release()
    }
  }

  async function run<T>(connection: Connection, work: (db: Kysely<Schema>) => Promise<T>): Promise<T> {
    const scope = { over: false }
    try {
      await connection.query(begin)
      const result = await within.run(scope, () => work(kyselyOnConnection(connection)))
      await connection.query('commit')
      return result
    } catch (error) {
      // A connection that cannot even do that is not used again.
      await connection.query('rollback').catch(() => {})
      throw error
    } finally {
      scope.over = true
    }
  }

  return async (work) => {
    if (within.getStore()?.over === false) {
      throw new Error('A transaction is already running here: use the one that was handed to `work`.')
    }
    for (let attempts = 1; ; attempts++) {
      try {
        return await attempt(work)
      } catch (error) {
        if (!isContention(error) || attempts === mostAttempts) throw error
        await setTimeout(Math.random() * 2 ** attempts)
      }
    }
  }
}

function isContention(error: unknown): boolean {
  return (error instanceof DatabaseError || error instanceof LostRaceError) && /^40(001|P01)$/.test(error.code ?? '')
}
