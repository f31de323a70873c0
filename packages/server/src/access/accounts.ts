import {
  type Actor,
  checkLeaving,
  countKeysOf,
  everyPage,
  type Leaving,
  type Lifecycle,
  LifecycleError,
  type Role,
  removeMemberIn,
  revokeKeysAhead,
  type Store,
  setMemberIn,
  type Transaction,
} from '@keywright/core'
import type { People } from '../sign-in/people.ts'
import { revokeCliTokensIn } from './cli-token-lifecycle.ts'
import { isOperatorIn, removeOperatorIn } from './operators.ts'
import { takePersonsTurn } from './persons-turn.ts'
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
  { dryRun }: { dryRun: boolean },
): Promise<AccountRemoval> {
  const places = await placesEver(lifecycle, people, user)
  const sessions = (await people.sessions(user)).length
  const check = (transaction: Transaction) => checkRemoval(transaction, user, places)
  if (dryRun) {
    const { result } = await lifecycle.store.transact(check)
    return { ...(await countOf(lifecycle, user, result)), sessions }
  }
  const all = [...places.keys()].map((organization) => ({ organization, user }))
  const ahead = await revokeKeysAhead(lifecycle, actor, all, check)
  const { result } = await lifecycle.store.transact(async (transaction) => {
    await takePersonsTurn(transaction, user)
    const all = await checkRemoval(transaction, user, places)
    // From here on no link gives them another place. Nothing is forgotten should this be cut short.
    const kept = Object.fromEntries([...places, ...(await placesOf(transaction, user))])
    await people.disable(user, kept, lifecycle.now())
    let keys = 0
    for (const leaving of all) keys += (await removeMemberIn(transaction, lifecycle, actor, leaving, ahead)).keys
    const cliTokens = await openCliTokens(transaction, user, lifecycle.now())
    await endIn(transaction, lifecycle, actor, user)
    const details = { organizations: all.length, keys, cliTokens, sessions }
    const at = lifecycle.now()
    transaction.record({ action: 'person.removed', organization: null, target: user, actor, at, details })
    return { organizations: all.length, keys, cliTokens }
  })
  // Last, so that a removal that was cut short can be asked for again.
  await people.remove(user)
  return { ...result, sessions }
}

async function countOf(lifecycle: Lifecycle, user: string, all: readonly Leaving[]) {
  let keys = 0
  for (const leaving of all) keys += await countKeysOf(lifecycle, leaving)
  const cliTokens = await openCliTokens(lifecycle.store, user, lifecycle.now())
  return { organizations: all.length, keys, cliTokens }
}

/**
 * Where they belong, or did when they were disabled. Their places are read first: disabling writes them down before it
 * takes them.
 */
async function placesEver({ store }: Lifecycle, people: People, user: string): Promise<Map<string, Role>> {
  const places = await placesOf(store, user)
  const kept = await people.disabledPlaces(user)
  if (kept === null) throw noAccount(user)
  return new Map([...(Object.entries(kept) as [string, Role][]), ...places])
}

async function leavingIn(
  transaction: Transaction,
  user: string,
  before: ReadonlyMap<string, Role>,
): Promise<Leaving[]> {
  // Organizations before their members, in order: of two who are removed at once each would wait for the other.
  const there: string[] = []
  for (const id of [...before.keys()].sort()) if (await transaction.organization(id)) there.push(id)
  const places = await placesOf(transaction, user)
  const all: Leaving[] = [...places.keys()].map((organization) => ({ organization, user }))
  for (const organization of there) {
    const kept = before.get(organization)
    if (kept && !places.has(organization)) all.push({ organization, user, kept })
  }
  return all
}

/** What would refuse it, before any of their keys has ended. */
async function checkRemoval(
  transaction: Transaction,
  user: string,
  places: ReadonlyMap<string, Role>,
): Promise<Leaving[]> {
  const all = await leavingIn(transaction, user, places)
  for (const leaving of all) await checkLeaving(transaction, leaving)
  const { items: operators } = await transaction.operators({ limit: 2 })
  if (operators.length === 1 && operators[0]?.user === user) {
    throw new LifecycleError('conflict', 'They are the last operator. Make someone else one first.')
  }
  return all
}

/**
 * Keeps an account out: its sessions and CLI tokens end, and it has no place anywhere until it is let in again, so that
 * keys that are as good as their maker's place are refused as well.
 * @throws LifecycleError `conflict` for an operator
 */
export async function disableAccount(lifecycle: Lifecycle, people: People, actor: Actor, user: string): Promise<void> {
  let wasOut: boolean | undefined
  await lifecycle.store.transact(async (transaction) => {
    await takePersonsTurn(transaction, user)
    if (await isOperatorIn(transaction, user)) {
      throw new LifecycleError('conflict', 'They are an operator. Take the instance out of their hands first.')
    }
    const person = await people.find(user)
    const kept = await people.disabledPlaces(user)
    if (!person || !kept) throw noAccount(user)
    // As it was at first: a transaction may have to begin anew.
    wasOut ??= person.disabledAt !== null
    const at = lifecycle.now()
    const places = await placesOf(transaction, user)
    // First, and with all that is taken: whatever happens next, nobody comes in and nothing is forgotten.
    await people.disable(user, { ...kept, ...Object.fromEntries(places) }, at)
    for (const [organization, role] of places) {
      await transaction.deleteMember(organization, user)
      const details = { role, keys: 0, disabled: true }
      const target = `${organization}/${user}`
      transaction.record({ action: 'member.removed', organization, target, actor, at, details })
    }
    await revokeCliTokensIn(transaction, actor, user, at)
    if (wasOut && places.size === 0) return
    transaction.record({ action: 'person.disabled', organization: null, target: user, actor, at, details: {} })
  })
}

/** Gives back the places that are still there to be had. Letting in who is not kept out changes nothing. */
export async function enableAccount(lifecycle: Lifecycle, people: People, actor: Actor, user: string): Promise<void> {
  const { result: disabledAt } = await lifecycle.store.transact(async (transaction) => {
    await takePersonsTurn(transaction, user)
    const person = await people.find(user)
    const places = await people.disabledPlaces(user)
    if (!person || !places) throw noAccount(user)
    if (!person.disabledAt) return null
    for (const [organization, role] of Object.entries(places)) {
      if (!(await transaction.organization(organization)) || (await transaction.member(organization, user))) continue
      await setMemberIn(transaction, lifecycle, actor, { organization, user, role: role as Role })
    }
    const at = lifecycle.now()
    transaction.record({ action: 'person.enabled', organization: null, target: user, actor, at, details: {} })
    return person.disabledAt
  })
  if (!disabledAt) return
  await lifecycle.store.transact(async (transaction) => {
    await takePersonsTurn(transaction, user)
    // Whoever was kept out again meanwhile stays out, and what they had stays written down.
    if ((await people.find(user))?.disabledAt?.getTime() !== disabledAt.getTime()) return
    // What a sign-in has left that was under way as they were disabled.
    await people.endSessions(user)
    await people.enable(user)
  })
}

async function endIn(transaction: Transaction, lifecycle: Lifecycle, actor: Actor, user: string): Promise<void> {
  const at = lifecycle.now()
  if (await removeOperatorIn(transaction, actor, user, at)) return
  await revokeCliTokensIn(transaction, actor, user, at)
}

async function openCliTokens(store: Pick<Store, 'cliTokens'>, user: string, now: Date): Promise<number> {
  let count = 0
  for await (const tokens of everyPage((page) => store.cliTokens({ user, ...page }))) {
    count += tokens.filter(({ revokedAt, expiresAt }) => !revokedAt && expiresAt > now).length
  }
  return count
}

function noAccount(user: string): LifecycleError {
  return new LifecycleError('not_found', `There is no account ${user.slice(0, 64)}.`)
}
