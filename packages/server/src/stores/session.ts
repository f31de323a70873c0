import type { Kysely } from 'kysely'
import type { Schema } from './schema.ts'

/** One connection, or what stands for it, as a query needs to know it. */
export interface Session {
  db: Kysely<Schema>
  /** Reads are part of a transaction, and other transactions may run beside it: lock what is read. */
  locksRows: boolean
}

export function locking<Query extends { forUpdate(): Query }>({ locksRows }: Session, query: Query): Query {
  return locksRows ? query.forUpdate() : query
}
