import { z } from '@hono/zod-openapi'
import { readCursor, writeCursor } from '../../control/cursor.ts'
import { organizationFilter } from '../../control/reach.ts'
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
    const after = readCursor(query.cursor)
    const { items, next } = await store.projects({
      ...organizationFilter(caller, query.organization),
      ...(after !== undefined && { after }),
      limit: query.limit,
    })
    return { projects: items.map(projectView), nextCursor: writeCursor(next) }
  },
})
