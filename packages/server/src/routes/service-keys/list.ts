import { z } from '@hono/zod-openapi'
import { pageAsked, writeCursor } from '../../control/cursor.ts'
import { organizationFilter } from '../../control/reach.ts'
import { route } from '../../control/route.ts'
import { pageOf, paging } from '../../control/schemas.ts'
import { serviceKeyExample, serviceKeySchema, serviceKeyView } from './view.ts'

export const listServiceKeysRoute = route({
  operationId: 'listServiceKeys',
  method: 'get',
  path: '/v1/service-keys',
  tag: 'Service keys',
  summary: 'List service keys',
  description: 'Revoked ones too. The one the server was started with is in no list.',
  permission: '*',
  query: z.strictObject(paging),
  answer: {
    status: 200,
    description: 'A page of service keys.',
    schema: pageOf('serviceKeys', serviceKeySchema),
    example: { serviceKeys: [serviceKeyExample], nextCursor: null },
  },
  problems: [],
  async handle({ query, caller, lifecycle: { store } }) {
    const { items, next } = await store.serviceKeys({ ...pageAsked(query), ...organizationFilter(caller, undefined) })
    return { serviceKeys: items.map(serviceKeyView), nextCursor: writeCursor(next) }
  },
})
