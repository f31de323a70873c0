import { z } from '@hono/zod-openapi'
import { notFound, Problem } from '../../control/problem.ts'
import { requireOrganization } from '../../control/reach.ts'
import { route } from '../../control/route.ts'
import { id, name, time } from '../../control/schemas.ts'
import { requireSignIn } from '../../sign-in/guard.ts'
import { invite } from '../../sign-in/invitations.ts'
import { portalAddress } from '../../sign-in/portal.ts'
import { role } from '../members/schemas.ts'

const lifetimeSeconds = 300

export const createPortalSessionRoute = route({
  operationId: 'createPortalSession',
  method: 'post',
  path: '/v1/portal-sessions',
  tag: 'Portal',
  summary: 'Let a customer into the console without a second sign-in',
  description:
    'Answers a link that works once, for five minutes, and opens the console as a person of this organization alone. The same `user` is the same person each time; the role is that of the latest link. For service keys alone.',
  permission: 'manage',
  body: z
    .strictObject({ organization: id, user: name.openapi({ description: 'As you call them; shown to people.' }), role })
    .openapi('NewPortalSession'),
  bodyExample: { organization: 'acme', user: 'ann@example.com', role: 'admin' },
  answer: {
    status: 201,
    description: 'Where to send the browser.',
    schema: z.strictObject({ link: z.string(), expiresAt: time }).openapi('PortalSession'),
    example: {
      link: 'https://keys.example.com/portal#kwi_<shown once>',
      expiresAt: '2026-11-20T08:05:00.000Z',
    },
  },
  problems: ['not_found', 'role_missing', 'sign_in_off'],
  async handle({ body: { organization, user, role }, caller, actor, lifecycle, deps }) {
    // A link opens the place of somebody else: no person makes one, or an admin would be whom they name.
    if (caller.type !== 'service_key') {
      throw new Problem('permission_missing', "This needs a service key with the permission 'manage'.")
    }
    requireOrganization(caller, organization)
    const { consoleUrl, people, portalPassword } = requireSignIn(deps)
    if (!(await lifecycle.store.organization(organization))) throw notFound('organization')
    const email = portalAddress(organization, user)
    await people.ensure({ email, password: portalPassword(email), name: user })
    const place = { organization, role, email, createdBy: null }
    const { invitation, token } = await invite(lifecycle, actor, { ...place, lifetimeSeconds })
    return { link: `${consoleUrl()}/portal#${token}`, expiresAt: invitation.expiresAt.toISOString() }
  },
})
