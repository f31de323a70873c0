import { remove } from '@keywright/core'
import { receiptOf } from '../../control/receipt.ts'
import { route } from '../../control/route.ts'
import { keyExample, receiptExample } from './example.ts'
import { findKey } from './find.ts'
import { revokedKeySchema, revokedView } from './revoked.ts'

export const deleteKeyRoute = route({
  operationId: 'deleteKey',
  method: 'delete',
  path: '/v1/keys/{key}',
  tag: 'Keys',
  summary: 'Revoke and hide a key',
  description: 'Its audit stays.',
  permission: 'manage',
  answer: {
    status: 200,
    description: 'The key is refused, and in no list any more.',
    schema: revokedKeySchema,
    example: { id: keyExample.id, revokedAt: '2026-11-21T08:00:00.000Z', receipt: receiptExample },
  },
  problems: ['not_found'],
  async handle({ params, caller, actor, lifecycle }) {
    const { id } = await findKey(lifecycle.store, caller, params.key)
    const { key, change } = await remove(lifecycle, actor, id)
    return revokedView(key, await receiptOf(change, lifecycle.store))
  },
})
