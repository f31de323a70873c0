import type { Kysely } from 'kysely'
import type { Schema } from './schema.ts'

/**
 * By name, each of them: of `*` in a prepared statement PostgreSQL refuses to run what a newer version has added a column
 * to, for as long as the connection lasts.
 */
const keyColumns = [
  'id',
  'organization',
  'project',
  'created_by',
  'name',
  'kind',
  'environment',
  'permissions',
  'namespaces',
  'allowed_ips',
  'limits',
  'limits_beside',
  'metadata',
  'created_at',
  'expires_at',
  'suspended_at',
  'revoked_at',
  'revoked_reason',
  'deleted_at',
  'versions',
] as const

/** A key with its organization, its maker's membership and the last change: one statement, one snapshot. */
export function foundQuery(db: Kysely<Schema>) {
  return db
    .selectFrom('kw_keys')
    .innerJoin('kw_organizations', 'kw_organizations.id', 'kw_keys.organization')
    .leftJoin('kw_members', (join) =>
      join
        .onRef('kw_members.organization', '=', 'kw_keys.organization')
        .onRef('kw_members.user', '=', 'kw_keys.created_by'),
    )
    .innerJoin('kw_head', (join) => join.onTrue())
    .select(keyColumns.map((name) => `kw_keys.${name}` as const))
    .select([
      'kw_head.number as read_at',
      'kw_head.hash as read_hash',
      'kw_organizations.id as organization_id',
      'kw_organizations.name as organization_name',
      'kw_organizations.plan as organization_plan',
      'kw_organizations.namespaces as organization_namespaces',
      'kw_organizations.monthly_quota as organization_monthly_quota',
      'kw_organizations.state as organization_state',
      'kw_organizations.created_at as organization_created_at',
      'kw_members.organization as maker_organization',
      'kw_members.user as maker_user',
      'kw_members.role as maker_role',
      'kw_members.created_at as maker_created_at',
    ])
}

/**
 * The same, by the digest of any of its secret versions. A subquery and no join: a parameter beside the columns of a
 * table with a partial index makes SQLite prepare the statement anew each time it is run, ten times its own cost.
 */
export function foundByDigestQuery(db: Kysely<Schema>, digest: string) {
  return foundQuery(db).where('kw_keys.id', '=', (eb) =>
    eb.selectFrom('kw_digests').select('key').where('digest', '=', digest),
  )
}
