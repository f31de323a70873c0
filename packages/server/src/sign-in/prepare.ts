import { Kysely, PostgresDialect, type PostgresPool } from 'kysely'
import type { Pool } from 'pg'
import { openAuth } from './auth.ts'

/** Makes the tables of accounts and sessions where there are none. */
export async function preparePeople(pool: Pool): Promise<void> {
  const db = new Kysely({ dialect: new PostgresDialect({ pool: pool as unknown as PostgresPool }) })
  await openAuth({
    database: { db, type: 'postgres', heed: (work) => work(), close: async () => {} },
    // Nothing is signed with it.
    secret: 'none'.repeat(8),
    isSecure: false,
    passkeyHost: 'localhost',
    warn: () => {},
  })
}
