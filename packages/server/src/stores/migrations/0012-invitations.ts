import type { Migration } from './migration.ts'

/** Whoever is sent another link has one that holds: found without those that were sent before. */
export const invitations: Migration = {
  number: 12,
  name: 'invitations',
  statements: () => ['create index kw_invitations_of_address on kw_invitations (organization, email, expires_at)'],
}
