import { type FoundKey, runWork, type Store } from '@keywright/core'
import type { Kysely } from 'kysely'
import { append, readAudit, readChanges, readCheckpoint, readHead } from './change-log.ts'
import { text } from './codec.ts'
import { foundQuery } from './found-query.ts'
import { foundKey, serviceKeys } from './mapping.ts'
import type { FoundRow, Schema } from './schema.ts'
import { runsOn } from './session.ts'
import { countUnrevokedKeys, listKeys, listMembers, listsOf } from './sql-lists.ts'
import { lookupsOf } from './sql-lookups.ts'
import { operationsOn } from './sql-operations.ts'
import { peopleListsOf, peopleReadsOf } from './sql-people.ts'

/** What each database does in its own way. */
export interface Database {
  /** Sees what is committed, and nothing else. */
  reader: Kysely<Schema>
  /** The same for verification, which waits for nobody who manages keys. */
  verification: Kysely<Schema>
  find(digest: string): FoundKey | undefined | Promise<FoundKey | undefined>
  /** Commits when `work` resolves, and rolls back when it rejects. Refuses to run within itself. */
  transaction<T>(work: (db: Kysely<Schema>) => Promise<T>): Promise<T>
  /** Transactions run beside each other, and must lock the rows they read. */
  locksRows: boolean
  isDuplicate(error: unknown): boolean
  close(): Promise<void>
}

export function createSqlStore({
  reader,
  verification,
  find,
  transaction,
  locksRows,
  isDuplicate,
  close,
}: Database): Store {
  const session = { db: reader, locksRows: false }
  return {
    ...lookupsOf(session),
    ...listsOf(session),
    ...peopleReadsOf(reader),
    ...peopleListsOf(session),
    find,
    keys: (filter) => listKeys(session, filter),
    countUnrevoked: (filter) => countUnrevokedKeys(reader, filter),
    members: (page) => listMembers(session, page),
    async found(id) {
      const row = await foundQuery(verification).where('kw_keys.id', '=', text.encode(id)).executeTakeFirst()
      return row && foundKey(row satisfies FoundRow)
    },
    async serviceKey(digest) {
      const query = verification.selectFrom('kw_service_keys').selectAll().where('digest', '=', text.encode(digest))
      const row = await query.executeTakeFirst()
      return row && serviceKeys.toRecord(row)
    },
    changes: (after, limit) => readChanges(reader, after, limit),
    audit: (filter) => readAudit(reader, filter),
    head: () => readHead(session),
    checkpoint: () => readCheckpoint(reader),
    transact: (work) =>
      transaction(async (db) => {
        const transactionSession = { db, locksRows }
        const { result, events } = await runWork(operationsOn(transactionSession, isDuplicate), (own) => {
          runsOn(own, transactionSession)
          return work(own)
        })
        return { result, changes: await append(transactionSession, events) }
      }),
    close,
  }
}
