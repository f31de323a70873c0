import { z } from '@hono/zod-openapi'
import { notOurs, readCursor, writeCursor } from '../../control/cursor.ts'
import { organizationFilter } from '../../control/reach.ts'
import { route } from '../../control/route.ts'
import { id, instant, pageOf, paging, time } from '../../control/schemas.ts'
import type { Verdict } from '../../usage/decision.ts'
import { hourMs, hourOf } from '../../usage/hour.ts'
import type { Dimension, UsageGroup } from '../../usage/usage-store.ts'
import { verdictFilters, verdictMembers, verdictOf, verdictView } from './verdict.ts'

const dayMs = 86_400_000
const steps = { hour: hourMs, day: dayMs }
/** Of days, all that may be kept. */
const longestMs = { hour: 31 * dayMs, day: 3660 * dayMs }

const dimensions = {
  key: 'key',
  version: 'version',
  organization: 'organization',
  outcome: 'verdict',
  route: 'route',
} satisfies Record<string, Dimension>

const dimension = z.enum(Object.keys(dimensions) as [keyof typeof dimensions])

/** A page of a list. */
const mostKeys = 200

const keys = z
  .string()
  .transform((text) => text.split(','))
  .pipe(z.array(id).max(mostKeys))

const countSchema = z
  .strictObject({
    at: time.openapi({ description: 'Begin of the hour or day (UTC).' }),
    count: z.int(),
    key: z.string().nullable().exactOptional().openapi({ description: 'null: no secret matched.' }),
    version: z.int().exactOptional().openapi({ description: 'Number of the secret version; 0: no secret matched.' }),
    organization: z.string().nullable().exactOptional(),
    outcome: verdictMembers.outcome.exactOptional(),
    reason: verdictMembers.reason.exactOptional(),
    route: z.string().exactOptional().openapi({ description: 'A pattern, never a path; empty where none was told.' }),
  })
  .openapi('UsageCount')

export const getUsageRoute = route({
  operationId: 'getUsage',
  method: 'get',
  path: '/v1/usage',
  tag: 'Usage',
  summary: 'Count what was used',
  description:
    'Verifications by hour or day and by what else is asked for, oldest first: of 7 days where `since` is absent. ' +
    'Counts of other nodes are here a few seconds later.',
  permission: 'manage',
  query: z.strictObject({
    organization: id.optional(),
    project: id.optional(),
    key: keys.optional().openapi({
      type: 'string',
      example: 'key_01kahrp6e1f9k5w3m8c7d2sn4q',
      description: `The id of a key, or of up to ${mostKeys}, separated by commas.`,
    }),
    ...verdictFilters,
    since: instant
      .optional()
      .openapi({ description: 'From the hour of this time on; by hour, no earlier than 31 days before `until`.' }),
    until: instant.optional().openapi({ description: 'Hours that begin before this time.' }),
    interval: z.enum(['hour', 'day']).default('day'),
    by: z
      .string()
      .transform((text) => text.split(','))
      .pipe(z.array(dimension))
      .default(['outcome'])
      .openapi({ type: 'string', example: 'key,outcome', description: `Any of ${dimension.options.join(', ')}.` }),
    ...paging,
  }),
  answer: {
    status: 200,
    description: 'A page of counts.',
    schema: pageOf('usage', countSchema).extend({
      dropped: z
        .int()
        .openapi({ description: 'Verifications in this time that could not be counted by what they were.' }),
    }),
    example: {
      usage: [
        { at: '2026-11-20T00:00:00.000Z', outcome: 'allowed', reason: null, count: 4211 },
        { at: '2026-11-20T00:00:00.000Z', outcome: 'denied', reason: 'rate_limited', count: 17 },
      ],
      nextCursor: null,
      dropped: 0,
    },
  },
  problems: ['not_found'],
  async handle({ query, caller, lifecycle: { now }, deps: { usage } }) {
    const { organization, project, key, interval, cursor, limit } = query
    const confined = organizationFilter(caller, organization)
    const verdict = verdictOf(query)
    const from = placeOf(cursor)
    const until = query.until ?? from?.until ?? new Date(now().getTime() + 1)
    const earliestMs = until.getTime() - longestMs[interval]
    const sinceMs = Math.max(query.since?.getTime() ?? until.getTime() - 7 * dayMs, earliestMs)
    const since = new Date(hourOf(sinceMs))
    const skip = from?.skip ?? 0
    const by = [...new Set(query.by)]
    const filter = { ...confined, project, keys: key, since, until }
    const groups = verdict
      ? await usage.counts({
          ...filter,
          ...verdict,
          stepMs: steps[interval],
          by: by.map((name) => dimensions[name]),
          skip,
          limit: limit + 1,
        })
      : []
    return {
      usage: groups.slice(0, limit).map(countView),
      nextCursor: groups.length > limit ? writeCursor(`${until.getTime()}.${skip + limit}`) : null,
      dropped: await usage.dropped({ ...confined, since, until }, 'counts'),
    }
  },
})

/** Of the same time as the first page, however late the next one is asked for. */
function placeOf(cursor: string | undefined): { until: Date; skip: number } | undefined {
  const text = readCursor(cursor)
  if (text === undefined) return undefined
  const [, until, skip] = /^(\d{1,15})\.(\d{1,15})$/.exec(text) ?? []
  if (until === undefined || skip === undefined) throw notOurs()
  return { until: new Date(Number(until)), skip: Number(skip) }
}

function countView({ at, count, verdict, ...group }: UsageGroup) {
  return {
    at: at.toISOString(),
    ...(group as { key?: string | null; version?: number; organization?: string | null; route?: string }),
    ...(verdict !== undefined && verdictView(verdict as Verdict)),
    count,
  }
}
