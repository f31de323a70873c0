import { z } from '@hono/zod-openapi'
import { listReached } from '../../control/list-reached.ts'
import { route } from '../../control/route.ts'
import { id, pageOf, paging } from '../../control/schemas.ts'
import { projectExample, projectSchema, projectView } from './view.ts'

export const listProjectsRoute = route({
  operationId: 'listProjects',
  method: 'get',
  path: '/v1/projects',
  tag: 'Projects',
  summary: 'List projects',
  permission: 'manage',
  query: z.strictObject({ organization: id.optional(), ...paging }),
  answer: {
    status: 200,
    description: 'A page of projects.',
    schema: pageOf('projects', projectSchema),
    example: { projects: [projectExample], nextCursor: null },
  },
  problems: ['not_found'],
  async handle({ query, caller, lifecycle: { store } }) {
    const { items, nextCursor } = await listReached(caller, query, store.projects)
    return { projects: items.map(projectView), nextCursor }
  },
})
