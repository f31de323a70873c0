import { z } from '@hono/zod-openapi'
import { positionOf, writeCursor } from '../../control/cursor.ts'
import { route } from '../../control/route.ts'
import { instant, pageOf, paging, time } from '../../control/schemas.ts'
import { hourOf } from '../../usage/hour.ts'
import type { CallerSum } from '../../usage/usage-store.ts'
import { keyExample } from './example.ts'
import { findKey } from './find.ts'

const callerSchema = z
  .strictObject({
    version: z.int().openapi({ description: 'Number of the secret version that was presented.' }),
    route: z.string().openapi({ description: 'A pattern, never a path; empty where none was told.' }),
    address: z.string().nullable(),
    userAgent: z.string().nullable(),
    allowed: z.int(),
    refused: z.int(),
    firstSeenAt: time,
    lastSeenAt: time,
  })
  .openapi('KeyCaller')

export const listCallersRoute = route({
  operationId: 'listCallers',
  method: 'get',
  path: '/v1/keys/{key}/callers',
  tag: 'Keys',
  summary: 'List who uses a key',
  description:
    'Who was seen last comes first. With `version`, who still uses that secret. Of a key with very many callers the ' +
    'latest are kept; `dropped` counts what is not.',
  permission: 'manage',
  query: z.strictObject({
    version: z
      .string()
      .regex(/^[1-9]\d{0,5}$/, 'must be the number of a secret version')
      .transform(Number)
      .optional()
      .openapi({ type: 'integer', minimum: 1 }),
    since: instant.optional().openapi({ description: 'From the hour of this time on.' }),
    ...paging,
  }),
  answer: {
    status: 200,
    description: 'A page of callers.',
    schema: pageOf('callers', callerSchema).extend({ dropped: z.int() }),
    example: {
      callers: [
        {
          version: 1,
          route: '/v1/items/**',
          address: '192.0.2.1',
          userAgent: 'curl/8.5.0',
          allowed: 4211,
          refused: 0,
          firstSeenAt: keyExample.createdAt,
          lastSeenAt: '2026-11-20T09:00:00.000Z',
        },
      ],
      nextCursor: null,
      dropped: 0,
    },
  },
  problems: ['not_found'],
  async handle({ params, query, caller, lifecycle: { store }, deps: { usage } }) {
    const { id, organization } = await findKey(store, caller, params.key)
    const { version, limit } = query
    const since = query.since && new Date(hourOf(query.since.getTime()))
    const skip = positionOf(query.cursor) ?? 0
    const all = await usage.callers({ key: id, version, since })
    return {
      callers: all.slice(skip, skip + limit).map(callerView),
      nextCursor: all.length > skip + limit ? writeCursor(String(skip + limit)) : null,
      dropped: await usage.dropped({ organization, key: id, since }, 'callers'),
    }
  },
})

function callerView({ address, userAgent, firstSeenAt, lastSeenAt, ...caller }: CallerSum) {
  return {
    ...caller,
    address: address === '' ? null : address,
    userAgent: userAgent === '' ? null : userAgent,
    firstSeenAt: firstSeenAt.toISOString(),
    lastSeenAt: lastSeenAt.toISOString(),
  }
}
