import { Kysely, PostgresDialect, type PostgresPool } from 'kysely'
import type { Pool } from 'pg'
import { createPeople } from './better-auth.ts'

/** Makes the tables of accounts and sessions where there are none. */
export async function preparePeople(pool: Pool): Promise<void> {
  const db = new Kysely({ dialect: new PostgresDialect({ pool: pool as unknown as PostgresPool }) })
  const people = createPeople({
    database: { db, type: 'postgres', heed: (work) => work(), close: async () => {} },
    // Nothing is signed with it.
    secret: 'none'.repeat(8),
    isSecure: false,
    passkeyHost: 'localhost',
    attempts: { count: async () => ({ count: 0, endsAt: new Date() }) },
    warn: () => {},
  })
  await people.find('nobody')
}
