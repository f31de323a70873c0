import type { Migration } from './migration.ts'

export const people: Migration = {
  number: 5,
  name: 'people',
  statements: ({ id }) => [
    `create table kw_operators (
      "user" ${id} primary key,
      created_at bigint not null
    )`,

    `create table kw_cli_tokens (
      id ${id} primary key,
      "user" ${id} not null,
      name text not null,
      digest ${id} not null unique,
      hint text not null,
      created_at bigint not null,
      expires_at bigint not null,
      revoked_at bigint,
      last_used_at bigint
    )`,
    'create index kw_cli_tokens_of_user on kw_cli_tokens ("user", id)',

    `create table kw_invitations (
      id ${id} primary key,
      organization ${id} references kw_organizations (id) on delete cascade,
      role text not null,
      email text,
      digest ${id} not null unique,
      created_by text,
      created_at bigint not null,
      expires_at bigint not null,
      accepted_at bigint,
      revoked_at bigint
    )`,
    'create index kw_invitations_of_organization on kw_invitations (organization, id)',

    `create table kw_device_logins (
      id ${id} primary key,
      device_digest ${id} not null unique,
      user_digest ${id} not null,
      client ${id} not null,
      device text,
      scope text,
      address text,
      created_at bigint not null,
      expires_at bigint not null,
      poll_after bigint not null,
      interval_seconds bigint not null,
      state ${id} not null,
      session ${id},
      "user" ${id}
    )`,
    'create index kw_device_logins_by_user_code on kw_device_logins (user_digest)',
    'create index kw_device_logins_by_age on kw_device_logins (expires_at)',

    `create table kw_attempts (
      name ${id} primary key,
      count bigint not null,
      ends_at bigint not null
    )`,
    'create index kw_attempts_by_age on kw_attempts (ends_at)',
  ],
}
