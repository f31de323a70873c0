import type { Kysely } from 'kysely'
import type { Subscription, Subscriptions } from '../stripe/subscriptions.ts'
import { date, optional, text } from './codec.ts'
import type { Schema } from './schema.ts'

export function createSqlSubscriptions({
  db,
  run,
}: {
  db: Kysely<Schema>
  /** Runs a step where it is part of nobody's transaction. */
  run: <T>(step: () => Promise<T>) => Promise<T>
}): Subscriptions {
  return {
    get: (id) =>
      run(async () => {
        const query = db.selectFrom('kw_stripe_subscriptions').selectAll().where('id', '=', text.encode(id))
        const row = await query.executeTakeFirst()
        if (!row) return undefined
        return {
          id,
          organization: optional(text).decode(row.organization),
          isFounded: Number(row.is_founded) === 1,
          plan: optional(text).decode(row.plan),
          state: row.state as Subscription['state'],
          changedAt: date.decode(row.changed_at),
        }
      }),
    put: ({ id, organization, isFounded, plan, state, changedAt }) =>
      run(async () => {
        const row = {
          organization: organization && text.encode(organization),
          is_founded: isFounded ? 1 : 0,
          plan: plan && text.encode(plan),
          state,
          changed_at: changedAt.getTime(),
        }
        await db
          .insertInto('kw_stripe_subscriptions')
          .values({ id: text.encode(id), ...row })
          .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
          .execute()
      }),
  }
}
