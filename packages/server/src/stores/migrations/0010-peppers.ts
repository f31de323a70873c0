import type { Migration } from './migration.ts'

/** By which a node that was given other peppers is told from the rest. */
export const peppers: Migration = {
  number: 10,
  name: 'peppers',
  statements: ({ id }) => [
    `create table kw_peppers (
      id ${id} primary key,
      fingerprint text not null
    )`,
    // null: of a node that does not tell.
    'alter table kw_nodes add column peppers text',
  ],
}
