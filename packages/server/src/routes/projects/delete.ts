import { deleteProject } from '@keywright/core'
import { deletionQuery, deletionSchema, deletionView } from '../../control/deletion.ts'
import { reached } from '../../control/reach.ts'
import { receiptOf } from '../../control/receipt.ts'
import { route } from '../../control/route.ts'
import { projectExample } from './view.ts'

export const deleteProjectRoute = route({
  operationId: 'deleteProject',
  method: 'delete',
  path: '/v1/projects/{project}',
  tag: 'Projects',
  summary: 'Delete a project with its keys',
  description: 'Its keys are revoked first, and its audit stays. With `dryRun` they are counted, and nothing is done.',
  permission: 'manage',
  query: deletionQuery,
  answer: {
    status: 200,
    description: 'What went with it, or would.',
    schema: deletionSchema,
    example: { id: projectExample.id, dryRun: true, keys: 12, members: 0, projects: 1, receipt: null },
  },
  problems: ['not_found'],
  async handle({ params, query, caller, actor, lifecycle }) {
    const { id } = reached(caller, await lifecycle.store.project(params.project), 'project')
    const deletion = await deleteProject(lifecycle, actor, id, query)
    return deletionView(id, deletion, query.dryRun ? null : await receiptOf(deletion.change, lifecycle.store))
  },
})
