import { z } from '@hono/zod-openapi'
import { readCursor, writeCursor } from '../../control/cursor.ts'
import { route } from '../../control/route.ts'
import { pageOf, paging } from '../../control/schemas.ts'
import { organizationExample, organizationSchema, organizationView } from './view.ts'

export const listOrganizationsRoute = route({
  operationId: 'listOrganizations',
  method: 'get',
  path: '/v1/organizations',
  tag: 'Organizations',
  summary: 'List organizations',
  permission: 'manage',
  query: z.strictObject(paging),
  answer: {
    status: 200,
    description: 'A page of organizations.',
    schema: pageOf('organizations', organizationSchema),
    example: { organizations: [organizationExample], nextCursor: null },
  },
  problems: [],
  async handle({ query, caller, lifecycle: { store } }) {
    if (caller.places !== null) {
      const own = await Promise.all([...caller.places.keys()].map((id) => store.organization(id)))
      return { organizations: own.flatMap((one) => (one ? [organizationView(one)] : [])), nextCursor: null }
    }
    const after = readCursor(query.cursor)
    const { items, next } = await store.organizations({ ...(after !== undefined && { after }), limit: query.limit })
    return { organizations: items.map(organizationView), nextCursor: writeCursor(next) }
  },
})
