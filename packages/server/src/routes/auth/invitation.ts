import { z } from '@hono/zod-openapi'
import type { InvitationRecord, Store } from '@keywright/core'
import { openRoute } from '../../control/route.ts'
import { time } from '../../control/schemas.ts'
import { requireOwnPage, requireSession, requireSignIn } from '../../sign-in/guard.ts'
import { acceptInvitation, tryInvitation } from '../../sign-in/invitations.ts'
import { actorOfPerson, invitationToken } from './schemas.ts'

const body = z.strictObject({ invitation: invitationToken }).openapi('InvitationLink')
const bodyExample = { invitation: 'kwi_<from the link>' }

const offerSchema = z
  .strictObject({
    role: z.enum(['owner', 'admin', 'member', 'operator']),
    organization: z.strictObject({ id: z.string(), name: z.string() }).nullable().openapi({
      description: 'null: to run the whole instance.',
    }),
    email: z.string().nullable().openapi({ description: 'The only address that may take it; null: any.' }),
    expiresAt: time,
  })
  .openapi('InvitationOffer')

const offerExample = {
  role: 'admin' as const,
  organization: { id: 'acme', name: 'Acme Corporation' },
  email: 'ann@example.com',
  expiresAt: '2026-11-27T08:00:00.000Z',
}

export const viewInvitationRoute = openRoute({
  operationId: 'viewInvitation',
  method: 'post',
  path: '/api/auth/invitation',
  tag: 'Sign-in',
  summary: 'What an invitation is for',
  permission: null,
  credentials: 'none',
  body,
  bodyExample,
  answer: { status: 200, description: 'The place it offers.', schema: offerSchema, example: offerExample },
  problems: ['invitation_invalid', 'foreign_origin', 'too_many_attempts', 'sign_in_off'],
  async answerTo({ request, address, body }, deps) {
    const signIn = requireSignIn(deps)
    requireOwnPage(request, signIn)
    const { lifecycle } = deps
    const token = async () => (await body()).invitation
    return offerView(await tryInvitation(lifecycle, signIn.attempts, address, token), lifecycle.store)
  },
})

export const acceptInvitationRoute = openRoute({
  operationId: 'acceptInvitation',
  method: 'post',
  path: '/api/auth/invitation/accept',
  tag: 'Sign-in',
  summary: 'Take the place, with the account you are signed in with',
  permission: null,
  credentials: 'session',
  body,
  bodyExample,
  answer: {
    status: 200,
    description: 'The place you have now: one you had before stays as it is.',
    schema: offerSchema,
    example: offerExample,
  },
  problems: [
    'invitation_invalid',
    'conflict',
    'not_signed_in',
    'permission_missing',
    'foreign_origin',
    'too_many_attempts',
    'sign_in_off',
  ],
  async answerTo({ request, address, requestId, body }, deps) {
    const signIn = requireSignIn(deps)
    const { person } = await requireSession(request, signIn)
    const { lifecycle } = deps
    const token = async () => (await body()).invitation
    const invitation = await tryInvitation(lifecycle, signIn.attempts, address, token)
    const actor = actorOfPerson(person, { address, requestId })
    const role = await acceptInvitation(lifecycle, signIn.people, actor, invitation, person.id)
    return offerView({ ...invitation, role }, lifecycle.store)
  },
})

async function offerView(
  { role, organization, email, expiresAt }: InvitationRecord,
  store: Pick<Store, 'organization'>,
): Promise<z.output<typeof offerSchema>> {
  const found = organization === null ? undefined : await store.organization(organization)
  return {
    role,
    organization: found ? { id: found.id, name: found.name } : null,
    email,
    expiresAt: expiresAt.toISOString(),
  }
}
