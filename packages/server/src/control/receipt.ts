import type { Change, Store } from '@keywright/core'

/** Number and hash of a change: it cannot be guessed, and is not taken for another change after a restore. */
export type ReceiptText = `${number}.${string}`

const hashLength = 16

/** `change` is null where nothing had to change: then all that is in force now is meant. */
export async function receiptOf(change: Change | null, store: Pick<Store, 'head'>): Promise<ReceiptText> {
  const { number, hash } = change ?? (await store.head())
  return `${number}.${hash.slice(0, hashLength)}`
}

/** The change that a receipt was given for; undefined where this database does not know it. */
export async function changeOf(receipt: string, store: Pick<Store, 'changes'>): Promise<Change | undefined> {
  const [, number, hash] = /^([1-9]\d{0,14})\.([0-9a-f]{16})$/.exec(receipt) ?? []
  if (number === undefined || hash === undefined) return undefined
  const [change] = await store.changes(Number(number) - 1, 1)
  return change?.number === Number(number) && change.hash.startsWith(hash) ? change : undefined
}
