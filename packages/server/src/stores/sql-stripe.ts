import type { Subscription, Subscriptions } from '../stripe/subscriptions.ts'
import { date, json, optional, text } from './codec.ts'
import { locking, sessionOf } from './session.ts'

const ids = optional(json<readonly string[]>())

export const sqlSubscriptions: Subscriptions = {
  async take(transaction, id) {
    const session = sessionOf(transaction)
    const blank = { organization: null, is_founded: 0, plan: null, state: null, changed_at: 0, latest_events: null }
    // What is not there cannot be locked, and of the first two events of a subscription one has to wait as well.
    await session.db
      .insertInto('kw_stripe_subscriptions')
      .values({ id: text.encode(id), ...blank })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    const query = session.db.selectFrom('kw_stripe_subscriptions').selectAll().where('id', '=', text.encode(id))
    const row = await locking(session, query).executeTakeFirstOrThrow()
    return {
      id,
      organization: Number(row.is_founded) === 1 ? optional(text).decode(row.organization) : null,
      plan: optional(text).decode(row.plan),
      state: row.state as Subscription['state'],
      changedAt: date.decode(row.changed_at),
      latestEvents: ids.decode(row.latest_events) ?? [],
    }
  },
  async put(transaction, { id, organization, plan, state, changedAt, latestEvents }) {
    await sessionOf(transaction)
      .db.updateTable('kw_stripe_subscriptions')
      .set({
        organization: organization && text.encode(organization),
        is_founded: organization === null ? 0 : 1,
        plan: plan && text.encode(plan),
        state,
        changed_at: changedAt.getTime(),
        latest_events: JSON.stringify(latestEvents),
      })
      .where('id', '=', text.encode(id))
      .execute()
  },
}
