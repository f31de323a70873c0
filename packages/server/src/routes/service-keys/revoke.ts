import { LifecycleError } from '@keywright/core'
import { revokeServiceKey } from '../../access/service-key-lifecycle.ts'
import { notFound } from '../../control/problem.ts'
import { ownOrganization } from '../../control/reach.ts'
import { receiptOf } from '../../control/receipt.ts'
import { route } from '../../control/route.ts'
import { changedServiceKeySchema, serviceKeyExample, serviceKeyView } from './view.ts'

export const revokeServiceKeyRoute = route({
  operationId: 'revokeServiceKey',
  method: 'post',
  path: '/v1/service-keys/{serviceKey}/revoke',
  tag: 'Service keys',
  summary: 'Revoke a service key for good',
  description: 'The one the server was started with is revoked by starting it with another.',
  permission: '*',
  answer: {
    status: 200,
    description: 'The service key is refused.',
    schema: changedServiceKeySchema,
    example: { ...serviceKeyExample, revokedAt: '2026-11-21T08:00:00.000Z', receipt: '6.9f86d081884c7d65' },
  },
  problems: ['not_found'],
  async handle({ params, caller, actor, lifecycle }) {
    const own = ownOrganization(caller)
    const reaches = (key: { organization: string | null }) => own === null || key.organization === own
    try {
      const { serviceKey, change } = await revokeServiceKey(lifecycle, actor, params.serviceKey, reaches)
      return { ...serviceKeyView(serviceKey), receipt: await receiptOf(change, lifecycle.store) }
    } catch (error) {
      if (error instanceof LifecycleError && error.code === 'not_found') throw notFound('service key')
      throw error
    }
  },
})
