import { notFound } from '../../control/problem.ts'
import { requireOrganization } from '../../control/reach.ts'
import { route } from '../../control/route.ts'
import { organizationExample, organizationSchema, organizationView } from './view.ts'

export const getOrganizationRoute = route({
  operationId: 'getOrganization',
  method: 'get',
  path: '/v1/organizations/{organization}',
  tag: 'Organizations',
  summary: 'Read an organization',
  permission: 'manage',
  answer: {
    status: 200,
    description: 'The organization.',
    schema: organizationSchema,
    example: organizationExample,
  },
  problems: ['not_found'],
  async handle({ params, caller, lifecycle }) {
    requireOrganization(caller, params.organization)
    const organization = await lifecycle.store.organization(params.organization)
    if (!organization) throw notFound('organization')
    return organizationView(organization)
  },
})
