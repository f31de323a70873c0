import {
  type Actor,
  type CliTokenRecord,
  everyPage,
  type Lifecycle,
  LifecycleError,
  newId,
  type Transaction,
} from '@keywright/core'
import { mintCliToken } from './cli-token-format.ts'
import { takePersonsTurn } from './persons-turn.ts'

const lifetimeDays = 90

/** A person's token for one machine, which the one answer that holds it hands over. In their turn. */
export async function issueCliTokenIn(
  transaction: Transaction,
  { digester, now }: Lifecycle,
  actor: Actor,
  { user, name }: { user: string; name: string },
): Promise<{ token: CliTokenRecord; credential: string }> {
  const { credential, hint } = mintCliToken()
  const at = now()
  const expiresAt = new Date(at.getTime() + lifetimeDays * 86_400_000)
  const token: CliTokenRecord = {
    ...{ id: newId('clt', at.getTime()), user, name, digest: digester.digest(credential), hint },
    ...{ createdAt: at, expiresAt, revokedAt: null, lastUsedAt: null },
  }
  await transaction.putCliToken(token)
  const details = { user, name, hint, expiresAt: expiresAt.toISOString() }
  transaction.record({ action: 'cli_token.created', organization: null, target: token.id, actor, at, details })
  return { token, credential }
}

/** For good. Revoking a revoked one changes nothing. @throws LifecycleError `not_found` where it is not this person's */
export async function revokeCliToken(
  { store, now }: Lifecycle,
  actor: Actor,
  { id, user }: { id: string; user: string },
): Promise<CliTokenRecord> {
  const { result } = await store.transact(async (transaction) => {
    const before = await transaction.cliToken(id)
    if (!before || before.user !== user) throw new LifecycleError('not_found', `There is no CLI token ${id}.`)
    return before.revokedAt ? before : revokedIn(transaction, actor, before, now())
  })
  return result
}

/** All that a person has, with those that are just being made. */
export async function revokeCliTokensIn(transaction: Transaction, actor: Actor, user: string, at: Date): Promise<void> {
  await takePersonsTurn(transaction, user)
  for await (const tokens of everyPage((page) => transaction.cliTokens({ user, ...page }))) {
    for (const token of tokens) if (!token.revokedAt) await revokedIn(transaction, actor, token, at)
  }
}

async function revokedIn(transaction: Transaction, actor: Actor, before: CliTokenRecord, at: Date) {
  const token = { ...before, revokedAt: at }
  await transaction.putCliToken(token)
  const details = { user: token.user, name: token.name }
  transaction.record({ action: 'cli_token.revoked', organization: null, target: token.id, actor, at, details })
  return token
}
