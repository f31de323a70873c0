import type { Migration } from './migration.ts'

/** What keys are looked for and ordered by, who acted as columns of the log, and what outlives an organization. */
export const lists: Migration = {
  number: 8,
  name: 'lists',
  statements: ({ id, member, hints, lastHint }) => [
    `create table kw_former_organizations (id ${id} primary key)`,
    `insert into kw_former_organizations (id) select distinct target from kw_changes
      where action = 'organization.deleted' and target not in (select id from kw_organizations)`,

    `alter table kw_keys add column sort_name ${id} not null default ''`,
    `alter table kw_keys add column search ${id} not null default ''`,
    `alter table kw_keys add column hint ${id} not null default ''`,
    `update kw_keys set sort_name = lower(substr(name, 1, 64)), search = lower(substr(name || ' ' || id || ' ' || coalesce(${hints}, ''), 1, 400)),
      hint = coalesce(${lastHint}, '')`,
    // Each list is answered out of one index, states and what is searched for included: a row is read only to be shown.
    'drop index kw_keys_of_organization',
    `create index kw_keys_by_age
      on kw_keys (organization, id, deleted_at, revoked_at, expires_at, suspended_at, project, search)`,
    `create index kw_keys_by_name
      on kw_keys (organization, sort_name, id, deleted_at, revoked_at, expires_at, suspended_at, search)`,
    `create index kw_keys_by_expiry
      on kw_keys (organization, coalesce(expires_at, 9007199254740991), id, deleted_at, revoked_at, expires_at, suspended_at,
        search)`,
    `create index kw_keys_revoked_of_organization on kw_keys (organization, id) where revoked_at is not null`,
    `create index kw_keys_suspended_of_organization on kw_keys (organization, id) where suspended_at is not null`,
    'create index kw_keys_by_hint on kw_keys (hint, id)',

    `alter table kw_last_used add column organization ${id}`,
    'update kw_last_used set organization = (select organization from kw_keys where id = kw_last_used."key")',
    'create index kw_last_used_of_organization on kw_last_used (organization, used_at, "key", version)',

    `alter table kw_changes add column actor ${id} not null default ''`,
    `alter table kw_changes add column triggered_by ${id} not null default ''`,
    `update kw_changes set actor = ${member('entry', 'actor', 'id')},
      triggered_by = ${member('entry', 'actor', 'triggeredBy')}`,
    'drop index kw_changes_of_organization',
    `create index kw_changes_of_organization on kw_changes (organization, number, at, action, triggered_by)`,
    'create index kw_changes_of_actor on kw_changes (actor, number)',
    'create index kw_changes_of_action on kw_changes (action, number)',
    'create index kw_changes_by_trigger on kw_changes (triggered_by, number)',
    'create index kw_changes_by_time on kw_changes (at, number)',

    'create table kw_checkpoint (number bigint not null, hash text not null)',
    `insert into kw_checkpoint (number, hash) values (0, '${'0'.repeat(64)}')`,
  ],
}
