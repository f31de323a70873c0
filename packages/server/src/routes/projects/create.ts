import { z } from '@hono/zod-openapi'
import { createProject } from '@keywright/core'
import { reached, requireOrganization } from '../../control/reach.ts'
import { receiptOf } from '../../control/receipt.ts'
import { route } from '../../control/route.ts'
import { id, name } from '../../control/schemas.ts'
import { changedProjectSchema, projectExample, projectView } from './view.ts'

export const createProjectRoute = route({
  operationId: 'createProject',
  method: 'post',
  path: '/v1/projects',
  tag: 'Projects',
  summary: 'Create a project',
  permission: 'manage',
  body: z.strictObject({ organization: id, name }).openapi('NewProject'),
  bodyExample: { organization: 'acme', name: 'Website' },
  answer: {
    status: 201,
    description: 'The project.',
    schema: changedProjectSchema,
    example: { ...projectExample, receipt: '2.9f86d081884c7d65' },
  },
  problems: ['not_found'],
  async handle({ body, caller, actor, lifecycle }) {
    requireOrganization(caller, body.organization)
    const { project, change } = await createProject(lifecycle, actor, body)
    return { ...projectView(project), receipt: await receiptOf(change, lifecycle.store) }
  },
  async replay({ caller, lifecycle: { store } }, { target }) {
    const project = reached(caller, await store.project(target), 'project')
    return { ...projectView(project), receipt: await receiptOf(null, store) }
  },
})
