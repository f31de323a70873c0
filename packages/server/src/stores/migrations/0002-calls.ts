import type { Migration } from './migration.ts'

export const calls: Migration = {
  number: 2,
  name: 'calls',
  statements: ({ id }) => [
    `create table kw_calls (
      id ${id} primary key,
      caller ${id} not null,
      route ${id} not null,
      name ${id} not null,
      fingerprint text not null,
      since bigint not null,
      created_at bigint not null,
      claimed_at bigint not null,
      holder text,
      target text,
      version bigint,
      unique (caller, route, name)
    )`,
    'create index kw_calls_by_age on kw_calls (created_at)',
  ],
}
