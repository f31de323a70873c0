import { first } from './0001-first.ts'
import { calls } from './0002-calls.ts'
import { usage } from './0003-usage.ts'
import { nodes } from './0004-nodes.ts'
import { people } from './0005-people.ts'
import { limits } from './0006-limits.ts'
import { stripe } from './0007-stripe.ts'
import { lists } from './0008-lists.ts'
import { search } from './0009-search.ts'
import { peppers } from './0010-peppers.ts'
import { organizations } from './0011-organizations.ts'
import { invitations } from './0012-invitations.ts'
import { limitsBeside } from './0013-limits-beside.ts'
import { stripeEvents } from './0014-stripe-events.ts'
import { makers } from './0015-makers.ts'
import { monthsByAge } from './0016-months-by-age.ts'
import type { Migration } from './migration.ts'

export type { ColumnTypes, Migration } from './migration.ts'

/** Numbered from 1 without gaps, in the order in which they run. */
export const migrations: readonly Migration[] = [
  first,
  calls,
  usage,
  nodes,
  people,
  limits,
  stripe,
  lists,
  search,
  peppers,
  organizations,
  invitations,
  limitsBeside,
  stripeEvents,
  makers,
  monthsByAge,
]

export const migrationsTable = `create table if not exists kw_migrations (
  number bigint primary key,
  name text not null,
  applied_at bigint not null,
  needs bigint not null default 0
)`

/** The database has seen a migration that this version of Keywright does not know. */
export class NewerSchemaError extends Error {
  constructor(applied: number, known: number) {
    super(
      `The database has schema ${applied}, and this version of Keywright knows none above ${known}: start a newer one.`,
    )
    this.name = 'NewerSchemaError'
  }
}

/** Those that a database which has seen `applied` of them has not. Throws `NewerSchemaError`. */
export function pendingAfter(applied: number): readonly Migration[] {
  const known = migrations.length
  if (applied > known) throw new NewerSchemaError(applied, known)
  return migrations.filter(({ number }) => number > applied)
}
