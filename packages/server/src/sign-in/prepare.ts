import type { Kysely } from 'kysely'
import { openAuth } from './auth.ts'

/** Makes the tables of accounts and sessions where there are none. */
export async function preparePeople(db: Kysely<unknown>): Promise<void> {
  await openAuth({
    database: { db, type: 'postgres', heed: (work) => work(), close: async () => {} },
    // Nothing is signed with it.
    secret: 'none'.repeat(8),
    isSecure: false,
    passkeyHost: 'localhost',
    warn: () => {},
  })
}
