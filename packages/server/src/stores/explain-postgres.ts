import { DatabaseError } from 'pg'
import { PepperError } from '../peppers/agreement.ts'
import { NewerSchemaError } from './migrations/index.ts'
import { UnfitDatabaseError } from './unfit-database-error.ts'

const advice: readonly [code: RegExp, message: string, hint: string][] = [
  [/^28/, 'PostgreSQL refuses the user or the password', 'Check both in --database or KEYWRIGHT_DATABASE_URL.'],
  [/^3D000/, 'PostgreSQL has no such database', 'Make it with `createdb`, or correct --database.'],
  [/^3F000/, 'PostgreSQL has no schema for the tables', 'Make one that search_path names, or correct search_path.'],
  [
    /^42501/,
    'The user may not do there what it has to',
    'Grant it what it lacks: CREATE on the schema to make tables or bring them up to date, all on those there are to use them.',
  ],
  [/^25006/, 'The database takes no changes', 'Turn default_transaction_read_only off for it, or name the primary.'],
]

/** What only a person can put right, and how; null where the database may be there a moment later. */
export function explainPostgres(error: unknown): { message: string; hint: string } | null {
  if (error instanceof NewerSchemaError) {
    return { message: error.message, hint: 'Or restore a backup from before the upgrade.' }
  }
  if (error instanceof PepperError || error instanceof UnfitDatabaseError) return error
  if (!(error instanceof DatabaseError)) return null
  const known = advice.find(([code]) => code.test(error.code ?? ''))
  return known ? { message: `${known[1]}: ${error.message}.`, hint: known[2] } : null
}
