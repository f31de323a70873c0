import type { Migration } from './migration.ts'

/**
 * What is recorded of verifications. It goes with its organization, whose name another may take. Only what is kept for
 * as long as the key itself refers to the key: the rest must not wait for whoever has locked that. '' where a primary
 * key would hold null.
 */
export const usage: Migration = {
  number: 3,
  name: 'usage',
  statements: ({ id }) => [
    `create table kw_usage (
      "key" ${id} not null,
      hour bigint not null,
      version bigint not null,
      outcome ${id} not null,
      route ${id} not null,
      organization ${id} references kw_organizations (id) on delete cascade,
      count bigint not null,
      primary key ("key", hour, version, outcome, route)
    )`,
    'create index kw_usage_of_organization on kw_usage (organization, hour)',
    'create index kw_usage_by_hour on kw_usage (hour)',

    `create table kw_callers (
      "key" ${id} not null,
      hour bigint not null,
      version bigint not null,
      route ${id} not null,
      address ${id} not null,
      user_agent ${id} not null,
      organization ${id} not null references kw_organizations (id) on delete cascade,
      allowed bigint not null,
      refused bigint not null,
      first_seen_at bigint not null,
      last_seen_at bigint not null,
      primary key ("key", hour, version, route, address, user_agent)
    )`,
    'create index kw_callers_of_organization on kw_callers (organization)',
    'create index kw_callers_by_hour on kw_callers (hour)',

    `create table kw_refusals (
      id ${id} primary key,
      at bigint not null,
      reason ${id} not null,
      "key" ${id} not null,
      version bigint,
      organization ${id} references kw_organizations (id) on delete cascade,
      project ${id},
      "user" ${id},
      route text not null,
      method text,
      address text,
      user_agent text,
      request_id text
    )`,
    'create index kw_refusals_by_age on kw_refusals (at, id)',
    'create index kw_refusals_of_organization on kw_refusals (organization, at, id)',
    'create index kw_refusals_of_key on kw_refusals ("key", at, id)',

    `create table kw_dropped (
      "key" ${id} not null,
      hour bigint not null,
      kind ${id} not null,
      organization ${id} references kw_organizations (id) on delete cascade,
      count bigint not null,
      primary key ("key", hour, kind)
    )`,
    'create index kw_dropped_of_organization on kw_dropped (organization)',
    'create index kw_dropped_by_hour on kw_dropped (hour)',

    `create table kw_last_used (
      "key" ${id} not null references kw_keys (id) on delete cascade,
      version bigint not null,
      used_at bigint not null,
      primary key ("key", version)
    )`,

    `create table kw_months (
      organization ${id} not null references kw_organizations (id) on delete cascade,
      month ${id} not null,
      used bigint not null,
      primary key (organization, month)
    )`,
  ],
}
