import { z } from '@hono/zod-openapi'
import { removeOperator } from '../../access/operators.ts'
import { pageAsked, writeCursor } from '../../control/cursor.ts'
import { requireWholeInstance } from '../../control/reach.ts'
import { route } from '../../control/route.ts'
import { pageOf, paging, time } from '../../control/schemas.ts'
import { requireSignIn } from '../../sign-in/guard.ts'
import { mayWrite } from '../../sign-in/invitation-letter.ts'
import { invitationSeconds, invite } from '../../sign-in/invitations.ts'
import { invitationLink } from '../../sign-in/sign-in.ts'
import { email } from '../auth/schemas.ts'
import { createdInvitationSchema, invitationExample, invitationView } from '../invitations/schemas.ts'

const operatorSchema = z
  .strictObject({ user: z.string(), email: z.string().nullable(), name: z.string().nullable(), createdAt: time })
  .openapi('Operator')

const operatorExample = {
  user: 'usr_01kahrp6e8m2x4c6v8b1n3k5j7',
  email: 'ann@example.com',
  name: 'Ann',
  createdAt: '2026-11-20T08:00:00.000Z',
}

export const listOperatorsRoute = route({
  operationId: 'listOperators',
  method: 'get',
  path: '/v1/operators',
  tag: 'Operators',
  summary: 'Who runs this instance',
  permission: '*',
  query: z.strictObject(paging),
  answer: {
    status: 200,
    description: 'A page of operators.',
    schema: pageOf('operators', operatorSchema),
    example: { operators: [operatorExample], nextCursor: null },
  },
  problems: [],
  async handle({ query, caller, lifecycle: { store }, deps: { signIn } }) {
    requireWholeInstance(caller)
    const { items, next } = await store.operators(pageAsked(query))
    const people = await signIn?.people.findMany(items.map(({ user }) => user))
    const operators = items.map(({ user, createdAt }) => {
      const { email = null, name = null } = people?.get(user) ?? {}
      return { user, email, name, createdAt: createdAt.toISOString() }
    })
    return { operators, nextCursor: writeCursor(next) }
  },
})

export const inviteOperatorRoute = route({
  operationId: 'inviteOperator',
  method: 'post',
  path: '/v1/operators/invitations',
  tag: 'Operators',
  summary: 'Invite another operator',
  permission: '*',
  body: z.strictObject({ email }).openapi('NewOperator'),
  bodyExample: { email: 'bob@example.com' },
  answer: {
    status: 201,
    description: 'The invitation and, this once, its link.',
    schema: createdInvitationSchema,
    example: {
      ...{ ...invitationExample, organization: null, role: 'operator' },
      ...{ link: 'https://keys.example.com/join#kwi_<shown once>', byMail: true },
    },
  },
  problems: ['sign_in_off'],
  async handle({ body, caller, actor, lifecycle, deps }) {
    requireWholeInstance(caller)
    const signIn = requireSignIn(deps)
    const { consoleUrl, letters } = signIn
    const inviter = caller.person?.id ?? null
    const { invitation, token } = await invite(lifecycle, actor, {
      ...{ organization: null, role: 'operator', email: body.email.toLowerCase() },
      ...{ createdBy: inviter, lifetimeSeconds: invitationSeconds },
    })
    const link = invitationLink(consoleUrl(), token)
    const byMail = await mayWrite(signIn, lifecycle, { to: body.email, inviter })
    const { expiresAt } = invitation
    if (byMail) letters.invitation(body.email, { place: `run ${consoleUrl()}`, link, expiresAt })
    return { ...invitationView(invitation), link, byMail }
  },
})

export const removeOperatorRoute = route({
  operationId: 'removeOperator',
  method: 'delete',
  path: '/v1/operators/{user}',
  tag: 'Operators',
  summary: 'Take the instance out of a person’s hands',
  description: 'Their CLI tokens end with it. The last operator stays one.',
  permission: '*',
  answer: {
    status: 200,
    description: 'They are an operator no more.',
    schema: z.strictObject({ user: z.string() }),
    example: { user: operatorExample.user },
  },
  problems: ['not_found', 'conflict'],
  async handle({ params: { user }, caller, actor, lifecycle }) {
    requireWholeInstance(caller)
    await removeOperator(lifecycle, actor, user)
    return { user }
  },
})
