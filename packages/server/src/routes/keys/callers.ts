import { hash } from 'node:crypto'
import { z } from '@hono/zod-openapi'
import { notOurs, readCursor, writeCursor } from '../../control/cursor.ts'
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
    const after = placeIn(query.cursor)
    const all = (await usage.callers({ key: id, version, since }))
      .map((it) => ({ ...it, name: nameOf(it) }))
      .sort(inOrder)
    const left = after ? all.filter((it) => inOrder(after, it) < 0) : all
    const page = left.slice(0, limit)
    const last = left.length > limit ? page.at(-1) : undefined
    return {
      callers: page.map(callerView),
      nextCursor: last ? writeCursor(`${last.lastSeenAt.getTime()}.${last.version}.${last.name}`) : null,
      dropped: await usage.dropped({ organization, key: id, since }, 'callers'),
    }
  },
})

/** Where a page goes on: who is seen anew meanwhile moves before it, and is not shown again. */
interface Place {
  lastSeenAt: Date
  version: number
  /** Short, whatever the caller is named. */
  name: string
}

function placeIn(cursor: string | undefined): Place | undefined {
  const text = readCursor(cursor)
  if (text === undefined) return undefined
  const [, at, version, name] = /^(\d{1,15})\.(\d{1,15})\.([0-9a-f]{32})$/.exec(text) ?? []
  if (at === undefined || version === undefined || name === undefined) throw notOurs()
  return { lastSeenAt: new Date(Number(at)), version: Number(version), name }
}

function nameOf({ route, address, userAgent }: CallerSum): string {
  return hash('sha256', JSON.stringify([route, address, userAgent])).slice(0, 32)
}

function inOrder(a: Place, b: Place): number {
  const byTime = b.lastSeenAt.getTime() - a.lastSeenAt.getTime()
  return byTime || a.version - b.version || (a.name === b.name ? 0 : a.name < b.name ? -1 : 1)
}

function callerView({ version, route, address, userAgent, allowed, refused, firstSeenAt, lastSeenAt }: CallerSum) {
  return {
    version,
    route,
    address: address === '' ? null : address,
    userAgent: userAgent === '' ? null : userAgent,
    allowed,
    refused,
    firstSeenAt: firstSeenAt.toISOString(),
    lastSeenAt: lastSeenAt.toISOString(),
  }
}
