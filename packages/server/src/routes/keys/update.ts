import { update } from '@keywright/core'
import { makerIn } from '../../access/caller.ts'
import { route } from '../../control/route.ts'
import { keyExample, receiptExample } from './example.ts'
import { findKey } from './find.ts'
import { keyPatchSchema } from './schemas.ts'
import { changedKeySchema, changedKeyView } from './view.ts'

export const updateKeyRoute = route({
  operationId: 'updateKey',
  method: 'patch',
  path: '/v1/keys/{key}',
  tag: 'Keys',
  summary: 'Change what was agreed about a key',
  description: 'What is absent stays as it is; `null` goes back to the default.',
  permission: 'manage',
  body: keyPatchSchema,
  bodyExample: { name: 'Production (EU)', allowedIps: ['192.0.2.0/24'] },
  answer: {
    status: 200,
    description: 'The key as it is now.',
    schema: changedKeySchema,
    example: { ...keyExample, name: 'Production (EU)', allowedIps: ['192.0.2.0/24'], receipt: receiptExample },
  },
  problems: ['not_found', 'conflict'],
  async handle({ params, body, caller, actor, lifecycle, deps: { usage } }) {
    const { id, organization } = await findKey(lifecycle.store, caller, params.key)
    const { reach } = await makerIn(organization, caller, lifecycle)
    const { key, change } = await update(lifecycle, actor, id, body, reach)
    return changedKeyView(key, change, lifecycle, usage)
  },
})
