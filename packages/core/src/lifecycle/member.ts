import type { Actor } from '../audit/event.ts'
import type { Role } from '../contract/contract.ts'
import { everyPage } from '../store/page.ts'
import type { MemberRecord } from '../store/records.ts'
import type { Transaction, UnrevokedFilter } from '../store/store.ts'
import { existingOrganization, type Lifecycle, LifecycleError } from './lifecycle.ts'
import { revokeAhead, revokeAllIn } from './revoke-all.ts'

/** Who belongs where, as what. */
export interface Place {
  organization: string
  user: string
  role: Role
}

/** Puts a person into an organization, or gives them another role there. The last owner keeps theirs. */
export async function setMember(lifecycle: Lifecycle, actor: Actor, input: Place): Promise<MemberRecord> {
  const { result } = await lifecycle.store.transact((transaction) => setMemberIn(transaction, lifecycle, actor, input))
  return result
}

/** The same as part of a larger transaction. */
export async function setMemberIn(
  transaction: Transaction,
  { now }: Lifecycle,
  actor: Actor,
  { organization, user, role }: Place,
): Promise<MemberRecord> {
  await existingOrganization(transaction, organization)
  const before = await transaction.member(organization, user)
  if (before?.role === role) return before
  if (before?.role === 'owner') await keepAnOwner(transaction, organization, user)
  const at = now()
  const member = { organization, user, role, createdAt: before?.createdAt ?? at }
  await transaction.putMember(member)
  const details = before ? { role, before: before.role } : { role }
  const action = before ? 'member.updated' : 'member.added'
  transaction.record({ action, organization, target: `${organization}/${user}`, actor, at, details })
  return member
}

/** Who goes, and from where. `kept`: what they would be again, if they have no place there for now. */
export type Leaving = Omit<Place, 'role'> & { kept?: Role }

export interface RemovalOptions {
  withKeys?: boolean
  dryRun?: boolean
  permit?: (role: Role) => void
}

/**
 * Takes a person out. Where a key is as good as its maker's place, their keys are refused from then on; `withKeys` revokes
 * every key they have made there, one event each, whatever the contract. `dryRun` only counts. `permit` throws where
 * whoever asks may not take the place of such a role.
 */
export async function removeMember(
  lifecycle: Lifecycle,
  actor: Actor,
  organization: string,
  user: string,
  { withKeys = false, dryRun = false, permit = () => {} }: RemovalOptions = {},
): Promise<{ keys: number }> {
  const { store } = lifecycle
  const leaving = { organization, user }
  const check = (transaction: Transaction) => checkLeaving(transaction, leaving, permit)
  if (dryRun) {
    await store.transact(check)
    return { keys: withKeys ? await countKeysOf(lifecycle, leaving) : 0 }
  }
  const ahead = withKeys ? await revokeKeysAhead(lifecycle, actor, [leaving], check) : null
  const { result } = await store.transact((transaction) =>
    removeMemberIn(transaction, lifecycle, actor, leaving, ahead, permit),
  )
  return result
}

/** The same as part of a larger transaction. `ahead`: with their keys, so many of which `revokeKeysAhead` has ended. */
export async function removeMemberIn(
  transaction: Transaction,
  lifecycle: Lifecycle,
  actor: Actor,
  leaving: Leaving,
  ahead: ReadonlyMap<string, number> | null,
  permit?: RemovalOptions['permit'],
): Promise<{ keys: number }> {
  const { organization, user } = leaving
  const role = await checkLeaving(transaction, leaving, permit)
  const keys = ahead
    ? (ahead.get(organization) ?? 0) + (await revokeAllIn(transaction, lifecycle, actor, keysOf(leaving), reason))
    : 0
  await transaction.deleteMember(organization, user)
  const details = { role, keys }
  const target = `${organization}/${user}`
  transaction.record({ action: 'member.removed', organization, target, actor, at: lifecycle.now(), details })
  return { keys }
}

/** Of those they have made as many as one transaction would not take along. @returns how many in each organization */
export function revokeKeysAhead(
  lifecycle: Lifecycle,
  actor: Actor,
  all: readonly Leaving[],
  check: (transaction: Transaction) => Promise<unknown>,
): Promise<ReadonlyMap<string, number>> {
  return revokeAhead(lifecycle, actor, all.map(keysOf), reason, check)
}

/** Of those they have made, how many are still to be revoked. */
export function countKeysOf({ store }: Lifecycle, leaving: Leaving): Promise<number> {
  return store.countUnrevoked(keysOf(leaving))
}

/** What they are, which `permit` sees first. @throws LifecycleError where they are not there, or its last owner */
export async function checkLeaving(
  transaction: Transaction,
  { organization, user, kept }: Leaving,
  permit: (role: Role) => void = () => {},
): Promise<Role> {
  // Before any member, as whoever sets a role does: of two who are taken out at once each would wait for the other.
  await transaction.organization(organization)
  const role = (await transaction.member(organization, user))?.role ?? kept
  if (!role) throw new LifecycleError('not_found', `${user} is no member of '${organization}'.`)
  permit(role)
  if (role === 'owner') await keepAnOwner(transaction, organization, user)
  return role
}

const reason = 'The person who made it has left the organization.'

function keysOf({ organization, user }: Leaving): UnrevokedFilter {
  return { organization, createdBy: user }
}

async function keepAnOwner(transaction: Transaction, organization: string, leaving: string): Promise<void> {
  for await (const members of everyPage((page) => transaction.members({ organization, ...page }))) {
    if (members.some(({ role, user }) => role === 'owner' && user !== leaving)) return
  }
  throw new LifecycleError(
    'conflict',
    `'${organization}' would be left without an owner. Make someone else its owner first.`,
  )
}
