import { z } from '@hono/zod-openapi'
import { issueServiceKey, reissueServiceKey } from '../../access/service-key-lifecycle.ts'
import { ownOrganization, requireOrganization } from '../../control/reach.ts'
import { receiptOf } from '../../control/receipt.ts'
import { route } from '../../control/route.ts'
import { id, name } from '../../control/schemas.ts'
import { changedServiceKeySchema, serviceKeyExample, serviceKeyView, servicePermission } from './view.ts'

export const createServiceKeyRoute = route({
  operationId: 'createServiceKey',
  method: 'post',
  path: '/v1/service-keys',
  tag: 'Service keys',
  summary: 'Issue a service key',
  description: 'A service key bound to an organization makes only such as are bound to the same one.',
  permission: '*',
  body: z
    .strictObject({
      name,
      permissions: z
        .array(servicePermission)
        .min(1)
        .max(4)
        .refine((list) => new Set(list).size === list.length, 'must not list one twice'),
      organization: id.exactOptional().openapi({ description: 'The only one it reaches; absent: as its maker.' }),
    })
    .openapi('NewServiceKey'),
  bodyExample: { name: 'CI', permissions: ['manage'], organization: 'acme' },
  answer: {
    status: 201,
    description: 'The service key and, this once, its credential.',
    schema: z
      .strictObject({
        ...changedServiceKeySchema.shape,
        credential: z.string().openapi({ description: 'Shown in this answer and never again.' }),
      })
      .openapi('CreatedServiceKey'),
    example: { ...serviceKeyExample, credential: 'kwo_<shown once>', receipt: '5.9f86d081884c7d65' },
  },
  problems: ['not_found', 'conflict'],
  async handle({ body, caller, actor, lifecycle }) {
    const organization = body.organization ?? ownOrganization(caller)
    if (organization !== null) requireOrganization(caller, organization)
    const { serviceKey, credential, change } = await issueServiceKey(lifecycle, actor, { ...body, organization })
    return { ...serviceKeyView(serviceKey), credential, receipt: await receiptOf(change, lifecycle.store) }
  },
  async replay({ actor, lifecycle }, { target }) {
    const { serviceKey, credential, change } = await reissueServiceKey(lifecycle, actor, target)
    return { ...serviceKeyView(serviceKey), credential, receipt: await receiptOf(change, lifecycle.store) }
  },
})
