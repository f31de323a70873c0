import { z } from '@hono/zod-openapi'
import { findsOrganization } from '@keywright/core'
import { readCursor, writeCursor } from '../../control/cursor.ts'
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
    if (caller.places !== null) {
      const own = await Promise.all([...caller.places.keys()].map((id) => store.organization(id)))
      const found = own.flatMap((one) => (one && (q === undefined || findsOrganization(q, one)) ? [one] : []))
      return { organizations: found.map(organizationView), nextCursor: null }
    }
    const after = readCursor(query.cursor)
    const { items, next } = await store.organizations({
      ...(q !== undefined && { q }),
      ...(after !== undefined && { after }),
      limit: query.limit,
    })
    return { organizations: items.map(organizationView), nextCursor: writeCursor(next) }
  },
})
