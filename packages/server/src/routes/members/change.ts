import { z } from '@hono/zod-openapi'
import { removeMember, setMemberIn } from '@keywright/core'
import { deletionQuery } from '../../control/deletion.ts'
import { notFound } from '../../control/problem.ts'
import { requireOrganization } from '../../control/reach.ts'
import { route } from '../../control/route.ts'
import { memberExample, memberSchema, memberView, refuseAbove, role } from './schemas.ts'

export const updateMemberRoute = route({
  operationId: 'updateMember',
  method: 'patch',
  path: '/v1/organizations/{organization}/members/{user}',
  tag: 'Members',
  summary: 'Give a member another role',
  description:
    'In force for their keys before this answers, where keys are as good as their makers. The last owner stays one.',
  permission: 'manage',
  body: z.strictObject({ role }).openapi('MemberPatch'),
  bodyExample: { role: 'admin' },
  answer: { status: 200, description: 'The member as they are now.', schema: memberSchema, example: memberExample },
  problems: ['not_found', 'conflict', 'role_missing'],
  async handle({ params: { organization, user }, body, caller, actor, lifecycle, deps: { signIn } }) {
    requireOrganization(caller, organization)
    const { role } = body
    const { result: member } = await lifecycle.store.transact(async (transaction) => {
      // Before any member, as whoever takes one out does.
      await transaction.organization(organization)
      const before = await transaction.member(organization, user)
      if (!before) throw notFound('member')
      refuseAbove(caller, organization, [before.role, role])
      return setMemberIn(transaction, lifecycle, actor, { organization, user, role })
    })
    return memberView(member, await signIn?.people.find(user))
  },
})

export const removeMemberRoute = route({
  operationId: 'removeMember',
  method: 'delete',
  path: '/v1/organizations/{organization}/members/{user}',
  tag: 'Members',
  summary: 'Take a person out of an organization',
  description:
    'The keys they have made there are revoked with it; ask with `dryRun=true` how many. The last owner stays.',
  permission: 'manage',
  query: deletionQuery,
  answer: {
    status: 200,
    description: 'They are out, or would be.',
    schema: z
      .strictObject({
        organization: z.string(),
        user: z.string(),
        keys: z.int().openapi({ description: 'How many keys were revoked, or would be.' }),
        dryRun: z.boolean(),
      })
      .openapi('MemberRemoval'),
    example: { organization: 'acme', user: memberExample.user, keys: 2, dryRun: false },
  },
  problems: ['not_found', 'conflict', 'role_missing'],
  async handle({ params: { organization, user }, query, caller, actor, lifecycle }) {
    // Whoever wants to leave may, whatever their role.
    const isLeaving = caller.person?.id === user && caller.places?.has(organization)
    if (!isLeaving) requireOrganization(caller, organization)
    if (!(await lifecycle.store.member(organization, user))) throw notFound('member')
    const { dryRun } = query
    const { keys } = await removeMember(lifecycle, actor, organization, user, {
      ...{ withKeys: true, dryRun },
      permit: (role) => isLeaving || refuseAbove(caller, organization, [role]),
    })
    return { organization, user, keys, dryRun }
  },
})
