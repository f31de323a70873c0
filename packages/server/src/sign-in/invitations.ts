import {
  type Actor,
  type InvitationRecord,
  type Lifecycle,
  LifecycleError,
  newId,
  type Role,
  setMemberIn,
  type Transaction,
} from '@keywright/core'
import { revokeCliTokensIn } from '../access/cli-token-lifecycle.ts'
import { addOperatorIn, isOperatorIn } from '../access/operators.ts'
import { takePersonsTurn } from '../access/persons-turn.ts'
import { Problem } from '../control/problem.ts'
import { type Attempts, countAttempt, invitationBounds } from './attempts.ts'
import { refusePortalPerson } from './guard.ts'
import { isInvitation, mintInvitation } from './invitation-format.ts'
import type { People, Person } from './people.ts'
import { isPortalAddress } from './portal.ts'

export interface NewInvitation {
  /** null: to run the instance. */
  organization: string | null
  role: Role | 'operator'
  /** null: whoever has the link. */
  email: string | null
  createdBy: string | null
  lifetimeSeconds: number
}

/** How long a person has, who may be on holiday, to take a place that nobody else can take. */
export const invitationSeconds = 7 * 24 * 3600

/** Throws where an open invitation may not be ended by whoever asks for that. */
type RefuseToEnd = (open: InvitationRecord) => void

/** @throws LifecycleError `not_found` where there is no such organization */
export async function invite(
  { store, digester, now }: Lifecycle,
  actor: Actor,
  { organization, role, email, createdBy, lifetimeSeconds }: NewInvitation,
  refuseToEnd: RefuseToEnd = () => {},
): Promise<{ invitation: InvitationRecord; token: string }> {
  const token = mintInvitation()
  const { result } = await store.transact(async (transaction) => {
    if (!(await takeInvitationsTurn(transaction, organization))) {
      throw new LifecycleError('not_found', `There is no organization '${organization}'.`, 'organization')
    }
    const at = now()
    const expiresAt = new Date(at.getTime() + lifetimeSeconds * 1000)
    const invitation: InvitationRecord = {
      ...{ id: newId('inv', at.getTime()), organization, role, email, digest: digester.digest(token), createdBy },
      ...{ createdAt: at, expiresAt, acceptedAt: null, revokedAt: null },
    }
    // Whoever was sent two has one link that works.
    await revokeOpenIn(transaction, actor, { organization, email }, at, refuseToEnd)
    // One is made each time that a page is opened, and nobody looks at those of before.
    if (email !== null && isPortalAddress(email)) await transaction.deleteInvitations({ organization, email })
    await transaction.putInvitation(invitation)
    // No address: what stands in the log stays there for ever, and the invitation itself can be looked up by its id.
    const details = { role, expiresAt: expiresAt.toISOString() }
    transaction.record({ action: 'invitation.created', organization, target: invitation.id, actor, at, details })
    return invitation
  })
  return { invitation: result, token }
}

/**
 * Of one place they are made and taken one after the other: by the organization's row, which comes before any
 * invitation, or two would wait for each other. Whether there is such an organization.
 */
async function takeInvitationsTurn(transaction: Transaction, organization: string | null): Promise<boolean> {
  if (organization !== null) return (await transaction.organization(organization)) !== undefined
  await transaction.takeTurn('invitations of operators')
  return true
}

/** The place that a link is good for now. @throws Problem */
export async function openInvitation({ store, digester, now }: Lifecycle, token: string): Promise<InvitationRecord> {
  for (const digest of isInvitation(token) ? digester.candidates(token) : []) {
    const invitation = await store.invitation(digest)
    if (!invitation || !isOpen(invitation, now())) continue
    await refuseWithoutInviter(store, invitation)
    return invitation
  }
  throw new Problem('invitation_invalid')
}

/**
 * The same for whoever comes with a link. A right one is no guess: all customers of one network come by the same address,
 * each time that a page is opened.
 * @throws Problem
 */
export async function tryInvitation(
  lifecycle: Lifecycle,
  attempts: Attempts,
  address: string | null,
  readToken: () => Promise<string>,
): Promise<InvitationRecord> {
  const bounds = invitationBounds(address)
  await countAttempt(attempts, bounds, lifecycle.now())
  const invitation = await openInvitation(lifecycle, await readToken())
  for (const { name } of bounds) await attempts.uncount(name)
  return invitation
}

export function refuseOtherAddress({ email }: InvitationRecord, person: Pick<Person, 'email'>): void {
  if (email === null || email === person.email.toLowerCase()) return
  throw new Problem('invitation_invalid', 'This invitation is for another e-mail address than this account has.')
}

/** What a person gave ends with their right to give it: nobody comes back by a link they made before. @throws Problem */
async function refuseWithoutInviter(
  store: Pick<Transaction, 'member' | 'operators'>,
  { createdBy, organization, role }: InvitationRecord,
): Promise<void> {
  if (createdBy === null || (await isOperatorIn(store, createdBy))) return
  const place = organization === null ? undefined : await store.member(organization, createdBy)
  if (place?.role === 'owner' || (place?.role === 'admin' && role !== 'owner')) return
  throw new Problem('invitation_invalid', 'Whoever made this invitation may not give this place any more.')
}

/**
 * Gives the place to a person, once: of two who come with the same link the second is refused. Answers the role they have
 * now. @throws Problem, and LifecycleError `conflict` where the last owner would be none any more
 */
export async function acceptInvitation(
  lifecycle: Lifecycle,
  people: Pick<People, 'find' | 'endSessions'>,
  actor: Actor,
  { id, organization: place }: InvitationRecord,
  user: string,
): Promise<InvitationRecord['role']> {
  const { result } = await lifecycle.store.transact(async (transaction) => {
    await takePersonsTurn(transaction, user)
    const person = await people.find(user)
    // A place would be kept for them, and their keys would work again at once.
    if (!person || person.disabledAt)
      throw new Problem('invitation_invalid', 'This account can take no place while it is disabled.')
    const at = lifecycle.now()
    await takeInvitationsTurn(transaction, place)
    const invitation = await transaction.invitation(id)
    if (!invitation || !isOpen(invitation, at)) throw new Problem('invitation_invalid')
    // Whoever may ask for their portal links would be let in as an operator.
    if (invitation.email === null) refusePortalPerson(person)
    refuseOtherAddress(invitation, person)
    await refuseWithoutInviter(transaction, invitation)
    const { organization, role } = invitation
    const before = organization === null ? undefined : await transaction.member(organization, user)
    // A place somebody has already is changed by those who may, not by an old letter; a portal's link is their word of now.
    const given = before && !isPortalAddress(person.email) ? before.role : role
    await transaction.putInvitation({ ...invitation, acceptedAt: at })
    const details = { role: given, user }
    transaction.record({ action: 'invitation.accepted', organization, target: id, actor, at, details })
    if (organization === null || given === 'operator') await addOperatorIn(transaction, actor, user, at)
    else if (before?.role !== given) {
      await setMemberIn(transaction, lifecycle, actor, { organization, user, role: given })
      // What somebody holds since another role of theirs does not rise with it.
      if (before) {
        await revokeCliTokensIn(transaction, actor, user, at)
        await people.endSessions(user)
      }
    }
    return given
  })
  return result
}

/** Revoking a revoked or accepted one changes nothing. @throws LifecycleError */
export async function revokeInvitation(
  { store, now }: Lifecycle,
  actor: Actor,
  { id, organization }: Pick<InvitationRecord, 'id' | 'organization'>,
  refuseToEnd: RefuseToEnd,
): Promise<InvitationRecord> {
  const { result } = await store.transact(async (transaction) => {
    const before = await transaction.invitation(id)
    if (!before || before.organization !== organization) {
      throw new LifecycleError('not_found', 'There is no such invitation.')
    }
    if (before.acceptedAt || before.revokedAt) return before
    refuseToEnd(before)
    return revokedIn(transaction, actor, before, now())
  })
  return result
}

/**
 * The link that makes an operator of whoever opens it first; null where there is one, and so nobody who could be asked
 * for permission is missing. A link that was made before holds no more.
 */
export async function firstOperatorInvitation(lifecycle: Lifecycle): Promise<string | null> {
  const { items } = await lifecycle.store.operators({ limit: 1 })
  if (items.length > 0) return null
  const actor: Actor = { type: 'system', id: 'start', triggeredBy: 'api', address: null, requestId: null }
  const place = { organization: null, role: 'operator', email: null, createdBy: null } as const
  const { token } = await invite(lifecycle, actor, { ...place, lifetimeSeconds: 3600 })
  return token
}

function isOpen({ acceptedAt, revokedAt, expiresAt }: InvitationRecord, now: Date): boolean {
  return acceptedAt === null && revokedAt === null && expiresAt > now
}

async function revokeOpenIn(
  transaction: Transaction,
  actor: Actor,
  { organization, email }: Pick<InvitationRecord, 'organization' | 'email'>,
  at: Date,
  refuseToEnd: RefuseToEnd,
): Promise<void> {
  for (const invitation of await transaction.openInvitations({ organization, email, at })) {
    refuseToEnd(invitation)
    await revokedIn(transaction, actor, invitation, at)
  }
}

async function revokedIn(transaction: Transaction, actor: Actor, before: InvitationRecord, at: Date) {
  const invitation = { ...before, revokedAt: at }
  await transaction.putInvitation(invitation)
  const { id, organization, role } = invitation
  transaction.record({ action: 'invitation.revoked', organization, target: id, actor, at, details: { role } })
  return invitation
}
