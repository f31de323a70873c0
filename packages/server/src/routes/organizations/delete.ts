import { deleteOrganization } from '@keywright/core'
import { deletionQuery, deletionSchema, deletionView } from '../../control/deletion.ts'
import { requireOrganization, requireWholeInstance } from '../../control/reach.ts'
import { receiptOf } from '../../control/receipt.ts'
import { route } from '../../control/route.ts'

export const deleteOrganizationRoute = route({
  operationId: 'deleteOrganization',
  method: 'delete',
  path: '/v1/organizations/{organization}',
  tag: 'Organizations',
  summary: 'Delete an organization with all that is in it',
  description:
    'Its keys are revoked first. Its audit stays, and so its id is never given to another. With `dryRun` what it would ' +
    'take is counted, and nothing is done.',
  permission: 'manage',
  query: deletionQuery,
  answer: {
    status: 200,
    description: 'What went with it, or would.',
    schema: deletionSchema,
    example: { id: 'acme', dryRun: false, keys: 12, members: 3, projects: 2, receipt: '42.9f86d081884c7d65' },
  },
  problems: ['not_found'],
  async handle({ params: { organization }, query, caller, actor, lifecycle }) {
    requireOrganization(caller, organization)
    requireWholeInstance(caller)
    const deletion = await deleteOrganization(lifecycle, actor, organization, query)
    return deletionView(organization, deletion, query.dryRun ? null : await receiptOf(deletion.change, lifecycle.store))
  },
})
