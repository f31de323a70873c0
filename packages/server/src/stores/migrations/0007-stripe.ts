import type { Migration } from './migration.ts'

export const stripe: Migration = {
  number: 7,
  name: 'stripe',
  statements: ({ id }) => [
    `create table kw_stripe_subscriptions (
      id ${id} primary key,
      organization ${id},
      is_founded bigint not null,
      plan text,
      state ${id},
      changed_at bigint not null
    )`,
  ],
}
