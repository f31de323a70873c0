import { z } from '@hono/zod-openapi'
import { type Lifecycle, revokeMany } from '@keywright/core'
import type { Caller } from '../../access/caller.ts'
import { Problem } from '../../control/problem.ts'
import { problemOf, rowProblem, rowProblemSchema } from '../../control/problem-of.ts'
import { awaitAll, receiptOf } from '../../control/receipt.ts'
import { route } from '../../control/route.ts'
import { id, line, receipt, time } from '../../control/schemas.ts'
import { keyExample, receiptExample } from './example.ts'
import { findKey } from './find.ts'
import { inTurns } from './in-turns.ts'

const resultSchema = z
  .discriminatedUnion('status', [
    z.strictObject({ id: z.string(), status: z.literal('revoked'), revokedAt: time }),
    z.strictObject({ id: z.string(), status: z.literal('valid').openapi({ description: 'Of a dry run.' }) }),
    z.strictObject({ id: z.string(), status: z.literal('refused'), problem: rowProblemSchema }),
  ])
  .openapi('BulkRevokeResult')

type Result = z.input<typeof resultSchema>

interface Asked {
  keys: readonly string[]
  reason?: string
  dryRun: boolean
}

export const revokeKeysRoute = route({
  operationId: 'revokeKeys',
  method: 'post',
  path: '/v1/keys/bulk-revoke',
  tag: 'Keys',
  summary: 'Revoke up to 1,000 keys for good',
  description:
    'In one transaction. Each key is answered by itself: one that is not there leaves the others alone, and one that is ' +
    'revoked already stays as it is. With `dryRun` nothing is revoked.',
  permission: 'manage',
  query: z.strictObject({
    wait: z
      .enum(['all'])
      .optional()
      .openapi({ description: 'Answer once every node refuses the keys, or cannot accept them any more.' }),
  }),
  body: z
    .strictObject({
      keys: z.array(id).min(1).max(1000),
      reason: line(500).exactOptional(),
      dryRun: z.boolean().default(false),
    })
    .openapi('Revocations'),
  bodyExample: { keys: [keyExample.id], reason: 'Found in a public repository', dryRun: false },
  answer: {
    status: 200,
    description: 'What became of each key, in their order.',
    schema: z
      .strictObject({
        dryRun: z.boolean(),
        revoked: z.int().openapi({ description: 'How many are revoked now.' }),
        refused: z.int(),
        results: z.array(resultSchema),
        receipt: receipt.nullable().openapi({ description: 'Of all of them; null after a dry run.' }),
      })
      .openapi('RevokedKeys'),
    example: {
      dryRun: false,
      revoked: 1,
      refused: 0,
      results: [{ id: keyExample.id, status: 'revoked', revokedAt: '2026-11-21T08:00:00.000Z' }],
      receipt: receiptExample,
    },
  },
  problems: ['nodes_pending'],
  async handle({ query, body, caller, actor, lifecycle, deps }) {
    const found = await findAll(body, caller, lifecycle)
    const wanted = [...found].filter(([, problem]) => !problem).map(([id], row) => ({ row, id }))
    const { rows, change } = await revokeMany(lifecycle, actor, wanted, body)
    const done = new Map(
      rows.map((it) => {
        const id = wanted[it.row]?.id ?? ''
        if ('done' in it) return [id, resultOf(it.done, body.dryRun)]
        return [id, refused(id, problemOf(it.error) ?? new Problem('internal_error'))]
      }),
    )
    const results = body.keys.map((id) => done.get(id) ?? refused(id, found.get(id) ?? new Problem('not_found')))
    const receipt = body.dryRun ? null : await receiptOf(change, lifecycle.store)
    if (query.wait && receipt) await awaitAll(receipt, lifecycle.store, deps.nodes)
    return answerOf(results, body.dryRun, receipt)
  },
  async replay({ query, body, caller, lifecycle, deps }) {
    const found = await findAll(body, caller, lifecycle)
    const results = await Promise.all(
      body.keys.map(async (id) => {
        const problem = found.get(id)
        if (problem) return refused(id, problem)
        return resultOf(await findKey(lifecycle.store, caller, id), body.dryRun)
      }),
    )
    const receipt = body.dryRun ? null : await receiptOf(null, lifecycle.store)
    if (query.wait && receipt) await awaitAll(receipt, lifecycle.store, deps.nodes)
    return answerOf(results, body.dryRun, receipt)
  },
})

/** Each id once, with why it cannot be had. */
async function findAll({ keys }: Asked, caller: Caller, { store }: Lifecycle): Promise<Map<string, Problem | null>> {
  const ids = [...new Set(keys)]
  const found = new Map<string, Problem | null>()
  async function find(id: string): Promise<void> {
    try {
      await findKey(store, caller, id)
      found.set(id, null)
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      found.set(id, error)
    }
  }
  await inTurns(ids, find)
  return found
}

function resultOf({ id, revokedAt }: { id: string; revokedAt: Date | null }, dryRun: boolean): Result {
  if (dryRun) return { id, status: 'valid' }
  if (!revokedAt) return refused(id, new Problem('not_repeated'))
  return { id, status: 'revoked', revokedAt: revokedAt.toISOString() }
}

function refused(id: string, problem: Problem): Result {
  return { id, status: 'refused', problem: rowProblem(problem) }
}

function answerOf(results: Result[], dryRun: boolean, receipt: string | null) {
  const keysThatAre = (wanted: Result['status']) =>
    new Set(results.flatMap(({ id, status }) => (status === wanted ? [id] : []))).size
  return { dryRun, revoked: keysThatAre('revoked'), refused: keysThatAre('refused'), results, receipt }
}
