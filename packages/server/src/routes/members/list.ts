import { z } from '@hono/zod-openapi'
import { pageAsked, writeCursor } from '../../control/cursor.ts'
import { notFound } from '../../control/problem.ts'
import { requireOrganization } from '../../control/reach.ts'
import { route } from '../../control/route.ts'
import { pageOf, paging } from '../../control/schemas.ts'
import { memberExample, memberSchema, memberView } from './schemas.ts'

export const listMembersRoute = route({
  operationId: 'listMembers',
  method: 'get',
  path: '/v1/organizations/{organization}/members',
  tag: 'Members',
  summary: 'Who belongs to an organization',
  permission: 'manage',
  query: z.strictObject(paging),
  answer: {
    status: 200,
    description: 'A page of members.',
    schema: pageOf('members', memberSchema),
    example: { members: [memberExample], nextCursor: null },
  },
  problems: ['not_found'],
  async handle({ params: { organization }, query, caller, lifecycle: { store }, deps: { signIn } }) {
    requireOrganization(caller, organization)
    if (!(await store.organization(organization))) throw notFound('organization')
    const { items, next } = await store.members({ ...pageAsked(query), organization })
    const people = await signIn?.people.findMany(items.map(({ user }) => user))
    return {
      members: items.map((member) => memberView(member, people?.get(member.user))),
      nextCursor: writeCursor(next),
    }
  },
})
