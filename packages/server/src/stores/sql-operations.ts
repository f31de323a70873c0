import { DuplicateError, type Operations, organizationTextOf } from '@keywright/core'
import { sql } from 'kysely'
import { text } from './codec.ts'
import { LostRaceError } from './lost-race-error.ts'
import { members, organizations, projects, serviceKeys } from './mapping.ts'
import { locking, type Session } from './session.ts'
import { deleteRowsOf } from './sql-deletions.ts'
import { keyWritesOn } from './sql-key-writes.ts'
import { listKeys, listMembers } from './sql-lists.ts'
import { lookupsOf } from './sql-lookups.ts'
import { peopleListsOf, peopleOperationsOn } from './sql-people.ts'

/** @param isDuplicate whether a database error is a violated unique index */
export function operationsOn(session: Session, isDuplicate: (error: unknown) => boolean): Operations {
  const { db } = session

  const lookups = lookupsOf(session)
  /** Looked for, and not there: what somebody else has put there meanwhile must not be replaced. */
  const absent = new Set<string>()

  return {
    ...lookups,
    ...peopleListsOf(session),
    ...peopleOperationsOn(session, isDuplicate),
    ...keyWritesOn(session, isDuplicate),
    async takeTurn(name) {
      if (!session.locksRows) return
      await sql`select pg_advisory_xact_lock(hashtextextended(${text.encode(`keywright ${name}`)}, 0))`.execute(db)
    },
    keys: (filter) => listKeys(session, filter),
    members: (page) => listMembers(session, page),
    async serviceKey(id) {
      const query = db.selectFrom('kw_service_keys').selectAll().where('id', '=', text.encode(id))
      const row = await locking(session, query).executeTakeFirst()
      return row && serviceKeys.toRecord(row)
    },

    async organization(id) {
      const organization = await lookups.organization(id)
      if (!organization) absent.add(id)
      return organization
    },
    async putOrganization(organization) {
      const { id, ...record } = organizations.toRow(organization)
      const rest = { ...record, search: text.encode(organizationTextOf(organization)) }
      const former = db.selectFrom('kw_former_organizations').select('id').where('id', '=', id)
      if (await former.executeTakeFirst()) throw new DuplicateError('id')
      const insert = db.insertInto('kw_organizations').values({ id, ...rest })
      if (!absent.delete(organization.id)) {
        await insert.onConflict((conflict) => conflict.column('id').doUpdateSet(rest)).execute()
        return
      }
      try {
        await insert.execute()
      } catch (error) {
        throw isDuplicate(error) ? new LostRaceError() : error
      }
    },
    async deleteOrganization(id) {
      await deleteRowsOf(db, 'organization', id)
      const { numDeletedRows } = await db
        .deleteFrom('kw_organizations')
        .where('id', '=', text.encode(id))
        .executeTakeFirstOrThrow()
      if (numDeletedRows > 0n)
        await db
          .insertInto('kw_former_organizations')
          .values({ id: text.encode(id) })
          .execute()
    },

    async pruneChanges(through) {
      const last = await db.selectFrom('kw_changes').select('hash').where('number', '=', through).executeTakeFirst()
      const { numUpdatedRows } = await db
        .updateTable('kw_checkpoint')
        .set({ number: through, hash: last?.hash ?? '' })
        .where('number', '<', through)
        .executeTakeFirstOrThrow()
      if (!last || numUpdatedRows === 0n) throw new DuplicateError('checkpoint')
      await db.deleteFrom('kw_changes').where('number', '<=', through).execute()
    },

    async putProject(project) {
      const { id, ...rest } = projects.toRow(project)
      await db
        .insertInto('kw_projects')
        .values({ id, ...rest })
        .onConflict((conflict) => conflict.column('id').doUpdateSet(rest))
        .execute()
    },
    async deleteProject(id) {
      await deleteRowsOf(db, 'project', id)
      await db.deleteFrom('kw_projects').where('id', '=', text.encode(id)).execute()
    },

    async putMember(member) {
      const row = members.toRow(member)
      await db
        .insertInto('kw_members')
        .values(row)
        .onConflict((conflict) => conflict.columns(['organization', 'user']).doUpdateSet(row))
        .execute()
    },
    async deleteMember(organization, user) {
      await db
        .deleteFrom('kw_members')
        .where('organization', '=', text.encode(organization))
        .where('user', '=', text.encode(user))
        .execute()
    },

    async putServiceKey(key) {
      const { id, ...rest } = serviceKeys.toRow(key)
      try {
        await db
          .insertInto('kw_service_keys')
          .values({ id, ...rest })
          .onConflict((conflict) => conflict.column('id').doUpdateSet(rest))
          .execute()
      } catch (error) {
        // The database's own error is not passed on: PostgreSQL's quotes the digest.
        throw isDuplicate(error) ? new DuplicateError('digest') : error
      }
    },
  }
}
