import type { Migration } from './migration.ts'

export const nodes: Migration = {
  number: 4,
  name: 'nodes',
  statements: ({ id }) => [
    `create table kw_nodes (
      id ${id} primary key,
      max_staleness_ms bigint not null,
      applied bigint not null,
      heard_at bigint not null
    )`,
    // When a node told that it had applied everything up to a change.
    `create table kw_applied (
      node ${id} not null references kw_nodes (id) on delete cascade,
      number bigint not null,
      at bigint not null,
      primary key (node, number)
    )`,
  ],
}
