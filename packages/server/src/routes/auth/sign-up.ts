import { z } from '@hono/zod-openapi'
import {
  type Actor,
  createOrganizationIn,
  type InvitationRecord,
  type Lifecycle,
  type Store,
  setMemberIn,
} from '@keywright/core'
import { takePersonsTurn } from '../../access/persons-turn.ts'
import { placesOf } from '../../access/places.ts'
import { Problem } from '../../control/problem.ts'
import { problemOf } from '../../control/problem-of.ts'
import { openRoute } from '../../control/route.ts'
import { name } from '../../control/schemas.ts'
import { countAttempt, signUpBounds } from '../../sign-in/attempts.ts'
import { requireOwnPage, requireSignIn } from '../../sign-in/guard.ts'
import { acceptInvitation, openInvitation, refuseOtherAddress } from '../../sign-in/invitations.ts'
import type { Admitted, People, Person, Visit } from '../../sign-in/people.ts'
import type { SignIn } from '../../sign-in/sign-in.ts'
import { actorOfPerson, email, invitationToken, password, personView, signedInAnswer } from './schemas.ts'
import { signInWithin } from './sign-in.ts'

export const signUpRoute = openRoute({
  operationId: 'signUp',
  method: 'post',
  path: '/api/auth/sign-up/email',
  tag: 'Sign-in',
  summary: 'Make an account, and be signed in',
  description:
    'With an invitation, it gives the place that the invitation is for. Without one, where that is allowed, it makes an organization of one’s own, also for who has an account and its password, and no place.',
  permission: null,
  credentials: 'none',
  body: z.strictObject({ email, password, name, invitation: invitationToken.exactOptional() }).openapi('SignUp'),
  bodyExample: { email: 'ann@example.com', password: 'correct horse battery staple', name: 'Ann' },
  answer: signedInAnswer,
  problems: ['sign_up_closed', 'invitation_invalid', 'conflict', 'foreign_origin', 'too_many_attempts', 'sign_in_off'],
  async answerTo({ request, address, requestId, body, setCookies }, deps) {
    const signIn = requireSignIn(deps)
    requireOwnPage(request, signIn)
    const { invitation: token, ...input } = await body()
    await countAttempt(signIn.attempts, signUpBounds(address), deps.lifecycle.now())
    const invitation = token === undefined ? null : await openInvitation(deps.lifecycle, token)
    if (invitation) refuseOtherAddress(invitation, input)
    else if (signIn.signUp === 'invited') throw new Problem('sign_up_closed')
    const { people } = signIn
    const visit = { headers: request.headers, address }
    await people.clearUnfinished(input.email)
    const made = await people.signUp(input, visit)
    const admitted = made ?? (invitation ? null : await withoutPlace(signIn, deps.lifecycle, input, visit))
    if (!admitted) throw new Problem('conflict', 'There is an account with this address already. Sign in instead.')
    const { person, cookies } = admitted
    try {
      // Others who invite see the link themselves, and could sign up as whom they name.
      if (invitation?.organization === null) await people.prove(person.id)
      await settle(deps.lifecycle, people, actorOfPerson(person, { address, requestId }), person, invitation)
    } catch (error) {
      // Of anything but a refusal it is not known what became: they may have the place, and it has to stay theirs.
      if (made && problemOf(error)) await people.remove(person.id)
      throw error
    }
    setCookies(cookies)
    return { person: personView(person) }
  },
})

/**
 * Lets in who was left without a place, by a process that died in the middle of this for one, and signs up once more. With
 * an invitation they sign in and take it. null: they have a place, or another password.
 */
async function withoutPlace(
  signIn: SignIn,
  { store, now }: Lifecycle,
  input: { email: string; password: string },
  visit: Visit,
): Promise<Admitted | null> {
  const person = await signIn.people.findByEmail(input.email)
  if (!person || !(await hasNoPlace(store, person.id))) return null
  const admitted = await signInWithin(signIn, input, visit, now())
  return admitted && 'person' in admitted ? admitted : null
}

export async function hasNoPlace(store: Pick<Store, 'operator' | 'members'>, user: string): Promise<boolean> {
  return !(await store.operator(user)) && (await placesOf(store, user)).size === 0
}

/** An account without any place would be of no use to its owner, and in the way when they try again. */
export async function settle(
  lifecycle: Lifecycle,
  people: People,
  actor: Actor,
  person: Person,
  invitation: InvitationRecord | null,
): Promise<void> {
  if (invitation) {
    await acceptInvitation(lifecycle, people, actor, invitation, person.id)
    return
  }
  await lifecycle.store.transact(async (transaction) => {
    await takePersonsTurn(transaction, person.id)
    if ((await placesOf(transaction, person.id)).size > 0) return
    const now = await people.find(person.id)
    // Whoever is kept out has no place, and their session is none by now.
    if (!now || now.disabledAt) return
    const { id } = await createOrganizationIn(transaction, lifecycle, actor, { name: person.name })
    await setMemberIn(transaction, lifecycle, actor, { organization: id, user: person.id, role: 'owner' })
  })
}
