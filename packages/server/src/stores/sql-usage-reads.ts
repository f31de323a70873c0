import { type Expression, type Kysely, type RawBuilder, type Selectable, type SqlBool, sql } from 'kysely'
import type { Decision, Verdict } from '../usage/decision.ts'
import type { Dimension, UsageFilter, UsageGroup, UsageStore } from '../usage/usage-store.ts'
import { date, integer, text } from './codec.ts'
import type { RefusalRow, Schema } from './schema.ts'

type Reads = Pick<UsageStore, 'lastUses' | 'usage' | 'refusals' | 'callers' | 'dropped'>

const columns = {
  key: sql.ref('kw_usage.key'),
  version: sql.ref('kw_usage.version'),
  organization: sql.ref('kw_usage.organization'),
  verdict: sql.ref('kw_usage.outcome'),
  route: sql.ref('kw_usage.route'),
} satisfies Record<Dimension, RawBuilder<unknown>>

/** The databases do not agree on where null comes. */
function sortable(dimension: Dimension): RawBuilder<unknown> {
  return dimension === 'organization' ? sql`coalesce(${columns.organization}, '')` : columns[dimension]
}

export async function readMonth(db: Kysely<Schema>, organization: string, month: string): Promise<number> {
  const row = await db
    .selectFrom('kw_months')
    .select('used')
    .where('organization', '=', text.encode(organization))
    .where('month', '=', month)
    .executeTakeFirst()
  return row ? integer.decode(row.used) : 0
}

export function usageReadsOf(db: Kysely<Schema>): Reads {
  return {
    async lastUses(keys) {
      if (keys.length === 0) return []
      const rows = await db
        .selectFrom('kw_last_used')
        .selectAll()
        .where('key', 'in', keys.map(text.encode))
        .orderBy('key')
        .orderBy('version')
        .execute()
      return rows.map(({ key, version, used_at }) => ({
        key: text.decode(key),
        version: integer.decode(version),
        at: date.decode(used_at),
      }))
    },

    async usage({ stepMs, by, skip, limit, ...filter }) {
      const at = sql<number | string>`kw_usage.hour - kw_usage.hour % ${sql.lit(stepMs)}`
      const groups: RawBuilder<unknown>[] = [at, ...by.map((dimension) => columns[dimension])]
      const rows = await db
        .selectFrom('kw_usage')
        .select([at.as('at'), sql<number | string>`sum(kw_usage.count)`.as('count')])
        .select(by.map((dimension) => columns[dimension].as(dimension)))
        .where(() => all(conditions('kw_usage', 'hour', 'outcome', filter)))
        .groupBy(groups)
        .orderBy(sql.join([at, ...by.map(sortable)]))
        .limit(limit)
        .offset(skip)
        .execute()
      return rows.map((row) => groupOf(row as Record<string, unknown>, by))
    },

    async refusals({ before, limit, ...filter }) {
      const rows = await db
        .selectFrom('kw_refusals')
        .selectAll('kw_refusals')
        .where(() => all(conditions('kw_refusals', 'at', 'reason', filter)))
        .$if(before !== undefined, (query) =>
          query.where(({ eb, refTuple, tuple }) =>
            eb(refTuple('at', 'id'), '<', tuple(before?.at.getTime() ?? 0, before?.id ?? '')),
          ),
        )
        .orderBy('at', 'desc')
        .orderBy('id', 'desc')
        .limit(limit)
        .execute()
      return rows.map(decisionOf)
    },

    async callers({ key, version, since }) {
      const rows = await db
        .selectFrom('kw_callers')
        .select(({ fn }) => [
          'version',
          'route',
          'address',
          'user_agent',
          fn.sum<number | string>('allowed').as('allowed'),
          fn.sum<number | string>('refused').as('refused'),
          fn.min<number | string>('first_seen_at').as('first_seen_at'),
          fn.max<number | string>('last_seen_at').as('last_seen_at'),
        ])
        .where('key', '=', text.encode(key))
        .$if(version !== undefined, (query) => query.where('version', '=', version ?? 0))
        .$if(since !== undefined, (query) => query.where('hour', '>=', since?.getTime() ?? 0))
        .groupBy(['version', 'route', 'address', 'user_agent'])
        .orderBy('last_seen_at', 'desc')
        .orderBy('version')
        .orderBy('route')
        .orderBy('address')
        .orderBy('user_agent')
        .execute()
      return rows.map((row) => ({
        version: integer.decode(row.version),
        route: text.decode(row.route),
        address: text.decode(row.address),
        userAgent: text.decode(row.user_agent),
        allowed: integer.decode(Number(row.allowed)),
        refused: integer.decode(Number(row.refused)),
        firstSeenAt: date.decode(row.first_seen_at),
        lastSeenAt: date.decode(row.last_seen_at),
      }))
    },

    async dropped({ organization, key, since, until }, kind) {
      const row = await db
        .selectFrom('kw_dropped')
        .select(({ fn }) => fn.sum<number | string | null>('count').as('count'))
        .where('kind', '=', kind)
        .where(() => all(conditions('kw_dropped', 'hour', null, { organization, key, since, until })))
        .executeTakeFirst()
      return Number(row?.count ?? 0)
    },
  }
}

/** Of any of the tables: each has `key` and `organization`, and calls its instant and its verdict as it likes. */
function conditions(
  table: 'kw_usage' | 'kw_refusals' | 'kw_dropped',
  instant: string,
  verdictColumn: string | null,
  {
    organization,
    project,
    key,
    keys,
    isAllowed,
    verdict,
    since,
    until,
  }: UsageFilter & { keys?: readonly string[] | undefined },
): RawBuilder<SqlBool>[] {
  const column = (name: string) => sql.ref(`${table}.${name}`)
  const found: RawBuilder<SqlBool>[] = []
  if (organization !== undefined) {
    // Keys that are named have less than their organization: its index is not to be taken, which no expression is found by.
    const asked =
      key === undefined && keys === undefined ? column('organization') : sql`coalesce(${column('organization')}, '')`
    found.push(sql`${asked} = ${text.encode(organization)}`)
  }
  if (key !== undefined) found.push(sql`${column('key')} = ${text.encode(key)}`)
  if (keys !== undefined) found.push(sql`${column('key')} in (${sql.join(keys.map(text.encode))})`)
  if (project !== undefined) {
    found.push(sql`${column('key')} in (select id from kw_keys where project = ${text.encode(project)})`)
  }
  if (since !== undefined) found.push(sql`${column(instant)} >= ${since.getTime()}`)
  if (until !== undefined) found.push(sql`${column(instant)} < ${until.getTime()}`)
  if (verdictColumn !== null && isAllowed !== undefined) {
    found.push(isAllowed ? sql`${column(verdictColumn)} = 'allowed'` : sql`${column(verdictColumn)} <> 'allowed'`)
  }
  if (verdictColumn !== null && verdict !== undefined) found.push(sql`${column(verdictColumn)} = ${verdict}`)
  return found
}

function all(found: readonly RawBuilder<SqlBool>[]): Expression<SqlBool> {
  return found.length === 0 ? sql<SqlBool>`1 = 1` : sql<SqlBool>`${sql.join(found, sql` and `)}`
}

function groupOf(row: Record<string, unknown>, by: readonly Dimension[]): UsageGroup {
  const group: UsageGroup = { at: date.decode(row.at), count: integer.decode(row.count) }
  for (const dimension of by) {
    const value = row[dimension]
    if (dimension === 'version') group.version = integer.decode(value)
    else group[dimension] = value === null || (value === '' && dimension === 'key') ? null : text.decode(value)
  }
  return group
}

function decisionOf(row: Selectable<RefusalRow>): Decision {
  const decoded = (value: string | null) => (value === null ? null : text.decode(value))
  return {
    id: row.id,
    at: date.decode(row.at),
    verdict: row.reason as Verdict,
    key: row.key === '' ? null : text.decode(row.key),
    version: row.version === null ? null : integer.decode(row.version),
    organization: decoded(row.organization),
    project: decoded(row.project),
    user: decoded(row.user),
    route: text.decode(row.route),
    method: decoded(row.method),
    address: decoded(row.address),
    userAgent: decoded(row.user_agent),
    requestId: decoded(row.request_id),
  }
}
