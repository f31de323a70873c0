import { type Actor, everyPage, type Lifecycle, LifecycleError, type Transaction } from '@keywright/core'
import { revokeCliTokensIn } from './cli-token-lifecycle.ts'
import { takePersonsTurn } from './persons-turn.ts'

/** Making an operator of one changes nothing. */
export async function addOperatorIn(transaction: Transaction, actor: Actor, user: string, at: Date): Promise<void> {
  if (await isOperatorIn(transaction, user)) return
  await transaction.putOperator({ user, createdAt: at })
  transaction.record({ action: 'operator.added', organization: null, target: user, actor, at, details: {} })
}

/**
 * Takes the instance out of a person's hands, and their CLI tokens with it. The last operator stays one: nobody could make
 * another. @throws LifecycleError
 */
export async function removeOperator({ store, now }: Lifecycle, actor: Actor, user: string): Promise<void> {
  await store.transact(async (transaction) => {
    // Before the rows of operators, as whoever gives or takes all they have does.
    await takePersonsTurn(transaction, user)
    if (await removeOperatorIn(transaction, actor, user, now())) return
    throw new LifecycleError('not_found', `${user} is no operator.`)
  })
}

export async function isOperatorIn(store: Pick<Transaction, 'operators'>, user: string): Promise<boolean> {
  for await (const operators of everyPage((page) => store.operators(page))) {
    if (operators.some((operator) => operator.user === user)) return true
  }
  return false
}

/** Whether they were one. @throws LifecycleError `conflict` for the last */
export async function removeOperatorIn(
  transaction: Transaction,
  actor: Actor,
  user: string,
  at: Date,
): Promise<boolean> {
  if (!(await isOperatorIn(transaction, user))) return false
  const { items } = await transaction.operators({ limit: 2 })
  if (items.length === 1) {
    throw new LifecycleError('conflict', 'This is the last operator. Make someone else one first.')
  }
  await transaction.deleteOperator(user)
  transaction.record({ action: 'operator.removed', organization: null, target: user, actor, at, details: {} })
  await revokeCliTokensIn(transaction, actor, user, at)
  return true
}
