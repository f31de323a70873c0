import type { KeyRecord, Store } from '@keywright/core'
import { text } from './codec.ts'
import { keys, members, organizations, projects } from './mapping.ts'
import { locking, type Session } from './session.ts'
import { together } from './together.ts'

type Lookups = Pick<Store, 'key' | 'organization' | 'project' | 'member'>

/** What a store and a transaction of it look up alike. */
export function lookupsOf(session: Session): Lookups {
  const { db } = session
  return {
    key: together<string, KeyRecord | undefined>(async (ids) => {
      // In order, so that of two who lock the same keys one waits, and not each for the other.
      const query = db.selectFrom('kw_keys').selectAll().where('id', 'in', ids.map(text.encode)).orderBy('id')
      const rows = await locking(session, query).execute()
      const found = new Map(rows.map((row) => [row.id, row]))
      return (id) => {
        const row = found.get(text.encode(id))
        return row && keys.toRecord(row)
      }
    }),
    async organization(id) {
      const query = db.selectFrom('kw_organizations').selectAll().where('id', '=', text.encode(id))
      const row = await locking(session, query).executeTakeFirst()
      return row && organizations.toRecord(row)
    },
    async project(id) {
      const query = db.selectFrom('kw_projects').selectAll().where('id', '=', text.encode(id))
      const row = await locking(session, query).executeTakeFirst()
      return row && projects.toRecord(row)
    },
    async member(organization, user) {
      const query = db
        .selectFrom('kw_members')
        .selectAll()
        .where('organization', '=', text.encode(organization))
        .where('user', '=', text.encode(user))
      const row = await locking(session, query).executeTakeFirst()
      return row && members.toRecord(row)
    },
  }
}
