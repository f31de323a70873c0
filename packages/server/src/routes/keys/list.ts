import { z } from '@hono/zod-openapi'
import { type KeyFilter, type KeyRecord, type Page, readPosition } from '@keywright/core'
import { notOurs } from '../../control/cursor.ts'
import { listReached } from '../../control/list-reached.ts'
import { invalid } from '../../control/problem.ts'
import { route } from '../../control/route.ts'
import { id, line, pageOf, paging } from '../../control/schemas.ts'
import { readUsePosition } from '../../usage/use-position.ts'
import { keyExample } from './example.ts'
import { keySchema, keyStates, keyView } from './view.ts'

const orders = ['created', 'name', 'lastUsed', 'expires'] as const

export const listKeysRoute = route({
  operationId: 'listKeys',
  method: 'get',
  path: '/v1/keys',
  tag: 'Keys',
  summary: 'List keys',
  description:
    'Without deleted keys. Keys made while you page are never skipped or shown twice. Who has several organizations ' +
    'gets one after the other, unless they name one. A page of a search may hold fewer keys than asked for, or none, ' +
    'and go on by its cursor all the same.',
  permission: 'manage',
  query: z.strictObject({
    organization: id.optional(),
    project: id.optional(),
    state: z.enum(keyStates).optional(),
    q: line(100)
      .optional()
      .openapi({
        description:
          'The beginning of an id (`key_…`), or a part of the name or of what people may see of a secret. Among all ' +
          'organizations: the beginning of an id, or all that people may see of a secret.',
      }),
    order: z
      .enum(orders)
      .default('created')
      .openapi({
        description:
          'Without one organization, `created` alone. Keys that never expire come after all that do; those that were ' +
          'never used count as used longest ago.',
      }),
    direction: z.enum(['asc', 'desc']).default('asc'),
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
    const { project, state, q, order } = query
    const at = now()
    const filter = {
      ...(project !== undefined && { project }),
      ...(state !== undefined && { state, now: at }),
      ...(q !== undefined && { q }),
      descending: query.direction === 'desc',
    }
    const list = (page: Pick<KeyFilter, 'organization' | 'after' | 'limit'>): Promise<Page<KeyRecord>> => {
      const { organization, after } = page
      if (organization === undefined && order !== 'created') throw organizationMissing(`order=${order}`)
      if (order === 'lastUsed') {
        if (after !== undefined && !readUsePosition(after)) throw notOurs()
        return usage.keysByUse({ ...filter, ...page, organization: organization as string })
      }
      if (after !== undefined && !readPosition(order, after)) throw notOurs()
      if (organization === undefined && q !== undefined && !/^key_|…/i.test(q)) {
        throw organizationMissing('q, unless it is the beginning of an id or what is shown of a secret,')
      }
      return store.keys({ ...filter, ...page, order })
    }
    const { items, nextCursor } = await listReached(caller, query, list)
    const lastUses = await usage.lastUses(items.map(({ id }) => id))
    return { keys: items.map((key) => keyView(key, at, lastUses)), nextCursor }
  },
})

function organizationMissing(what: string) {
  return invalid([{ field: 'organization', message: `is missing: ${what} needs one` }])
}
