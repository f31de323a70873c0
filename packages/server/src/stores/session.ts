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
