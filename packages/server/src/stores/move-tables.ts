/** A table that moves, and what its rows are ordered by. Numbers are compared as numbers. */
export interface MovedTable {
  name: string
  key: readonly string[]
  numbers: readonly string[]
}

function table(name: string, key: readonly string[], numbers: readonly string[] = []): MovedTable {
  return { name, key, numbers }
}

/**
 * Whose rows change together with the head alone. In an order in which each finds what it refers to, as the next ones.
 * The checkpoint and the head come last and by themselves: they are what makes the copy the truth.
 */
export const loggedTables: readonly MovedTable[] = [
  table('kw_organizations', ['id']),
  table('kw_former_organizations', ['id']),
  table('kw_projects', ['id']),
  table('kw_members', ['organization', 'user']),
  table('kw_keys', ['id']),
  table('kw_digests', ['digest']),
  table('kw_service_keys', ['id']),
  table('kw_operators', ['user']),
  table('kw_changes', ['number'], ['number']),
]

/** Whose rows change without a trace. What lasts for minutes stays behind: logins of devices, counts of attempts, limits. */
export const unloggedTables: readonly MovedTable[] = [
  table('kw_cli_tokens', ['id']),
  table('kw_invitations', ['id']),
  table('kw_calls', ['id']),
  table('kw_usage', ['key', 'hour', 'version', 'outcome', 'route'], ['hour', 'version']),
  table('kw_callers', ['key', 'hour', 'version', 'route', 'address', 'user_agent'], ['hour', 'version']),
  table('kw_refusals', ['id']),
  table('kw_dropped', ['key', 'hour', 'kind'], ['hour']),
  table('kw_last_used', ['key', 'version'], ['version']),
  table('kw_months', ['organization', 'month']),
  table('kw_stripe_subscriptions', ['id']),
  table('kw_peppers', ['id']),
]

/** Accounts and sessions, whose tables another library makes; likewise. */
export const peopleTables: readonly MovedTable[] = [
  table('kw_people', ['id']),
  table('kw_accounts', ['id']),
  table('kw_sessions', ['id']),
  table('kw_second_factors', ['id']),
  table('kw_passkeys', ['id']),
]
