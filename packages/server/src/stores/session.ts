import type { Transaction } from '@keywright/core'
import type { Kysely } from 'kysely'
import type { Schema } from './schema.ts'

/** One connection, or what stands for it, as a query needs to know it. */
export interface Session {
  db: Kysely<Schema>
  /** Reads are part of a transaction, and other transactions may run beside it: lock what is read. */
  locksRows: boolean
}

/** Of two that change a row one waits; whoever only refers to it, as a count of its use does, never has to. */
export function locking<Query extends { forNoKeyUpdate(): Query }>({ locksRows }: Session, query: Query): Query {
  return locksRows ? query.forNoKeyUpdate() : query
}

const sessions = new WeakMap<Transaction, Session>()

/** From here on `sessionOf` knows it. */
export function runsOn(transaction: Transaction, session: Session): void {
  sessions.set(transaction, session)
}

/** What a transaction of one of our stores runs on: for what is to be read in it that the domain knows nothing of. */
export function sessionOf(transaction: Transaction): Session {
  const session = sessions.get(transaction)
  if (!session) throw new TypeError('This transaction is of another store, or a copy.')
  return session
}
