import { z } from '@hono/zod-openapi'
import { revoke } from '@keywright/core'
import { awaitAll, receiptOf } from '../../control/receipt.ts'
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
    wait: z
      .enum(['all'])
      .optional()
      .openapi({ description: 'Answer once every node refuses the key, or cannot accept it any more.' }),
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
  problems: ['not_found', 'nodes_pending'],
  async handle({ params, query, body, caller, actor, lifecycle, deps }) {
    const { id } = await findKey(lifecycle.store, caller, params.key)
    const { key, change } = await revoke(lifecycle, actor, id, body)
    const receipt = await receiptOf(change, lifecycle.store)
    if (query.wait) await awaitAll(receipt, lifecycle.store, deps.nodes)
    return revokedView(key, receipt)
  },
  async replay({ params, query, caller, lifecycle: { store }, deps }) {
    const key = await findKey(store, caller, params.key)
    const receipt = await receiptOf(null, store)
    if (query.wait) await awaitAll(receipt, store, deps.nodes)
    return revokedView(key, receipt)
  },
})
