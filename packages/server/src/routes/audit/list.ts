import { z } from '@hono/zod-openapi'
import type { Change, Head } from '@keywright/core'
import { positionOf, writeCursor } from '../../control/cursor.ts'
import { requireOrganization } from '../../control/reach.ts'
import { route } from '../../control/route.ts'
import { id, instant, pageOf, paging, time } from '../../control/schemas.ts'

const triggeredBy = z.enum(['ui', 'cli', 'api'])

const eventSchema = z
  .strictObject({
    number: z.int().openapi({ description: 'In commit order, without gaps.' }),
    hash: z.string().openapi({ description: 'SHA-256 over the hash before it and this entry.' }),
    action: z.string(),
    organization: z.string().nullable(),
    target: z.string().openapi({ description: 'What it happened to.' }),
    actor: z.strictObject({
      type: z.enum(['user', 'service_key', 'api_key', 'system']),
      id: z.string(),
      triggeredBy,
      address: z.string().nullable(),
      requestId: z.string().nullable(),
    }),
    at: time,
    details: z.record(z.string(), z.unknown()),
  })
  .openapi('AuditEvent')

const placeSchema = z.strictObject({ number: z.int(), hash: z.string() })

export const listAuditRoute = route({
  operationId: 'listAudit',
  method: 'get',
  path: '/v1/audit',
  tag: 'Audit',
  summary: 'List what was changed, by whom',
  description:
    'What is older than is kept has been deleted: `checkpoint` is the last of it, and the chain of hashes goes on from ' +
    'there. Its own event, `audit.pruned`, holds the same.',
  permission: 'manage',
  query: z.strictObject({
    organization: id.optional(),
    key: id.optional(),
    actor: id.optional().openapi({ description: 'Id of who did it.' }),
    action: z.string().max(64).optional(),
    triggeredBy: triggeredBy.optional(),
    since: instant.optional().openapi({ description: 'From this time on.' }),
    until: instant.optional().openapi({ description: 'Before this time.' }),
    first: z.enum(['newest', 'oldest']).default('newest'),
    ...paging,
  }),
  answer: {
    status: 200,
    description: 'A page of events.',
    schema: pageOf('events', eventSchema).extend({
      checkpoint: placeSchema.nullable().openapi({ description: 'null: nothing was deleted.' }),
      head: placeSchema.nullable().openapi({
        description:
          'The last event that was ever written, whatever this list is narrowed to: the chain goes at least so far. null: ' +
          'there is none, or you are not shown the whole log.',
      }),
    }),
    example: {
      events: [
        {
          number: 3,
          hash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
          action: 'key.revoked',
          organization: 'acme',
          target: 'key_01kahrp6e1f9k5w3m8c7d2sn4q',
          actor: {
            type: 'service_key',
            id: 'configured',
            triggeredBy: 'api',
            address: '192.0.2.1',
            requestId: 'req_7',
          },
          at: '2026-11-20T08:00:00.000Z',
          details: { name: 'Production', reason: 'Found in a public repository' },
        },
      ],
      nextCursor: null,
      checkpoint: null,
      head: { number: 3, hash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08' },
    },
  },
  problems: ['not_found'],
  async handle({ query: { cursor, limit, first, organization, key, ...filter }, caller, lifecycle: { store } }) {
    if (organization !== undefined) requireOrganization(caller, organization)
    const newestFirst = first === 'newest'
    const from = positionOf(cursor)
    const places = organization === undefined ? caller.places?.keys() : [organization]
    // Before the events: those that come meanwhile are behind it.
    const head = caller.places === null ? await store.head() : null
    const wanted = { ...filter, target: key, newestFirst, from, limit }
    const pages = await Promise.all(
      places ? [...places].map((place) => store.audit({ ...wanted, organization: place })) : [store.audit(wanted)],
    )
    // How far all of them have looked: behind it one may have what comes before what another has shown.
    const ends = pages.flatMap(({ next }) => next ?? [])
    const end = ends.length === 0 ? null : newestFirst ? Math.max(...ends) : Math.min(...ends)
    const all = pages
      .flatMap(({ changes }) => changes)
      .filter(({ number }) => end === null || (newestFirst ? number >= end : number <= end))
      .sort((a, b) => (newestFirst ? b.number - a.number : a.number - b.number))
    const events = all.slice(0, limit)
    const next = all.length > limit ? events.at(-1)?.number : end
    const checkpoint = await store.checkpoint()
    return {
      events: events.map(eventView),
      nextCursor: writeCursor(next == null ? null : String(next)),
      checkpoint: placeView(checkpoint),
      head: head && placeView(head),
    }
  },
})

function placeView({ number, hash }: Head) {
  return number === 0 ? null : { number, hash }
}

function eventView({ number, hash, action, organization, target, actor, at, details }: Change) {
  const { type, id, triggeredBy, address, requestId } = actor
  return {
    number,
    hash,
    action,
    organization,
    target,
    actor: { type, id, triggeredBy, address, requestId },
    at: at.toISOString(),
    details: { ...details },
  }
}
