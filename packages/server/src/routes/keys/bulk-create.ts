import { z } from '@hono/zod-openapi'
import { type Bulk, issueMany, type KeyRecord, type Lifecycle, type Row, reissueMany } from '@keywright/core'
import { type Caller, makerIn } from '../../access/caller.ts'
import { Problem } from '../../control/problem.ts'
import { problemOf, rowProblem, rowProblemSchema } from '../../control/problem-of.ts'
import { requireOrganization } from '../../control/reach.ts'
import { receiptOf } from '../../control/receipt.ts'
import { type Earlier, route } from '../../control/route.ts'
import { receipt } from '../../control/schemas.ts'
import { validated } from '../../control/validation.ts'
import { credentialExample, newKeyExample, receiptExample } from './example.ts'
import { inTurns } from './in-turns.ts'
import { newKeySchema } from './schemas.ts'
import { keySchema, keyView } from './view.ts'

const row = z.int().openapi({ description: 'Its place in `keys`, from 0.' })

const resultSchema = z
  .discriminatedUnion('status', [
    z.strictObject({
      row,
      status: z.literal('created'),
      key: keySchema,
      credential: z.string().openapi({ description: 'Shown in this answer and never again.' }),
    }),
    z.strictObject({ row, status: z.literal('valid').openapi({ description: 'Of a dry run.' }) }),
    z.strictObject({ row, status: z.literal('refused'), problem: rowProblemSchema }),
  ])
  .openapi('BulkCreateResult')

type Result = z.input<typeof resultSchema>
/** What issuing one of them needs, or why it cannot be. */
type Wanted = Parameters<typeof issueMany>[2][number] | Row<{ problem: Problem }>
type Issued = Bulk<{ key: KeyRecord; credential: string }>

export const createKeysRoute = route({
  operationId: 'createKeys',
  method: 'post',
  path: '/v1/keys/bulk',
  tag: 'Keys',
  summary: 'Issue up to 1,000 keys',
  description:
    'Each row is a key as `createKey` takes it, and is answered by itself: what one may not have leaves the others ' +
    'alone. All that are made are made in one transaction. With `dryRun` everything is checked and nothing is made. ' +
    'Repeated with its Idempotency-Key, it holds fresh credentials of the same keys.',
  permission: 'manage',
  mostBytes: 4 * 1024 * 1024,
  body: z
    .strictObject({
      keys: z
        .array(z.unknown())
        .min(1)
        .max(1000)
        .openapi({ type: 'array', minItems: 1, maxItems: 1000, items: { $ref: '#/components/schemas/NewKey' } }),
      dryRun: z.boolean().default(false),
    })
    .openapi('NewKeys'),
  bodyExample: { keys: [{ organization: 'acme', name: 'Production' }], dryRun: false },
  answer: {
    status: 200,
    description: 'What became of each row, in their order.',
    schema: z
      .strictObject({
        dryRun: z.boolean(),
        created: z.int(),
        refused: z.int(),
        results: z.array(resultSchema),
        receipt: receipt.nullable().openapi({ description: 'Of all that were made; null after a dry run.' }),
      })
      .openapi('CreatedKeys'),
    example: {
      dryRun: false,
      created: 1,
      refused: 0,
      results: [{ row: 0, status: 'created', key: newKeyExample, credential: credentialExample }],
      receipt: receiptExample,
    },
  },
  problems: [],
  handle: ({ body, caller, actor, lifecycle }) => create(body, caller, actor, lifecycle),
  async replay({ body, caller, actor, lifecycle }, earlier) {
    if (body.dryRun) return create(body, caller, actor, lifecycle)
    const wanted = await readRows(body.keys, caller, lifecycle)
    const made = await madeBefore(earlier)
    const again = wanted.flatMap((one) => ('problem' in one ? [] : { row: one.row, ...made.get(one.row) }))
    const reissued = await reissueMany(
      lifecycle,
      actor,
      again.flatMap(({ row, id, number }) => (id === undefined || number === undefined ? [] : { row, id, number })),
    )
    const others = wanted.filter(({ row }) => !made.has(row))
    const tried = await issueMany(lifecycle, actor, others.filter(isFine), { dryRun: true })
    const results = [
      ...refusedBy(wanted),
      ...resultsOf(reissued, lifecycle, (problem) => (problem.code === 'conflict' ? superseded(problem) : problem)),
      ...resultsOf(tried, lifecycle).map((result) =>
        result.status === 'refused' ? result : refused(result.row, new Problem('not_repeated')),
      ),
    ]
    return answerOf(results, false, await receiptOf(reissued.change, lifecycle.store))
  },
})

async function create(
  { keys, dryRun }: { keys: readonly unknown[]; dryRun: boolean },
  caller: Caller,
  actor: Parameters<typeof issueMany>[1],
  lifecycle: Lifecycle,
) {
  const wanted = await readRows(keys, caller, lifecycle)
  const bulk = await issueMany(lifecycle, actor, wanted.filter(isFine), { dryRun })
  const results = [...refusedBy(wanted), ...resultsOf(bulk, lifecycle)].map((result) =>
    dryRun && result.status === 'created' ? { row: result.row, status: 'valid' as const } : result,
  )
  return answerOf(results, dryRun, dryRun ? null : await receiptOf(bulk.change, lifecycle.store))
}

/** Each row as if it had come alone. */
async function readRows(rows: readonly unknown[], caller: Caller, lifecycle: Lifecycle): Promise<Wanted[]> {
  const makers = new Map<string, ReturnType<typeof makerIn>>()
  const read = async (row: unknown) => {
    const key = validated(newKeySchema, row)
    requireOrganization(caller, key.organization)
    const maker = makers.get(key.organization) ?? makerIn(key.organization, caller, lifecycle)
    makers.set(key.organization, maker)
    const { createdBy, reach } = await maker
    return { key: { ...key, createdBy }, reach }
  }
  return inTurns(rows, async (value, row) => {
    try {
      return { row, ...(await read(value)) }
    } catch (error) {
      if (error instanceof Problem) return { row, problem: error }
      throw error
    }
  })
}

function isFine(wanted: Wanted): wanted is Exclude<Wanted, { problem: Problem }> {
  return !('problem' in wanted)
}

function refusedBy(wanted: readonly Wanted[]): Result[] {
  return wanted.flatMap((one) => ('problem' in one ? refused(one.row, one.problem) : []))
}

function resultsOf({ rows }: Issued, { now }: Lifecycle, told = (problem: Problem) => problem): Result[] {
  return rows.map((it) => {
    if ('error' in it) return refused(it.row, told(problemOf(it.error) ?? new Problem('internal_error')))
    const { key, credential } = it.done
    return { row: it.row, status: 'created', key: keyView(key, now(), []), credential }
  })
}

function superseded({ message }: Problem): Problem {
  return new Problem('idempotency_superseded', `${message} The row cannot be answered again.`)
}

function refused(row: number, problem: Problem): Result {
  return { row, status: 'refused', problem: rowProblem(problem) }
}

function answerOf(results: Result[], dryRun: boolean, receipt: string | null) {
  const refused = results.filter(({ status }) => status === 'refused').length
  const created = results.filter(({ status }) => status === 'created').length
  return { dryRun, created, refused, results: results.sort((a, b) => a.row - b.row), receipt }
}

/** The keys that the call made, by row, each with the version that it issued last. */
async function madeBefore({ changes }: Earlier): Promise<Map<number, { id: string; number: number }>> {
  const made = new Map<number, { id: string; number: number }>()
  const versions = new Map<string, number>()
  for (const { action, target, details } of await changes()) {
    if (action === 'key.created') made.set(Number(details.row), { id: target, number: 1 })
    if (action === 'key.rotated') versions.set(target, Number(details.version))
  }
  for (const key of made.values()) key.number = versions.get(key.id) ?? key.number
  return made
}
