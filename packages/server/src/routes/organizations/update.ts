import { z } from '@hono/zod-openapi'
import { updateOrganization } from '@keywright/core'
import { requireOrganization, requireWholeInstance } from '../../control/reach.ts'
import { receiptOf } from '../../control/receipt.ts'
import { route } from '../../control/route.ts'
import { line, name } from '../../control/schemas.ts'
import { changedOrganizationExample, changedOrganizationSchema, namespaces, organizationView, states } from './view.ts'

export const updateOrganizationRoute = route({
  operationId: 'updateOrganization',
  method: 'patch',
  path: '/v1/organizations/{organization}',
  tag: 'Organizations',
  summary: 'Change an organization',
  description: 'What is absent stays as it is. Plan, quota and state hold for its keys as soon as this answers.',
  permission: 'manage',
  body: z
    .strictObject({
      name: name.exactOptional(),
      plan: line(64).exactOptional(),
      namespaces: namespaces.exactOptional(),
      monthlyQuota: z.int().min(0).nullable().exactOptional(),
      state: z.enum(states).exactOptional(),
    })
    .openapi('OrganizationPatch'),
  bodyExample: { state: 'suspended' },
  answer: {
    status: 200,
    description: 'The organization as it is now.',
    schema: changedOrganizationSchema,
    example: { ...changedOrganizationExample, state: 'suspended' },
  },
  problems: ['not_found'],
  async handle({ params, body, caller, actor, lifecycle }) {
    requireOrganization(caller, params.organization)
    requireWholeInstance(caller)
    const { organization, change } = await updateOrganization(lifecycle, actor, params.organization, body)
    return { ...organizationView(organization), receipt: await receiptOf(change, lifecycle.store) }
  },
})
