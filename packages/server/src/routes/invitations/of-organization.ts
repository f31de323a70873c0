import { z } from '@hono/zod-openapi'
import { pageAsked, writeCursor } from '../../control/cursor.ts'
import { notFound } from '../../control/problem.ts'
import { requireOrganization } from '../../control/reach.ts'
import { route } from '../../control/route.ts'
import { pageOf, paging } from '../../control/schemas.ts'
import { requireSignIn } from '../../sign-in/guard.ts'
import { mayWrite } from '../../sign-in/invitation-letter.ts'
import { invitationSeconds, invite, revokeInvitation } from '../../sign-in/invitations.ts'
import { invitationLink } from '../../sign-in/sign-in.ts'
import { email } from '../auth/schemas.ts'
import { refuseAbove, role } from '../members/schemas.ts'
import { createdInvitationSchema, invitationExample, invitationSchema, invitationView } from './schemas.ts'

const path = '/v1/organizations/{organization}/invitations'

export const createInvitationRoute = route({
  operationId: 'createInvitation',
  method: 'post',
  path,
  tag: 'Members',
  summary: 'Invite a person into an organization',
  description:
    'Only the address named can take the place, once, within seven days. An earlier link to it ends. Where mail is sent: five letters an hour to one address, a hundred an hour by one person, and where sign-up is open none by a person whose own address is not proved. `byMail` says whether one goes out; the link is in the answer in any case.',
  permission: 'manage',
  body: z.strictObject({ email, role }).openapi('NewInvitation'),
  bodyExample: { email: 'bob@example.com', role: 'member' },
  answer: {
    status: 201,
    description: 'The invitation and, this once, its link.',
    schema: createdInvitationSchema,
    example: { ...invitationExample, link: 'https://keys.example.com/join#kwi_<shown once>', byMail: true },
  },
  problems: ['not_found', 'role_missing', 'sign_in_off'],
  async handle({ params: { organization }, body, caller, actor, lifecycle, deps }) {
    requireOrganization(caller, organization)
    refuseAbove(caller, organization, [body.role])
    const signIn = requireSignIn(deps)
    const { consoleUrl, letters } = signIn
    const inviter = caller.person?.id ?? null
    const place = { organization, role: body.role, email: body.email.toLowerCase(), createdBy: inviter }
    const { invitation, token } = await invite(
      lifecycle,
      actor,
      { ...place, lifetimeSeconds: invitationSeconds },
      ({ role }) => refuseAbove(caller, organization, [role]),
    )
    const link = invitationLink(consoleUrl(), token)
    const name = (await lifecycle.store.organization(organization))?.name ?? organization
    const byMail = await mayWrite(signIn, lifecycle, { to: body.email, inviter })
    const { expiresAt } = invitation
    if (byMail) letters.invitation(body.email, { place: `${name} as ${body.role}`, link, expiresAt })
    return { ...invitationView(invitation), link, byMail }
  },
})

export const listInvitationsRoute = route({
  operationId: 'listInvitations',
  method: 'get',
  path,
  tag: 'Members',
  summary: 'List invitations into an organization',
  description:
    'Accepted, revoked and expired ones too, until 30 days after their time has run out; of links into the portal, the latest of each person.',
  permission: 'manage',
  query: z.strictObject(paging),
  answer: {
    status: 200,
    description: 'A page of invitations.',
    schema: pageOf('invitations', invitationSchema),
    example: { invitations: [invitationExample], nextCursor: null },
  },
  problems: ['not_found'],
  async handle({ params: { organization }, query, caller, lifecycle: { store } }) {
    requireOrganization(caller, organization)
    if (!(await store.organization(organization))) throw notFound('organization')
    const { items, next } = await store.invitations({ ...pageAsked(query), organization })
    return { invitations: items.map(invitationView), nextCursor: writeCursor(next) }
  },
})

export const revokeInvitationRoute = route({
  operationId: 'revokeInvitation',
  method: 'post',
  path: `${path}/{invitation}/revoke`,
  tag: 'Members',
  summary: 'Withdraw an invitation',
  permission: 'manage',
  answer: {
    status: 200,
    description: 'Its link opens nothing.',
    schema: invitationSchema,
    example: { ...invitationExample, revokedAt: '2026-11-21T08:00:00.000Z' },
  },
  problems: ['not_found', 'role_missing'],
  async handle({ params: { organization, invitation: id }, caller, actor, lifecycle }) {
    requireOrganization(caller, organization)
    const invitation = await revokeInvitation(lifecycle, actor, { id, organization }, ({ role }) =>
      refuseAbove(caller, organization, [role]),
    )
    return invitationView(invitation)
  },
})
