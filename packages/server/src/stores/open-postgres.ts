import { setTimeout } from 'node:timers/promises'
import { type Change, type Head, newId } from '@keywright/core'
import { type Kysely, sql } from 'kysely'
import { type Client, type ClientBase, Pool, type PoolConfig } from 'pg'
import type { Nodes } from '../feed/nodes.ts'
import type { Ledgers } from '../limits/ledgers.ts'
import type { PepperStore } from '../peppers/agreement.ts'
import { readChanges } from './change-log.ts'
import { createHeeding, type Heeding } from './heeding.ts'
import { migratePostgres } from './migrate-postgres.ts'
import { refuseHalfMoved } from './move-mark.ts'
import { type PostgresStore, postgresStore } from './postgres.ts'
import { DatabaseUnreachableError, databaseNow, kyselyOnPool, notedKyselyOnPool } from './postgres-connection.ts'
import { createTransactions } from './postgres-transactions.ts'
import { createSqlLimits } from './sql-limits.ts'
import { createSqlNodes } from './sql-nodes.ts'
import { createSqlPeppers } from './sql-peppers.ts'

/** A database that many nodes share. */
export interface SharedStore extends PostgresStore {
  /** Brings the schema up to date. To be called until it resolves. @throws NewerSchemaError, UnfitDatabaseError */
  prepare(): Promise<void>
  nodes: Nodes
  /** What time it is by the database's clock. */
  clock(): Promise<Date>
  /** By which a process with other peppers is told. */
  peppers: PepperStore
  /** What is spent of each limit, by all nodes together. */
  limits: Ledgers
  /** Accounts and sessions, which another library writes. */
  people: { db: Kysely<unknown>; type: 'postgres'; close(): Promise<void> } & Heeding
  /** The log as the feed reads it, on connections that nobody else takes. */
  changeLog: { changes(after: number, limit: number): Promise<Change[]> }
}

const feedWithinMs = 3_000
const endWithinMs = 1_000
/** A request that has waited that long to be counted is counted otherwise. */
const limitsWithinMs = 1_000

/**
 * The store at `url`, on pools of its own: verification waits neither for those who manage keys nor for the feed, nor
 * the feed for them. Nothing is asked of the database before it is used. `node` is what this process is called. `onFound` is
 * told, before a key that was looked up is answered, which was the last change then.
 */
export function openPostgres(
  url: string,
  node: string = newId('node'),
  onFound: (last: Head) => void = () => {},
): SharedStore {
  const servers: Servers = new Map()
  const open = (options: PoolConfig, statementTimeoutMs: number) => openPool(url, options, statementTimeoutMs, servers)
  const management = open({ max: 5, connectionTimeoutMillis: 5_000 }, 10_000)
  // Asked within changes, which have a connection each: of one pool they could have the last ones, and wait for ever.
  const people = open({ max: 3, connectionTimeoutMillis: 5_000 }, 10_000)
  const verification = open({ max: 5, connectionTimeoutMillis: 1_000 }, 1_000)
  const feed = open({ max: 2, connectionTimeoutMillis: feedWithinMs }, feedWithinMs)
  const limits = open({ max: 2, connectionTimeoutMillis: limitsWithinMs }, limitsWithinMs)
  const feedDb = kyselyOnPool(feed, 2 * feedWithinMs)
  const { heed, noting } = createHeeding()
  const store = postgresStore(management, verification, node, onFound)
  return {
    ...store,
    async prepare() {
      await migratePostgres(management)
      await refuseHalfMoved(management)
    },
    nodes: createSqlNodes(feedDb),
    async clock() {
      const { rows } = await sql<{ now: string }>`select ${databaseNow} as now`.execute(kyselyOnPool(management))
      return new Date(Number(rows[0]?.now))
    },
    peppers: createSqlPeppers({ transaction: createTransactions(feed, feedWithinMs), isOnlyProcess: false }),
    limits: createSqlLimits({
      db: kyselyOnPool(limits),
      transaction: createTransactions(limits, limitsWithinMs),
    }),
    people: { db: notedKyselyOnPool(people, noting) as Kysely<unknown>, type: 'postgres', heed, close: async () => {} },
    changeLog: { changes: (after, limit) => readChanges(feedDb, after, limit) },
    async close() {
      await store.close()
      const ended = Promise.all([management, people, verification, limits, feed].map((pool) => pool.end()))
      // A database that does not answer keeps nobody from stopping.
      await Promise.race([ended, setTimeout(endWithinMs, undefined, { ref: false })])
      for (const client of servers.keys()) hangUp(client)
    },
  }
}

/** Which server each connection of a store leads to. */
type Servers = Map<ClientBase, string>

function openPool(url: string, options: PoolConfig, statementTimeoutMs: number, servers: Servers): Pool {
  const pool = new Pool({
    connectionString: url,
    application_name: 'keywright',
    keepAlive: true,
    idleTimeoutMillis: 60_000,
    // The database's own comes first, unless the way to it is cut.
    query_timeout: statementTimeoutMs + 2_000,
    ...options,
    onConnect: async (client) => {
      // Nobody runs a single statement again that an isolation which is usual elsewhere has given up.
      await client.query(
        `set statement_timeout = ${statementTimeoutMs}; set default_transaction_isolation = 'read committed'; ${ownSchemaFirst}`,
      )
      const server = await primaryOf(client)
      leaveOthers(server, servers)
      servers.set(client, server)
    },
  })
  pool.on('remove', (client) => servers.delete(client))
  // A connection that breaks while nobody uses it is replaced by the next use.
  pool.on('error', () => {})
  return pool
}

/** Tables are made in the first schema of the search path: new ones, and those of people, join those that are there. */
const ownSchemaFirst = `
  select set_config('search_path', relnamespace::regnamespace || ', ' || current_setting('search_path'), false)
  from pg_class where oid = to_regclass('kw_migrations')`

/** Which of all servers it is, until it is started anew. A standby is none: what is behind would be taken for truth. */
async function primaryOf(client: ClientBase): Promise<string> {
  const { rows } = await client.query<{ standby: boolean; startedAt: string }>(
    'select pg_is_in_recovery() as standby, extract(epoch from pg_postmaster_start_time())::text as "startedAt"',
  )
  const [row] = rows
  if (!row || row.standby) throw new DatabaseUnreachableError('it is a standby, and only the primary will do')
  return row.startedAt
}

/**
 * A primary that was replaced, and does not know it, answers on the connections it has as long as a proxy keeps them:
 * with keys as they were, and of newer ones that there are none.
 */
function leaveOthers(server: string, servers: Servers): void {
  for (const [client, other] of servers) if (other !== server) hangUp(client)
}

function hangUp(client: ClientBase): void {
  ;(client as Client).connection.stream.destroy()
}
