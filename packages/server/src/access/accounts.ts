import {
  type Actor,
  checkLeaving,
  type Lifecycle,
  LifecycleError,
  type Role,
  removeMember,
  removeMemberIn,
  revokeKeysAhead,
  type Store,
  setMemberIn,
  type Transaction,
} from '@keywright/core'
import type { People } from '../sign-in/people.ts'
import { revokeCliTokensIn } from './cli-token-lifecycle.ts'
import { removeOperatorIn } from './operators.ts'
import { placesOf } from './places.ts'

/** What goes with an account, or would. */
export interface AccountRemoval {
  organizations: number
  keys: number
  cliTokens: number
  sessions: number
}

/**
 * Takes an account and all it holds: places, the keys that were made in them, CLI tokens, sessions. `dryRun` only counts.
 * @throws LifecycleError `conflict` where it is the last owner somewhere, or the last operator
 */
export async function removeAccount(
  lifecycle: Lifecycle,
  people: People,
  actor: Actor,
  user: string,
  { dryRun = false } = {},
): Promise<AccountRemoval> {
  if (!(await people.find(user))) throw noAccount(user)
  const sessions = (await people.sessions(user)).length
  const places = [...(await placesOf(lifecycle.store, user)).keys()]
  if (dryRun) return { ...(await countOf(lifecycle, actor, user, places)), sessions }
  const check = (transaction: Transaction) => checkRemoval(transaction, user)
  const all = places.map((organization) => ({ organization, user }))
  const ahead = await revokeKeysAhead(lifecycle, actor, all, check)
  const { result } = await lifecycle.store.transact(async (transaction) => {
    const places = await placesOf(transaction, user)
    let keys = 0
    for (const organization of places.keys()) {
      keys += (await removeMemberIn(transaction, lifecycle, actor, { organization, user }, ahead)).keys
    }
    const cliTokens = await openCliTokens(transaction, user, lifecycle.now())
    await endIn(transaction, lifecycle, actor, user)
    const details = { organizations: places.size, keys, cliTokens, sessions }
    const at = lifecycle.now()
    transaction.record({ action: 'person.removed', organization: null, target: user, actor, at, details })
    return { organizations: places.size, keys, cliTokens }
  })
  // Last, so that a removal that was cut short can be asked for again.
  await people.remove(user)
  return { ...result, sessions }
}

async function countOf(lifecycle: Lifecycle, actor: Actor, user: string, places: readonly string[]) {
  let keys = 0
  for (const organization of places) {
    keys += (await removeMember(lifecycle, actor, organization, user, { withKeys: true, dryRun: true })).keys
  }
  const cliTokens = await openCliTokens(lifecycle.store, user, lifecycle.now())
  return { organizations: places.length, keys, cliTokens }
}

/** What would refuse it, before any of their keys has ended. */
async function checkRemoval(transaction: Transaction, user: string): Promise<void> {
  for (const organization of (await placesOf(transaction, user)).keys()) {
    await checkLeaving(transaction, { organization, user })
  }
  const { items: operators } = await transaction.operators({ limit: 2 })
  if (operators.length === 1 && operators[0]?.user === user) {
    throw new LifecycleError('conflict', 'They are the last operator. Make someone else one first.')
  }
}

/**
 * Keeps an account out: its sessions and CLI tokens end, and it has no place anywhere until it is let in again, so that
 * keys that are as good as their maker's place are refused as well. An operator is none any more.
 */
export async function disableAccount(lifecycle: Lifecycle, people: People, actor: Actor, user: string): Promise<void> {
  const places = Object.fromEntries(await placesOf(lifecycle.store, user))
  const before = await people.disabledPlaces(user)
  if (before === null) throw noAccount(user)
  // First, and with all that is taken: whatever happens next, nobody comes in and nothing is forgotten.
  await people.disable(user, { ...before, ...places }, lifecycle.now())
  await lifecycle.store.transact(async (transaction) => {
    const at = lifecycle.now()
    for (const [organization, role] of await placesOf(transaction, user)) {
      await transaction.deleteMember(organization, user)
      const details = { role, keys: 0, disabled: true }
      const target = `${organization}/${user}`
      transaction.record({ action: 'member.removed', organization, target, actor, at, details })
    }
    await endIn(transaction, lifecycle, actor, user)
    transaction.record({ action: 'person.disabled', organization: null, target: user, actor, at, details: {} })
  })
}

/** Gives back the places that are still there to be had. */
export async function enableAccount(lifecycle: Lifecycle, people: People, actor: Actor, user: string): Promise<void> {
  const places = await people.disabledPlaces(user)
  if (places === null) throw noAccount(user)
  await lifecycle.store.transact(async (transaction) => {
    for (const [organization, role] of Object.entries(places)) {
      if (!(await transaction.organization(organization)) || (await transaction.member(organization, user))) continue
      await setMemberIn(transaction, lifecycle, actor, { organization, user, role: role as Role })
    }
    const at = lifecycle.now()
    transaction.record({ action: 'person.enabled', organization: null, target: user, actor, at, details: {} })
  })
  await people.enable(user)
}

async function endIn(transaction: Transaction, lifecycle: Lifecycle, actor: Actor, user: string): Promise<void> {
  const at = lifecycle.now()
  if (await removeOperatorIn(transaction, actor, user, at)) return
  await revokeCliTokensIn(transaction, actor, user, at)
}

async function openCliTokens(store: Pick<Store, 'cliTokens'>, user: string, now: Date): Promise<number> {
  let count = 0
  let after: string | undefined
  do {
    const page = await store.cliTokens({ user, ...(after !== undefined && { after }), limit: 200 })
    count += page.items.filter(({ revokedAt, expiresAt }) => !revokedAt && expiresAt > now).length
    after = page.next ?? undefined
  } while (after !== undefined)
  return count
}

function noAccount(user: string): LifecycleError {
  return new LifecycleError('not_found', `There is no account ${user.slice(0, 64)}.`)
}
