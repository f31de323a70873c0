import { z } from '@hono/zod-openapi'
import { Problem } from '../../control/problem.ts'
import { openRoute } from '../../control/route.ts'
import { requireOwnPage, requireSignIn } from '../../sign-in/guard.ts'
import { acceptInvitation, tryInvitation } from '../../sign-in/invitations.ts'
import { isPortalAddress } from '../../sign-in/portal.ts'
import { actorOfPerson, invitationToken, personExample, personSchema, personView } from './schemas.ts'

export const enterPortalRoute = openRoute({
  operationId: 'enterPortal',
  method: 'post',
  path: '/api/auth/portal',
  tag: 'Sign-in',
  summary: 'Be signed in by the link of a portal session',
  permission: null,
  credentials: 'none',
  body: z.strictObject({ portal: invitationToken }).openapi('PortalLink'),
  bodyExample: { portal: 'kwi_<from the link>' },
  answer: {
    status: 200,
    description: 'Who is signed in now; the session is in the cookie.',
    schema: z.strictObject({ person: personSchema, organization: z.string() }),
    example: { person: personExample, organization: 'acme' },
  },
  problems: ['invitation_invalid', 'conflict', 'foreign_origin', 'too_many_attempts', 'sign_in_off'],
  async answerTo({ request, address, requestId, body, setCookies }, deps) {
    const signIn = requireSignIn(deps)
    requireOwnPage(request, signIn)
    const { lifecycle } = deps
    const invitation = await tryInvitation(lifecycle, signIn.attempts, address, async () => (await body()).portal)
    const { email, organization } = invitation
    if (email === null || organization === null || !isPortalAddress(email)) throw new Problem('invitation_invalid')
    const person = await signIn.people.findByEmail(email)
    if (!person) throw new Problem('invitation_invalid')
    const actor = actorOfPerson(person, { address, requestId })
    await acceptInvitation(lifecycle, signIn.people, actor, invitation, person.id)
    const admitted = await signIn.people.admit(person.id, { headers: request.headers, address })
    if (!admitted) throw new Problem('invitation_invalid')
    setCookies(admitted.cookies)
    return { person: personView(person), organization }
  },
})
