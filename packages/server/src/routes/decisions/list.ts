import { z } from '@hono/zod-openapi'
import { notOurs, readCursor, writeCursor } from '../../control/cursor.ts'
import { organizationFilter } from '../../control/reach.ts'
import { route } from '../../control/route.ts'
import { id, instant, pageOf, paging, time } from '../../control/schemas.ts'
import type { Decision } from '../../usage/decision.ts'
import { hourOf } from '../../usage/hour.ts'
import { verdictFilters, verdictMembers, verdictOf, verdictView } from '../usage/verdict.ts'

const decisionSchema = z
  .strictObject({
    id: z.string(),
    at: time,
    ...verdictMembers,
    key: z.string().nullable().openapi({ description: 'null, as all that follows from it: no secret matched.' }),
    version: z.int().nullable().openapi({ description: 'Number of the secret version that was presented.' }),
    organization: z.string().nullable(),
    project: z.string().nullable(),
    user: z.string().nullable().openapi({ description: 'Who made the key.' }),
    route: z.string().openapi({ description: 'A pattern, never a path; empty where none was told.' }),
    method: z.string().nullable(),
    address: z.string().nullable(),
    userAgent: z.string().nullable(),
    triggeredBy: z.literal('api'),
    requestId: z.string().nullable(),
  })
  .openapi('Decision')

const example = {
  id: 'dec_01kahrp6e1f9k5w3m8c7d2sn4q00000002a',
  at: '2026-11-20T08:00:00.000Z',
  outcome: 'denied',
  reason: 'retired_secret',
  key: 'key_01kahrp6e1f9k5w3m8c7d2sn4q',
  version: 1,
  organization: 'acme',
  project: null,
  user: null,
  route: '/v1/items/**',
  method: 'GET',
  address: '192.0.2.1',
  userAgent: 'curl/8.5.0',
  triggeredBy: 'api',
  requestId: 'req_7',
} as const

export const listDecisionsRoute = route({
  operationId: 'listDecisions',
  method: 'get',
  path: '/v1/decisions',
  tag: 'Usage',
  summary: 'List recent decisions',
  description:
    'Newest first: refusals of every node as long as they are kept, and the latest decisions of the node that answers, ' +
    'allowed ones included. Many refusals at once are not all kept; `dropped` counts the others.',
  permission: 'manage',
  query: z.strictObject({
    organization: id.optional(),
    project: id.optional(),
    key: id.optional(),
    ...verdictFilters,
    since: instant.optional().openapi({ description: 'From this time on.' }),
    until: instant.optional().openapi({ description: 'Before this time.' }),
    ...paging,
  }),
  answer: {
    status: 200,
    description: 'A page of decisions.',
    schema: pageOf('decisions', decisionSchema).extend({ dropped: z.int() }),
    example: { decisions: [example], nextCursor: null, dropped: 0 },
  },
  problems: ['not_found'],
  async handle({ query, caller, deps: { usage } }) {
    const { organization, project, key, outcome, since, until, cursor, limit } = query
    const confined = organizationFilter(caller, organization)
    const verdict = verdictOf(query)
    const before = placeOf(cursor)
    const hour = since && new Date(hourOf(since.getTime()))
    const filter = { ...confined, project, key, since, until }
    const found = verdict ? await usage.decisions({ ...filter, ...verdict, before, limit: limit + 1 }) : []
    const decisions = found.slice(0, limit)
    const last = found.length > limit ? decisions.at(-1) : undefined
    return {
      decisions: decisions.map(decisionView),
      nextCursor: last ? writeCursor(`${last.at.getTime()}.${last.id}`) : null,
      dropped: outcome === 'allowed' ? 0 : await usage.dropped({ ...confined, key, since: hour, until }, 'refusals'),
    }
  },
})

function placeOf(cursor: string | undefined): Pick<Decision, 'at' | 'id'> | undefined {
  const text = readCursor(cursor)
  if (text === undefined) return undefined
  const [, at, id] = /^(\d{1,15})\.(dec_[0-9a-z]+)$/.exec(text) ?? []
  if (at === undefined || id === undefined) throw notOurs()
  return { at: new Date(Number(at)), id }
}

function decisionView({ at, verdict, ...decision }: Decision): z.input<typeof decisionSchema> {
  return { ...decision, at: at.toISOString(), ...verdictView(verdict), triggeredBy: 'api' }
}
