import type { Migration } from './migration.ts'

/** What organizations are looked for by. One that a node of an earlier version makes is not found until it is changed. */
export const organizations: Migration = {
  number: 11,
  name: 'organizations',
  statements: ({ id }) => [
    `alter table kw_organizations add column search ${id} not null default ''`,
    `update kw_organizations set search = lower(substr(id || ' ' || name, 1, 400))`,
  ],
}
