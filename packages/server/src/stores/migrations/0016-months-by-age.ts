import type { Migration } from './migration.ts'

/** What is no longer kept is looked for each minute, and not among all months of all organizations. */
export const monthsByAge: Migration = {
  number: 16,
  name: 'months-by-age',
  statements: () => ['create index kw_months_by_age on kw_months (month)'],
}
