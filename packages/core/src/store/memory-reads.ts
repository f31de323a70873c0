import type { Head } from '../audit/chain.ts'
import { type KeyRecord, stateAt } from '../key/record.ts'
import { findsOrganization, hintOf, looksLikeId, searchTextOf } from '../key/search.ts'
import { comparePositions, type KeyPosition, positionIn, positionOf, writePosition } from './key-order.ts'
import type { Table, Tables } from './memory-table.ts'
import { memberCursor, pageOf } from './page.ts'
import type { MemberRecord, OrganizationRecord } from './records.ts'
import type { FoundKey, KeyFilter, Page, Store } from './store.ts'

/** The same reads for what is committed and for a transaction's draft. */
export function readsOf(tables: Tables) {
  return {
    key: async (id) => tables.keys.get(id),
    keys: async (filter) => keyPage(tables.keys, filter),
    organization: async (id) => tables.organizations.get(id),
    organizations: async ({ q, ...filter }) => {
      const matches = (one: OrganizationRecord) => q === undefined || findsOrganization(q, one)
      return page(tables.organizations, filter, matches, idOf)
    },
    project: async (id) => tables.projects.get(id),
    projects: async (filter) => page(tables.projects, filter, ofOrganization(filter.organization), idOf),
    member: async (organization, user) => tables.members.get(memberCursor({ organization, user })),
    members: async ({ user, ...filter }) => {
      const isOfOrganization = ofOrganization(filter.organization)
      const matches = (member: MemberRecord) => isOfOrganization(member) && (user === undefined || member.user === user)
      return page(tables.members, filter, matches, memberCursor)
    },
    serviceKeys: async (filter) => page(tables.serviceKeys, filter, ofOrganization(filter.organization), idOf),
    operator: async (user) => tables.operators.get(user),
    operators: async (filter) =>
      page(
        tables.operators,
        filter,
        () => true,
        ({ user }) => user,
      ),
    cliTokens: async ({ user, ...filter }) =>
      page(tables.cliTokens, filter, (token) => user === undefined || token.user === user, idOf),
    invitations: async ({ organization, ...filter }) =>
      page(tables.invitations, filter, (invitation) => invitation.organization === organization, idOf),
  } satisfies Partial<Store>
}

/** Everything verification holds about `key`. */
export function foundIn(tables: Tables, key: KeyRecord | undefined, { number, hash }: Head): FoundKey | undefined {
  const organization = key && tables.organizations.get(key.organization)
  if (!key || !organization) return undefined
  const maker =
    key.createdBy === null
      ? undefined
      : tables.members.get(memberCursor({ organization: organization.id, user: key.createdBy }))
  return { key, organization, maker: maker ?? null, readAt: number, readHash: hash }
}

function keyPage(table: Table<KeyRecord>, filter: KeyFilter): Page<KeyRecord> {
  const { order = 'created', descending = false, after, limit } = filter
  const start = after === undefined ? null : positionOf(order, after)
  const forward = descending ? -1 : 1
  const compare = (a: KeyPosition, b: KeyPosition) => forward * comparePositions(a, b)
  const rows = table
    .list(keyMatcher(filter), { limit: Number.POSITIVE_INFINITY })
    .map((key) => ({ key, position: positionIn(order, key) }))
    .filter(({ position }) => start === null || compare(position, start) > 0)
    .sort((a, b) => compare(a.position, b.position))
  return pageOf(
    rows.map(({ key }) => key),
    limit,
    (key) => writePosition(positionIn(order, key)),
  )
}

function isFoundBy(q: string, key: KeyRecord, within: string | undefined): boolean {
  const text = q.toLowerCase()
  if (looksLikeId(q) && key.id.startsWith(text)) return true
  return within === undefined ? hintOf(key) === q : searchTextOf(key).includes(text)
}

function keyMatcher({
  organization,
  project,
  createdBy,
  state,
  now,
  isRevoked,
  q,
}: KeyFilter): (key: KeyRecord) => boolean {
  if (state !== undefined && now === undefined) throw new TypeError('A filter by `state` needs `now`.')
  return (key) =>
    (q === undefined || isFoundBy(q, key, organization)) &&
    key.deletedAt === null &&
    (organization === undefined || key.organization === organization) &&
    (project === undefined || key.project === project) &&
    (createdBy === undefined || key.createdBy === createdBy) &&
    (state === undefined || now === undefined || stateAt(key, now) === state) &&
    (isRevoked === undefined || key.revokedAt === null)
}

function ofOrganization(organization: string | undefined): (row: { organization: string | null }) => boolean {
  return (row) => organization === undefined || row.organization === organization
}

function idOf(row: { id: string }): string {
  return row.id
}

function page<T>(
  table: Table<T>,
  { after, limit }: { after?: string; limit: number },
  matches: (row: T) => boolean,
  cursorOf: (row: T) => string,
): Page<T> {
  const from = after === undefined ? {} : { after }
  return pageOf(table.list(matches, { ...from, limit: limit + 1 }), limit, cursorOf)
}
