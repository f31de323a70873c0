import { z } from '@hono/zod-openapi'
import { pageOf as cutPage, findsOrganization, type OrganizationRecord, type Page, type Store } from '@keywright/core'
import { pageAsked, writeCursor } from '../../control/cursor.ts'
import { route } from '../../control/route.ts'
import { line, pageOf, paging } from '../../control/schemas.ts'
import { organizationExample, organizationSchema, organizationView } from './view.ts'

export const listOrganizationsRoute = route({
  operationId: 'listOrganizations',
  method: 'get',
  path: '/v1/organizations',
  tag: 'Organizations',
  summary: 'List organizations',
  permission: 'manage',
  query: z.strictObject({
    q: line(100).optional().openapi({ description: 'A part of the name or of the id, in any case.' }),
    ...paging,
  }),
  answer: {
    status: 200,
    description: 'A page of organizations.',
    schema: pageOf('organizations', organizationSchema),
    example: { organizations: [organizationExample], nextCursor: null },
  },
  problems: [],
  async handle({ query, caller, lifecycle: { store } }) {
    const { q } = query
    const asked = { ...(q !== undefined && { q }), ...pageAsked(query) }
    const { items, next } = await (caller.places === null
      ? store.organizations(asked)
      : listOwn(store, [...caller.places.keys()], asked))
    return { organizations: items.map(organizationView), nextCursor: writeCursor(next) }
  },
})

async function listOwn(
  store: Store,
  ids: readonly string[],
  { q, after = '', limit }: Parameters<Store['organizations']>[0],
): Promise<Page<OrganizationRecord>> {
  const ahead = ids.filter((id) => id > after).sort()
  const own = await Promise.all(ahead.map((id) => store.organization(id)))
  const found = own.flatMap((one) => (one && (q === undefined || findsOrganization(q, one)) ? [one] : []))
  return cutPage(found, limit, ({ id }) => id)
}
