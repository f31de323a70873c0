import { DuplicateError, pageOf, type Store, type Transaction } from '@keywright/core'
import type { Kysely } from 'kysely'
import { text } from './codec.ts'
import { cliTokens, invitations, operators } from './mapping.ts'
import type { Schema } from './schema.ts'
import { locking, type Session } from './session.ts'
import { pageById } from './sql-lists.ts'

type Reads = Pick<Store, 'operator' | 'cliToken' | 'invitation'>
type Lists = Pick<Store, 'operators' | 'cliTokens' | 'invitations'>
type Operations = Pick<
  Transaction,
  | 'cliToken'
  | 'invitation'
  | 'openInvitations'
  | 'putOperator'
  | 'deleteOperator'
  | 'putCliToken'
  | 'putInvitation'
  | 'deleteInvitations'
>

/** What is looked up by who somebody is, or by the digest of what they show. */
export function peopleReadsOf(db: Kysely<Schema>): Reads {
  return {
    async operator(user) {
      const query = db.selectFrom('kw_operators').selectAll().where('user', '=', text.encode(user))
      const row = await query.executeTakeFirst()
      return row && operators.toRecord(row)
    },
    async cliToken(digest) {
      const query = db.selectFrom('kw_cli_tokens').selectAll().where('digest', '=', text.encode(digest))
      const row = await query.executeTakeFirst()
      return row && cliTokens.toRecord(row)
    },
    async invitation(digest) {
      const query = db.selectFrom('kw_invitations').selectAll().where('digest', '=', text.encode(digest))
      const row = await query.executeTakeFirst()
      return row && invitations.toRecord(row)
    },
  }
}

/** The same lists for a store and for a transaction of it. */
export function peopleListsOf(session: Session): Lists {
  const { db } = session
  return {
    async operators({ after, limit }) {
      let query = db
        .selectFrom('kw_operators')
        .selectAll()
        .orderBy('user')
        .limit(limit + 1)
      if (after !== undefined) query = query.where('user', '>', text.encode(after))
      const rows = await locking(session, query).execute()
      return pageOf(rows.map(operators.toRecord), limit, ({ user }) => user)
    },
    async cliTokens({ user, ...page }) {
      const all = db.selectFrom('kw_cli_tokens').selectAll()
      const own = user === undefined ? all : all.where('user', '=', text.encode(user))
      return pageById(session, own, cliTokens.toRecord, page)
    },
    async invitations({ organization, ...page }) {
      const own = db
        .selectFrom('kw_invitations')
        .selectAll()
        .where('organization', organization === null ? 'is' : '=', organization && text.encode(organization))
      return pageById(session, own, invitations.toRecord, page)
    },
  }
}

export function peopleOperationsOn(session: Session, isDuplicate: (error: unknown) => boolean): Operations {
  const { db } = session

  /** The database's own error is not passed on: PostgreSQL's quotes the digest. */
  async function uniqueDigest(insert: { execute(): Promise<unknown> }): Promise<void> {
    try {
      await insert.execute()
    } catch (error) {
      throw isDuplicate(error) ? new DuplicateError('digest') : error
    }
  }

  return {
    async cliToken(id) {
      const query = db.selectFrom('kw_cli_tokens').selectAll().where('id', '=', text.encode(id))
      const row = await locking(session, query).executeTakeFirst()
      return row && cliTokens.toRecord(row)
    },
    async invitation(id) {
      const query = db.selectFrom('kw_invitations').selectAll().where('id', '=', text.encode(id))
      const row = await locking(session, query).executeTakeFirst()
      return row && invitations.toRecord(row)
    },
    async openInvitations({ organization, email, at }) {
      const query = db
        .selectFrom('kw_invitations')
        .selectAll()
        .where('organization', organization === null ? 'is' : '=', organization && text.encode(organization))
        .where('email', email === null ? 'is' : '=', email && text.encode(email))
        .where('expires_at', '>', at.getTime())
        .where('accepted_at', 'is', null)
        .where('revoked_at', 'is', null)
        .orderBy('id')
      return (await locking(session, query).execute()).map(invitations.toRecord)
    },
    async putOperator(operator) {
      const { user, ...rest } = operators.toRow(operator)
      await db
        .insertInto('kw_operators')
        .values({ user, ...rest })
        .onConflict((conflict) => conflict.column('user').doUpdateSet(rest))
        .execute()
    },
    async deleteOperator(user) {
      await db.deleteFrom('kw_operators').where('user', '=', text.encode(user)).execute()
    },
    async putCliToken(token) {
      const { id, ...rest } = cliTokens.toRow(token)
      const insert = db.insertInto('kw_cli_tokens').values({ id, ...rest })
      await uniqueDigest(insert.onConflict((conflict) => conflict.column('id').doUpdateSet(rest)))
    },
    async putInvitation(invitation) {
      const { id, ...rest } = invitations.toRow(invitation)
      const insert = db.insertInto('kw_invitations').values({ id, ...rest })
      await uniqueDigest(insert.onConflict((conflict) => conflict.column('id').doUpdateSet(rest)))
    },
    async deleteInvitations({ organization, email }) {
      await db
        .deleteFrom('kw_invitations')
        .where('organization', organization === null ? 'is' : '=', organization && text.encode(organization))
        .where('email', email === null ? 'is' : '=', email && text.encode(email))
        .execute()
    },
  }
}
