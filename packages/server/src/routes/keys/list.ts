import { z } from '@hono/zod-openapi'
import { listReached } from '../../control/list-reached.ts'
import { route } from '../../control/route.ts'
import { id, pageOf, paging } from '../../control/schemas.ts'
import { keyExample } from './example.ts'
import { keySchema, keyStates, keyView } from './view.ts'

export const listKeysRoute = route({
  operationId: 'listKeys',
  method: 'get',
  path: '/v1/keys',
  tag: 'Keys',
  summary: 'List keys',
  description: 'In order of creation, without deleted keys. Keys made while you page are never skipped or shown twice.',
  permission: 'manage',
  query: z.strictObject({
    organization: id.optional(),
    project: id.optional(),
    state: z.enum(keyStates).optional(),
    ...paging,
  }),
  answer: {
    status: 200,
    description: 'A page of keys.',
    schema: pageOf('keys', keySchema),
    example: { keys: [keyExample], nextCursor: null },
  },
  problems: ['not_found'],
  async handle({ query, caller, lifecycle: { store, now }, deps: { usage } }) {
    const { project, state } = query
    const at = now()
    const { items, nextCursor } = await listReached(caller, query, (page) =>
      store.keys({
        ...page,
        ...(project !== undefined && { project }),
        ...(state !== undefined && { state, now: at }),
      }),
    )
    const lastUses = await usage.lastUses(items.map(({ id }) => id))
    return { keys: items.map((key) => keyView(key, at, lastUses)), nextCursor }
  },
})
