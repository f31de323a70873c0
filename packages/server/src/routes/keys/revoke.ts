import { z } from '@hono/zod-openapi'
import { revoke } from '@keywright/core'
import { receiptOf } from '../../control/receipt.ts'
import { route } from '../../control/route.ts'
import { line } from '../../control/schemas.ts'
import { keyExample, receiptExample } from './example.ts'
import { findKey } from './find.ts'
import { revokedKeySchema, revokedView } from './revoked.ts'

export const revokeKeyRoute = route({
  operationId: 'revokeKey',
  method: 'post',
  path: '/v1/keys/{key}/revoke',
  tag: 'Keys',
  summary: 'Revoke a key for good',
  description: 'This node refuses the key before it answers. Revoking a revoked key changes nothing.',
  permission: 'manage',
  query: z.strictObject({
    wait: z.enum(['all']).optional().openapi({ description: 'Answer once every node refuses the key.' }),
  }),
  body: z.strictObject({ reason: line(500).exactOptional() }).openapi('Revocation'),
  bodyOptional: true,
  bodyExample: { reason: 'Found in a public repository' },
  answer: {
    status: 200,
    description: 'The key is refused.',
    schema: revokedKeySchema,
    example: { id: keyExample.id, revokedAt: '2026-11-21T08:00:00.000Z', receipt: receiptExample },
  },
  problems: ['not_found'],
  async handle({ params, body, caller, actor, lifecycle }) {
    const { id } = await findKey(lifecycle.store, caller, params.key)
    const { key, change } = await revoke(lifecycle, actor, id, body)
    return revokedView(key, await receiptOf(change, lifecycle.store))
  },
  async replay({ params, caller, lifecycle: { store } }) {
    return revokedView(await findKey(store, caller, params.key), await receiptOf(null, store))
  },
})
