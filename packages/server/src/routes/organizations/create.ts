import { z } from '@hono/zod-openapi'
import { createOrganization } from '@keywright/core'
import { notFound } from '../../control/problem.ts'
import { requireWholeInstance } from '../../control/reach.ts'
import { receiptOf } from '../../control/receipt.ts'
import { route } from '../../control/route.ts'
import { line, name, slug } from '../../control/schemas.ts'
import { changedOrganizationExample, changedOrganizationSchema, namespaces, organizationView } from './view.ts'

export const createOrganizationRoute = route({
  operationId: 'createOrganization',
  method: 'post',
  path: '/v1/organizations',
  tag: 'Organizations',
  summary: 'Create an organization',
  permission: 'manage',
  body: z
    .strictObject({
      id: slug.exactOptional().openapi({ description: 'A slug of your choice; absent: one is made.' }),
      name,
      plan: line(64).exactOptional(),
      namespaces: namespaces.exactOptional(),
    })
    .openapi('NewOrganization'),
  bodyExample: { id: 'acme', name: 'Acme Corporation' },
  answer: {
    status: 201,
    description: 'The organization.',
    schema: changedOrganizationSchema,
    example: changedOrganizationExample,
  },
  problems: ['conflict', 'not_found'],
  async handle({ body, caller, actor, lifecycle }) {
    requireWholeInstance(caller)
    const { organization, change } = await createOrganization(lifecycle, actor, body)
    return { ...organizationView(organization), receipt: await receiptOf(change, lifecycle.store) }
  },
  async replay({ caller, lifecycle }, { target }) {
    requireWholeInstance(caller)
    const organization = await lifecycle.store.organization(target)
    if (!organization) throw notFound('organization')
    return { ...organizationView(organization), receipt: await receiptOf(null, lifecycle.store) }
  },
})
