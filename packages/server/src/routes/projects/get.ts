import { reached } from '../../control/reach.ts'
import { route } from '../../control/route.ts'
import { projectExample, projectSchema, projectView } from './view.ts'

export const getProjectRoute = route({
  operationId: 'getProject',
  method: 'get',
  path: '/v1/projects/{project}',
  tag: 'Projects',
  summary: 'Read a project',
  permission: 'manage',
  answer: { status: 200, description: 'The project.', schema: projectSchema, example: projectExample },
  problems: ['not_found'],
  async handle({ params, caller, lifecycle }) {
    return projectView(reached(caller, await lifecycle.store.project(params.project), 'project'))
  },
})
