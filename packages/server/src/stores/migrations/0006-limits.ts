import type { Migration } from './migration.ts'

export const limits: Migration = {
  number: 6,
  name: 'limits',
  statements: ({ id }) => [
    // What is spent of one limit by one subject; its name is a digest.
    `create table kw_limits (
      name ${id} primary key,
      ledger text not null,
      free_at bigint not null
    )`,
    'create index kw_limits_by_end on kw_limits (free_at)',
  ],
}
