import type { Migration } from './migration.ts'

/** Of keys that are there already nobody knows who limited them: what they have goes on taking the place of the rest. */
export const limitsBeside: Migration = {
  number: 13,
  name: 'limits-beside',
  statements: () => ['alter table kw_keys add column limits_beside bigint not null default 0'],
}
