import type { KeyFilter, KeyState } from '@keywright/core'
import type { Expression, ExpressionBuilder, Kysely, SqlBool } from 'kysely'
import { text } from './codec.ts'
import type { Schema } from './schema.ts'

/** One row more than `limit`, which tells whether there is a next page. */
export function keyQuery(db: Kysely<Schema>, { organization, project, state, now, after, limit }: KeyFilter) {
  if (state !== undefined && now === undefined) throw new TypeError('A filter by `state` needs `now`.')
  return db
    .selectFrom('kw_keys')
    .selectAll()
    .where('deleted_at', 'is', null)
    .where((eb) =>
      eb.and([
        ...(organization === undefined ? [] : [eb('organization', '=', text.encode(organization))]),
        ...(project === undefined ? [] : [eb('project', '=', text.encode(project))]),
        ...(state === undefined || now === undefined ? [] : [isInState(eb, state, now)]),
        ...(after === undefined ? [] : [eb('id', '>', text.encode(after))]),
      ]),
    )
    .orderBy('id')
    .limit(limit + 1)
}

/** `stateAt`, in SQL: each state ends where one that outranks it begins. */
function isInState(eb: ExpressionBuilder<Schema, 'kw_keys'>, state: KeyState, now: Date): Expression<SqlBool> {
  const isExpired = eb('expires_at', '<=', now.getTime())
  const isUnexpired = eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', now.getTime())])
  if (state === 'revoked') return eb('revoked_at', 'is not', null)
  const isUnrevoked = eb('revoked_at', 'is', null)
  if (state === 'expired') return eb.and([isUnrevoked, isExpired])
  return eb.and([isUnrevoked, isUnexpired, eb('suspended_at', state === 'suspended' ? 'is not' : 'is', null)])
}
