import type { Migration } from './migration.ts'

/**
 * A search that finds nothing reads all keys of an organization, so the index holds as little as will do: no deleted keys,
 * and no id a second time. Nodes of an earlier version go on as they are; a key that one writes is found by a part of its
 * id, too.
 */
export const search: Migration = {
  number: 9,
  name: 'search',
  statements: () => [
    `update kw_keys set search = replace(search, ' ' || id, '')`,
    'drop index kw_keys_by_age',
    `create index kw_keys_by_age
      on kw_keys (organization, id, search, revoked_at, expires_at, suspended_at, project) where deleted_at is null`,
    'drop index kw_keys_by_name',
    `create index kw_keys_by_name
      on kw_keys (organization, sort_name, id, search, revoked_at, expires_at, suspended_at) where deleted_at is null`,
    // Over deleted keys too: this is also what finds all keys of an organization that is deleted.
    'drop index kw_keys_by_expiry',
    `create index kw_keys_by_expiry
      on kw_keys (organization, coalesce(expires_at, 9007199254740991), id, search, deleted_at, revoked_at, expires_at,
        suspended_at)`,
    // Deleting revokes, and a list of revoked keys is not to pass over all that are deleted.
    ...['revoked', 'suspended'].flatMap((state) => {
      const where = `where ${state}_at is not null and deleted_at is null`
      return [
        `drop index kw_keys_${state}`,
        `create index kw_keys_${state} on kw_keys (id) ${where}`,
        `drop index kw_keys_${state}_of_organization`,
        `create index kw_keys_${state}_of_organization on kw_keys (organization, id) ${where}`,
        `create index kw_keys_${state}_by_name on kw_keys (organization, sort_name, id) ${where}`,
      ]
    }),
  ],
}
