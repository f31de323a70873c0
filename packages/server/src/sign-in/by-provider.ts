import { hash } from 'node:crypto'
import type { Lifecycle } from '@keywright/core'
import { Problem } from '../control/problem.ts'
import { problemOf } from '../control/problem-of.ts'
import { actorOfPerson } from '../routes/auth/schemas.ts'
import { hasNoPlace, settle } from '../routes/auth/sign-up.ts'
import { refuseStale } from './guard.ts'
import { acceptInvitation, openInvitation, refuseOtherAddress } from './invitations.ts'
import type { Admitted, Person, Visit } from './people.ts'
import type { Errand, Identity } from './providers.ts'
import type { SignIn } from './sign-in.ts'

interface From {
  address: string | null
  requestId: string
}

/** Of a node that ends in the middle. */
const turnSeconds = 60

/**
 * Lets in whom a provider has vouched for. It makes no operator, takes an address only where the provider has proved it,
 * and an account that is here already only once its owner has linked it. @throws Problem
 */
export async function admitByProvider(
  signIn: SignIn,
  lifecycle: Lifecycle,
  back: { identity: Identity; errand: Errand },
  request: Request,
  from: From,
): Promise<Admitted> {
  const { attempts } = signIn
  const { issuer, subject } = back.identity
  // Of two who come as one at once the second starts again: it could find half an account, or one without its place.
  const turn = `provider:${hash('sha256', JSON.stringify([issuer, subject])).slice(0, 32)}`
  if ((await attempts.count(turn, turnSeconds, lifecycle.now())).count > 1) throw new Problem('provider_refused')
  try {
    return await admit(signIn, lifecycle, back, request, from)
  } finally {
    await attempts.forget(turn)
  }
}

async function admit(
  { people, sessions, signUp }: SignIn,
  lifecycle: Lifecycle,
  { identity, errand }: { identity: Identity; errand: Errand },
  request: Request,
  from: From,
): Promise<Admitted> {
  const visit: Visit = { headers: request.headers, address: from.address }
  const known = await people.byProvider(identity)
  if (errand.person !== null) {
    const current = await sessions.of({ method: 'GET', headers: request.headers })
    if (current?.person.id !== errand.person) throw new Problem('not_signed_in')
    refuseStale(current.session, lifecycle.now())
    if (known && known.id !== errand.person) throw new Problem('conflict', 'Another account is linked with it already.')
    if (!known) await link(people, lifecycle, current.person, identity, from)
    // The session stays: a new one would be as good as one of who has just given the password.
    return { person: current.person, cookies: [] }
  }
  const person = known ?? (await newPerson())
  if (known && errand.invitation !== null) await accept(known, errand.invitation)
  else if (known && signUp === 'open' && (await hasNoPlace(lifecycle.store, known.id))) {
    // A process that died in the middle of signing them up leaves them without any.
    await settle(lifecycle, people, actorOfPerson(known, from), known, null)
  }
  return admitted(await people.admit(person.id, visit))

  async function newPerson(): Promise<Person> {
    const { email } = identity
    if (email === null) throw new Problem('provider_email_unverified')
    await people.clearUnfinished(email)
    if (await people.findByEmail(email)) throw new Problem('provider_not_linked')
    const invitation = errand.invitation === null ? null : await invitationFor(errand.invitation, { email })
    if (!invitation && signUp === 'invited') throw new Problem('sign_up_closed')
    const made = await people.signUpByProvider({ ...identity, email })
    if (!made) throw new Problem('provider_not_linked')
    try {
      await settle(lifecycle, people, actorOfPerson(made, from), made, invitation)
    } catch (error) {
      // As where somebody signs up by a password.
      if (problemOf(error)) await people.remove(made.id)
      throw error
    }
    return made
  }

  async function accept(who: Person, token: string): Promise<void> {
    const invitation = await invitationFor(token, who)
    await acceptInvitation(lifecycle, people, actorOfPerson(who, from), invitation, who.id)
  }

  async function invitationFor(token: string, who: Pick<Person, 'email'>) {
    const invitation = await openInvitation(lifecycle, token)
    if (invitation.organization === null) {
      throw new Problem('invitation_invalid', 'A provider makes no operator: take this place with a password.')
    }
    refuseOtherAddress(invitation, who)
    return invitation
  }
}

async function link(
  people: SignIn['people'],
  { store, now }: Lifecycle,
  person: Person,
  identity: Identity,
  from: From,
): Promise<void> {
  await store.transact(async (transaction) => {
    const details = { issuer: identity.issuer }
    const place = { organization: null, target: person.id }
    const actor = actorOfPerson(person, from)
    transaction.record({ action: 'person.provider_linked', ...place, actor, at: now(), details })
  })
  if (!(await people.linkProvider(person.id, identity))) throw new Problem('not_signed_in')
}

function admitted(found: Admitted | null): Admitted {
  if (found) return found
  throw new Problem('sign_in_failed')
}
