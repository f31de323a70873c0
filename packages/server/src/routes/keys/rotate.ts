import { z } from '@hono/zod-openapi'
import { type Rotated, reissue, rotate, type Store } from '@keywright/core'
import { receiptOf } from '../../control/receipt.ts'
import { route } from '../../control/route.ts'
import { receipt, time } from '../../control/schemas.ts'
import { credentialExample, keyExample, receiptExample } from './example.ts'
import { findKey } from './find.ts'
import { requireSecretReach } from './secret-reach.ts'

const rotatedKeySchema = z
  .strictObject({
    id: z.string(),
    hint: z.string(),
    credential: z.string().openapi({ description: 'Shown in this answer and never again.' }),
    retiring: z
      .array(z.strictObject({ number: z.int(), hint: z.string(), retiresAt: time }))
      .openapi({ description: 'Older secrets that still work, and until when.' }),
    receipt,
  })
  .openapi('RotatedKey')

export const rotateKeyRoute = route({
  operationId: 'rotateKey',
  method: 'post',
  path: '/v1/keys/{key}/rotate',
  tag: 'Keys',
  summary: 'Give a key a new secret',
  description:
    'Without `graceSeconds` the old secret ends at once. Repeated with its Idempotency-Key, it holds a fresh one.',
  permission: 'manage',
  body: z
    .strictObject({
      graceSeconds: z
        .int()
        .min(0)
        .exactOptional()
        .openapi({ description: 'How long the old secret goes on working; the contract says how long at most.' }),
    })
    .openapi('Rotation'),
  bodyOptional: true,
  bodyExample: { graceSeconds: 86_400 },
  answer: {
    status: 200,
    description: 'The new credential, this once.',
    schema: rotatedKeySchema,
    example: {
      id: keyExample.id,
      hint: 'kw_live_…Zk07',
      credential: credentialExample,
      retiring: [{ number: 1, hint: keyExample.hint, retiresAt: '2026-11-22T08:00:00.000Z' }],
      receipt: receiptExample,
    },
  },
  problems: ['not_found', 'conflict'],
  async handle({ params, body, caller, actor, lifecycle }) {
    const key = await findKey(lifecycle.store, caller, params.key)
    await requireSecretReach(key, caller, lifecycle)
    return rotatedView(await rotate(lifecycle, actor, key.id, body), lifecycle.store)
  },
  async replay({ params, caller, actor, lifecycle }, { version }) {
    const key = await findKey(lifecycle.store, caller, params.key)
    await requireSecretReach(key, caller, lifecycle)
    return rotatedView(await reissue(lifecycle, actor, key.id, version ?? 0), lifecycle.store)
  },
})

async function rotatedView({ key, credential, retiring, change }: Rotated, store: Store) {
  return {
    id: key.id,
    hint: key.versions.at(-1)?.hint ?? '…',
    credential,
    retiring: retiring.flatMap(({ number, hint, retiresAt }) =>
      retiresAt ? [{ number, hint, retiresAt: retiresAt.toISOString() }] : [],
    ),
    receipt: await receiptOf(change, store),
  }
}
