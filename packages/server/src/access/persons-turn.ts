import type { Transaction } from '@keywright/core'

/**
 * Whoever gives a person something, and whoever takes all they have: neither misses the other. Whether the account is
 * there, and not disabled, is asked in it, since accounts are kept elsewhere.
 */
export function takePersonsTurn(transaction: Transaction, user: string): Promise<void> {
  return transaction.takeTurn(`person ${user}`)
}
