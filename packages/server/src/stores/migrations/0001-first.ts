import type { Migration } from './migration.ts'

export const first: Migration = {
  number: 1,
  name: 'first',
  statements: ({ id }) => [
    `create table kw_organizations (
      id ${id} primary key,
      name text not null,
      plan text,
      namespaces text,
      monthly_quota bigint,
      state text not null,
      created_at bigint not null
    )`,

    `create table kw_projects (
      id ${id} primary key,
      organization ${id} not null references kw_organizations (id) on delete cascade,
      name text not null,
      created_at bigint not null
    )`,
    'create index kw_projects_of_organization on kw_projects (organization, id)',

    `create table kw_members (
      organization ${id} not null references kw_organizations (id) on delete cascade,
      "user" ${id} not null,
      role text not null,
      created_at bigint not null,
      primary key (organization, "user")
    )`,
    'create index kw_members_of_user on kw_members ("user", organization)',

    `create table kw_keys (
      id ${id} primary key,
      organization ${id} not null references kw_organizations (id) on delete cascade,
      project ${id} references kw_projects (id) on delete cascade,
      created_by text,
      name text not null,
      kind text not null,
      environment text not null,
      permissions text,
      namespaces text,
      allowed_ips text,
      limits text,
      metadata text not null,
      created_at bigint not null,
      expires_at bigint,
      suspended_at bigint,
      revoked_at bigint,
      revoked_reason text,
      deleted_at bigint,
      versions text not null
    )`,
    // A list by state is filtered within these, without a look at the keys it passes over.
    `create index kw_keys_of_organization
      on kw_keys (organization, id, deleted_at, revoked_at, expires_at, suspended_at)`,
    'create index kw_keys_revoked on kw_keys (id) where revoked_at is not null',
    'create index kw_keys_suspended on kw_keys (id) where suspended_at is not null',
    'create index kw_keys_expiring on kw_keys (id, expires_at, revoked_at) where expires_at is not null',
    'create index kw_keys_of_project on kw_keys (project, id) where project is not null',

    `create table kw_digests (
      digest ${id} primary key,
      "key" ${id} not null references kw_keys (id) on delete cascade
    )`,
    'create index kw_digests_of_key on kw_digests ("key")',

    `create table kw_service_keys (
      id ${id} primary key,
      name text not null,
      digest ${id} not null unique,
      hint text not null,
      permissions text not null,
      organization ${id} references kw_organizations (id) on delete cascade,
      created_at bigint not null,
      revoked_at bigint
    )`,
    'create index kw_service_keys_of_organization on kw_service_keys (organization, id)',

    `create table kw_changes (
      number bigint primary key,
      hash text not null,
      entry text not null,
      at bigint not null,
      organization ${id},
      target ${id} not null,
      action text not null
    )`,
    'create index kw_changes_of_organization on kw_changes (organization, number)',
    'create index kw_changes_of_target on kw_changes (target, number)',

    'create table kw_head (number bigint not null, hash text not null)',
    `insert into kw_head (number, hash) values (0, '${'0'.repeat(64)}')`,
  ],
}
