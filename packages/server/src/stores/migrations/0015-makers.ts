import type { Migration } from './migration.ts'

/** Who leaves an organization takes their keys along, and is not to have all of its keys read for them. */
export const makers: Migration = {
  number: 15,
  name: 'makers',
  statements: () => [
    `create index kw_keys_of_maker on kw_keys (created_by, organization, id)
      where created_by is not null and revoked_at is null and deleted_at is null`,
  ],
}
