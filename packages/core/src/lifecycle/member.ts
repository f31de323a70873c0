import type { Actor } from '../audit/event.ts'
import type { MemberRecord, Role } from '../store/records.ts'
import type { Transaction } from '../store/store.ts'
import { revokeAll } from './delete.ts'
import { existingOrganization, type Lifecycle, LifecycleError } from './lifecycle.ts'

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

/**
 * Takes a person out. Where a key is as good as its maker's place, their keys are refused from then on; `withKeys` revokes
 * every key they have made there, one event each, whatever the contract. `dryRun` only counts.
 */
export async function removeMember(
  lifecycle: Lifecycle,
  actor: Actor,
  organization: string,
  user: string,
  how: RemovalOptions = {},
): Promise<{ keys: number }> {
  const { result } = await lifecycle.store.transact((transaction) =>
    removeMemberIn(transaction, lifecycle, actor, { organization, user }, how),
  )
  return result
}

interface RemovalOptions {
  withKeys?: boolean
  dryRun?: boolean
}

/** The same as part of a larger transaction. */
export async function removeMemberIn(
  transaction: Transaction,
  { now }: Lifecycle,
  actor: Actor,
  { organization, user }: Omit<Place, 'role'>,
  { withKeys = false, dryRun = false }: RemovalOptions = {},
): Promise<{ keys: number }> {
  const member = await transaction.member(organization, user)
  if (!member) throw new LifecycleError('not_found', `${user} is no member of '${organization}'.`)
  if (member.role === 'owner') await keepAnOwner(transaction, organization, user)
  const at = now()
  const reason = 'The person who made it has left the organization.'
  const keys = withKeys ? await revokeAll(transaction, actor, { organization, createdBy: user, reason }, at, dryRun) : 0
  if (!dryRun) {
    await transaction.deleteMember(organization, user)
    const target = `${organization}/${user}`
    const details = { role: member.role, keys }
    transaction.record({ action: 'member.removed', organization, target, actor, at, details })
  }
  return { keys }
}

async function keepAnOwner(transaction: Transaction, organization: string, leaving: string): Promise<void> {
  let after: string | undefined
  do {
    const { items, next } = await transaction.members({ organization, limit: 1000, ...(after && { after }) })
    if (items.some(({ role, user }) => role === 'owner' && user !== leaving)) return
    after = next ?? undefined
  } while (after)
  throw new LifecycleError(
    'conflict',
    `'${organization}' would be left without an owner. Make someone else its owner first.`,
  )
}
