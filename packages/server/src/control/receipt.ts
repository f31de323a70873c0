import { setTimeout } from 'node:timers/promises'
import { type Change, emptyHead, type Head, type Store } from '@keywright/core'
import type { Nodes } from '../feed/nodes.ts'
import { Problem, unavailable } from './problem.ts'

/** Number and hash of a change: it cannot be guessed, and is not taken for another change after a restore. */
export type ReceiptText = `${number}.${string}`

const hashLength = 16

/** Shorter than a call with an `Idempotency-Key` may run. */
const longestWaitMs = 30_000
const askAgainMs = 50

/** `change` is null where nothing had to change: then all that is in force now is meant. */
export async function receiptOf(change: Change | null, store: Pick<Store, 'head'>): Promise<ReceiptText> {
  return receiptText(change ?? (await store.head()))
}

function receiptText({ number, hash }: Head): ReceiptText {
  return `${number}.${hash.slice(0, hashLength)}`
}

/** The change that a receipt was given for; undefined where this database does not know it. */
export async function changeOf(receipt: string, store: Pick<Store, 'changes'>): Promise<Change | undefined> {
  const [, number, hash] = /^([1-9]\d{0,14})\.([0-9a-f]{16})$/.exec(receipt) ?? []
  if (number === undefined || hash === undefined) return undefined
  const [change] = await store.changes(Number(number) - 1, 1)
  return change?.number === Number(number) && change.hash.startsWith(hash) ? change : undefined
}

/**
 * Resolves once no node may accept what the change took away.
 * @throws Problem `nodes_pending` after half a minute, `unavailable` where the database has lost the change meanwhile
 */
export async function awaitAll(
  receipt: ReceiptText,
  store: Pick<Store, 'changes'>,
  nodes: Pick<Nodes, 'appliedBy'>,
): Promise<void> {
  if (receipt === receiptText(emptyHead)) return
  const change = await keptChange(receipt, store)
  const until = performance.now() + longestWaitMs
  for (;;) {
    const { pending } = await nodes.appliedBy(change)
    if (pending.length === 0) {
      // Nodes tell of numbers alone, which are given again after a loss.
      await keptChange(receipt, store)
      return
    }
    if (performance.now() >= until) {
      throw new Problem('nodes_pending', `The key is revoked. Not confirmed by ${pending.join(', ')}: ask ${receipt}.`)
    }
    await setTimeout(askAgainMs)
  }
}

async function keptChange(receipt: ReceiptText, store: Pick<Store, 'changes'>): Promise<Change> {
  const change = await changeOf(receipt, store)
  if (change) return change
  throw unavailable(`The database has lost the change ${receipt}. Make the call again.`)
}
