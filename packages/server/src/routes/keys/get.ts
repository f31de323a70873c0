import { route } from '../../control/route.ts'
import { keyExample } from './example.ts'
import { findKey } from './find.ts'
import { keySchema, keyView } from './view.ts'

export const getKeyRoute = route({
  operationId: 'getKey',
  method: 'get',
  path: '/v1/keys/{key}',
  tag: 'Keys',
  summary: 'Read a key',
  permission: 'manage',
  answer: { status: 200, description: 'The key with its secret versions.', schema: keySchema, example: keyExample },
  problems: ['not_found'],
  async handle({ params, caller, lifecycle: { store, now }, deps: { usage } }) {
    const key = await findKey(store, caller, params.key)
    return keyView(key, now(), await usage.lastUses([key.id]))
  },
})
