import type { ColumnType, Selectable } from 'kysely'

/** Written as a number; PostgreSQL answers a bigint as a string. Instants are milliseconds since the epoch. */
type Integer = ColumnType<number | string, number, number>
type NullableInteger = ColumnType<number | string | null, number | null, number | null>

/** The prefix keeps our tables apart where the database is shared with an application's own. */
export interface Schema {
  kw_organizations: OrganizationRow
  /** Ids that are never given to another: what was recorded of these is still there. */
  kw_former_organizations: { id: string }
  kw_projects: ProjectRow
  kw_members: MemberRow
  kw_keys: KeyRow
  /** One row for each secret version of each key, so that a credential is found by its digest. */
  kw_digests: { digest: string; key: string }
  kw_service_keys: ServiceKeyRow
  kw_operators: OperatorRow
  kw_cli_tokens: CliTokenRow
  kw_invitations: InvitationRow
  kw_device_logins: DeviceLoginRow
  kw_attempts: AttemptRow
  kw_stripe_subscriptions: StripeSubscriptionRow
  kw_changes: ChangeRow
  /** One row. */
  kw_head: { number: Integer; hash: string }
  /** One row: the last change that was pruned. */
  kw_checkpoint: { number: Integer; hash: string }
  kw_calls: CallRow
  kw_usage: UsageRow
  kw_callers: CallerRow
  kw_refusals: RefusalRow
  /** What the caps of the others have cost. */
  kw_dropped: DroppedRow
  kw_last_used: { key: string; version: Integer; used_at: Integer; organization: string | null }
  kw_nodes: { id: string; max_staleness_ms: Integer; applied: Integer; heard_at: Integer; peppers: string | null }
  kw_peppers: { id: string; fingerprint: string }
  kw_limits: { name: string; ledger: string; free_at: Integer }
  kw_applied: { node: string; number: Integer; at: Integer }
  kw_months: { organization: string; month: string; used: Integer }
}

/** `key` is '' where no secret matched. */
export interface UsageRow {
  key: string
  hour: Integer
  version: Integer
  /** `allowed` or the reason of the denial. */
  outcome: string
  route: string
  organization: string | null
  count: Integer
}

export interface CallerRow {
  key: string
  hour: Integer
  version: Integer
  route: string
  address: string
  user_agent: string
  organization: string
  allowed: Integer
  refused: Integer
  first_seen_at: Integer
  last_seen_at: Integer
}

export interface RefusalRow {
  id: string
  at: Integer
  reason: string
  key: string
  version: NullableInteger
  organization: string | null
  project: string | null
  user: string | null
  route: string
  method: string | null
  address: string | null
  user_agent: string | null
  request_id: string | null
}

export interface DroppedRow {
  key: string
  hour: Integer
  kind: string
  organization: string | null
  count: Integer
}

export interface OrganizationRow {
  id: string
  name: string
  plan: string | null
  namespaces: string | null
  monthly_quota: NullableInteger
  state: string
  search: string
  created_at: Integer
}

export interface ProjectRow {
  id: string
  organization: string
  name: string
  created_at: Integer
}

export interface MemberRow {
  organization: string
  user: string
  role: string
  created_at: Integer
}

export interface KeyRow {
  id: string
  organization: string
  project: string | null
  created_by: string | null
  name: string
  kind: string
  environment: string
  permissions: string | null
  namespaces: string | null
  allowed_ips: string | null
  limits: string | null
  limits_beside: Integer
  metadata: string
  created_at: Integer
  expires_at: NullableInteger
  suspended_at: NullableInteger
  revoked_at: NullableInteger
  revoked_reason: string | null
  deleted_at: NullableInteger
  /** What lists are ordered by and keys are found by; derived of the others, and never read back. */
  sort_name: string
  search: string
  hint: string
  /** In the key's own row: what locks a key locks its versions, and one read never mixes two states of it. */
  versions: string
}

export interface ServiceKeyRow {
  id: string
  name: string
  digest: string
  hint: string
  permissions: string
  organization: string | null
  created_at: Integer
  revoked_at: NullableInteger
}

export interface OperatorRow {
  user: string
  created_at: Integer
}

export interface CliTokenRow {
  id: string
  user: string
  name: string
  digest: string
  hint: string
  created_at: Integer
  expires_at: Integer
  revoked_at: NullableInteger
  last_used_at: NullableInteger
}

export interface InvitationRow {
  id: string
  organization: string | null
  role: string
  email: string | null
  digest: string
  created_by: string | null
  created_at: Integer
  expires_at: Integer
  accepted_at: NullableInteger
  revoked_at: NullableInteger
}

/** A machine that waits for a person to let it in. */
export interface DeviceLoginRow {
  id: string
  device_digest: string
  user_digest: string
  client: string
  device: string | null
  scope: string | null
  address: string | null
  created_at: Integer
  expires_at: Integer
  /** The machine may ask from then on. */
  poll_after: Integer
  interval_seconds: Integer
  state: string
  /** Of the person who looked at it first. */
  session: string | null
  user: string | null
}

/** How often something was tried that one may not try for ever. */
export interface AttemptRow {
  name: string
  count: Integer
  ends_at: Integer
}

/** `is_founded` is 0 or 1. */
export interface StripeSubscriptionRow {
  id: string
  organization: string | null
  is_founded: Integer
  plan: string | null
  state: string | null
  changed_at: Integer
  /** JSON; null: of an earlier version. */
  latest_events: string | null
}

export interface ChangeRow {
  number: Integer
  hash: string
  /** Exactly what was hashed; the columns below repeat parts of it for the sake of indexes, and are not believed. */
  entry: string
  at: Integer
  organization: string | null
  target: string
  action: string
  actor: string
  triggered_by: string
}

/** A call with an `Idempotency-Key`. */
export interface CallRow {
  id: string
  caller: string
  route: string
  name: string
  fingerprint: string
  since: Integer
  created_at: Integer
  claimed_at: Integer
  /** The process that carries it out now, and by which claim; null once it is done. */
  holder: string | null
  target: string | null
  version: NullableInteger
}

/** A key, without what it is found by in lists, joined with what verification asks about it. */
export interface FoundRow extends Omit<Selectable<KeyRow>, 'sort_name' | 'search' | 'hint'> {
  read_at: number | string
  read_hash: string
  organization_id: string
  organization_name: string
  organization_plan: string | null
  organization_namespaces: string | null
  organization_monthly_quota: number | string | null
  organization_state: string
  organization_created_at: number | string
  maker_organization: string | null
  maker_user: string | null
  maker_role: string | null
  maker_created_at: number | string | null
}
