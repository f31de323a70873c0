import { z } from '@hono/zod-openapi'
import { type Actor, DuplicateError, type ForeignKey, importMany, type Lifecycle } from '@keywright/core'
import type { Caller } from '../../access/caller.ts'
import { Problem } from '../../control/problem.ts'
import { problemOf, rowProblem, rowProblemSchema } from '../../control/problem-of.ts'
import { requireWholeInstance } from '../../control/reach.ts'
import { receiptOf } from '../../control/receipt.ts'
import { type Earlier, route } from '../../control/route.ts'
import { line, receipt } from '../../control/schemas.ts'
import { validated } from '../../control/validation.ts'
import { keyExample, receiptExample } from './example.ts'
import { inTurns } from './in-turns.ts'
import { newKeySchema } from './schemas.ts'

/** A row of the call, which is read one by one. */
export const foreignKeySchema = z
  .strictObject({
    ...newKeySchema.shape,
    credential: z
      .string()
      .min(1)
      .max(512)
      .exactOptional()
      .openapi({ description: 'As its holder has it, in a form of the contract. Digested and forgotten.' }),
    digest: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 digest: 64 lower-case hexadecimal characters')
      .exactOptional()
      .openapi({ description: 'Instead of `credential`: its SHA-256.' }),
    hint: line(40).exactOptional().openapi({ description: 'What people may see of a key that comes as a digest.' }),
  })
  .openapi('ForeignKey')

const row = z.int().openapi({ description: 'Its place in `keys`, from 0.' })
const id = z.string()

const resultSchema = z
  .discriminatedUnion('status', [
    z.strictObject({ row, status: z.literal('imported'), id }),
    z.strictObject({ row, status: z.literal('known').openapi({ description: 'It was here already.' }), id }),
    z.strictObject({ row, status: z.literal('valid').openapi({ description: 'Of a dry run.' }) }),
    z.strictObject({ row, status: z.literal('refused'), problem: rowProblemSchema }),
  ])
  .openapi('ImportResult')

type Result = z.input<typeof resultSchema>

export const importKeysRoute = route({
  operationId: 'importKeys',
  method: 'post',
  path: '/v1/keys/import',
  tag: 'Keys',
  summary: 'Take over up to 1,000 keys that callers hold already',
  description:
    'Each row is a key as `createKey` takes it, with its credential or the SHA-256 digest of that; slower and weaker ' +
    'digests cannot be taken over. Each is answered by itself, and no answer holds a credential. What is here already is ' +
    'left as it is, so an import may be made again; with a pepper that shows by its credential alone, not by the digest of a ' +
    'key that was issued here. For operators alone: who imports a key decides whose it is.',
  permission: 'manage',
  mostBytes: 4 * 1024 * 1024,
  body: z
    .strictObject({
      keys: z
        .array(z.unknown())
        .min(1)
        .max(1000)
        .openapi({ type: 'array', minItems: 1, maxItems: 1000, items: { $ref: '#/components/schemas/ForeignKey' } }),
      dryRun: z.boolean().default(false),
    })
    .openapi('ForeignKeys'),
  bodyExample: {
    keys: [
      {
        organization: 'acme',
        name: 'Production',
        digest: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
      },
    ],
    dryRun: false,
  },
  answer: {
    status: 200,
    description: 'What became of each row, in their order.',
    schema: z
      .strictObject({
        dryRun: z.boolean(),
        imported: z.int(),
        known: z.int(),
        refused: z.int(),
        results: z.array(resultSchema),
        receipt: receipt.nullable().openapi({ description: 'Of all that were imported; null after a dry run.' }),
      })
      .openapi('ImportedKeys'),
    example: {
      dryRun: false,
      imported: 1,
      known: 0,
      refused: 0,
      results: [{ row: 0, status: 'imported', id: keyExample.id }],
      receipt: receiptExample,
    },
  },
  problems: ['conflict'],
  handle: (call) => take(call, new Set()),
  /** What it took over before is answered as taken over now. */
  async replay(call, earlier) {
    return take(call, await importedBy(earlier))
  },
})

interface Call {
  body: { keys: readonly unknown[]; dryRun: boolean }
  caller: Caller
  actor: Actor
  lifecycle: Lifecycle
}

async function take({ body, caller, actor, lifecycle }: Call, before: ReadonlySet<string>) {
  requireWholeInstance(caller)
  const { dryRun } = body
  const read = await inTurns(body.keys, readRow)
  const refused = read.flatMap((one) => ('problem' in one ? [refusal(one.row, one.problem)] : []))
  const wanted = read.flatMap((one) => ('problem' in one ? [] : [one]))
  const bulk = await importMany(lifecycle, actor, wanted, { dryRun }).catch((error: unknown) => {
    throw error instanceof DuplicateError ? new Problem('conflict', 'Another call imports the same keys.') : error
  })
  const results = bulk.rows.map((it): Result => {
    if ('error' in it) return refusal(it.row, problemOf(it.error) ?? new Problem('internal_error'))
    const { key, isNew } = it.done
    if (!isNew && !before.has(key.id)) return { row: it.row, status: 'known', id: key.id }
    return dryRun ? { row: it.row, status: 'valid' } : { row: it.row, status: 'imported', id: key.id }
  })
  const all = [...refused, ...results].sort((a, b) => a.row - b.row)
  const count = (status: Result['status']) => all.filter((result) => result.status === status).length
  return {
    dryRun,
    imported: count('imported'),
    known: count('known'),
    refused: count('refused'),
    results: all,
    receipt: dryRun ? null : await receiptOf(bulk.change, lifecycle.store),
  }
}

/** Each row as if it had come alone. */
function readRow(value: unknown, row: number): { row: number; key: ForeignKey } | { row: number; problem: Problem } {
  try {
    const { credential, digest, hint, ...key } = validated(foreignKeySchema, value)
    if (credential !== undefined && digest === undefined && hint === undefined)
      return { row, key: { ...key, secret: { credential } } }
    if (digest === undefined || credential !== undefined) throw oneOfBoth()
    return { row, key: { ...key, secret: { algorithm: 'sha256', digest, ...(hint !== undefined && { hint }) } } }
  } catch (error) {
    if (error instanceof Problem) return { row, problem: error }
    throw error
  }
}

function oneOfBoth(): Problem {
  const message = 'must be there, or else `digest`, which may have a `hint`'
  return new Problem('invalid_request', `credential ${message}.`, { errors: [{ field: 'credential', message }] })
}

function refusal(row: number, problem: Problem): Result {
  return { row, status: 'refused', problem: rowProblem(problem) }
}

async function importedBy({ changes }: Earlier): Promise<Set<string>> {
  return new Set((await changes()).filter(({ action }) => action === 'key.imported').map(({ target }) => target))
}
