import type { ChangeEvent } from '../audit/event.ts'
import { hideDigests } from '../key/hide-digests.ts'
import type { Transaction } from './store.ts'

/** What a store's own transaction does; recording is the same for all stores, and done here. */
export type Operations = Omit<Transaction, 'record'>

/**
 * For those who write a store. Runs `work` over the operations of one open transaction, and answers its result with the
 * events to chain. Throws where the transaction must be rolled back: `work` threw; an operation failed, even if `work`
 * caught the error; or it wrote and recorded nothing. When it settles, no operation is running or will be any more.
 */
export async function runWork<T>(
  operations: Operations,
  work: (transaction: Transaction) => Promise<T>,
): Promise<{ result: T; events: ChangeEvent[] }> {
  const events: ChangeEvent[] = []
  const digests = new Set<string>()
  const running: Promise<unknown>[] = []
  const failures: unknown[] = []
  let wrote = false
  let over = false

  function refuseWhenOver(): void {
    if (over) throw new Error('This transaction is over: await everything that `work` does before it returns.')
  }

  function watched<A extends unknown[], R>(operation: (...input: A) => Promise<R>) {
    return (...input: A): Promise<R> => {
      refuseWhenOver()
      const answer = operation(...input)
      running.push(answer.catch((error) => failures.push(error)))
      return answer
    }
  }

  function writing<A extends unknown[]>(operation: (...input: A) => Promise<void>) {
    return watched((...input: A) => {
      wrote = true
      return operation(...input)
    })
  }

  const transaction: Transaction = {
    takeTurn: watched(operations.takeTurn),
    key: watched(operations.key),
    keys: watched(operations.keys),
    organization: watched(operations.organization),
    project: watched(operations.project),
    member: watched(operations.member),
    members: watched(operations.members),
    serviceKey: watched(operations.serviceKey),
    operators: watched(operations.operators),
    cliToken: watched(operations.cliToken),
    cliTokens: watched(operations.cliTokens),
    invitation: watched(operations.invitation),
    openInvitations: watched(operations.openInvitations),
    putKey: writing((key) => {
      for (const { digest } of key.versions) digests.add(digest)
      return operations.putKey(key)
    }),
    putOrganization: writing(operations.putOrganization),
    deleteOrganization: writing(operations.deleteOrganization),
    putProject: writing(operations.putProject),
    deleteProject: writing(operations.deleteProject),
    putMember: writing(operations.putMember),
    deleteMember: writing(operations.deleteMember),
    putServiceKey: writing((key) => {
      digests.add(key.digest)
      return operations.putServiceKey(key)
    }),
    putOperator: writing(operations.putOperator),
    deleteOperator: writing(operations.deleteOperator),
    putCliToken: writing((token) => {
      digests.add(token.digest)
      return operations.putCliToken(token)
    }),
    putInvitation: writing((invitation) => {
      digests.add(invitation.digest)
      return operations.putInvitation(invitation)
    }),
    deleteInvitations: writing(operations.deleteInvitations),
    pruneChanges: writing(operations.pruneChanges),
    record(event) {
      refuseWhenOver()
      events.push(structuredClone(event))
    },
  }

  try {
    const result = await work(transaction)
    over = true
    await Promise.all(running)
    if (failures.length > 0) throw failures[0]
    if (wrote && events.length === 0) throw new Error('A transaction that writes must record what it did.')
    return { result, events: events.map((event) => withoutDigests(event, digests)) }
  } finally {
    over = true
    await Promise.all(running)
  }
}

/**
 * The log is exported and shown to people: a digest in it would let them try credentials offline. Nothing is refused for
 * one, or a key could not be revoked for the very reason that its digest is known.
 */
function withoutDigests(event: ChangeEvent, digests: ReadonlySet<string>): ChangeEvent {
  const { at, ...rest } = event
  const text = JSON.stringify(rest)
  if (!/[0-9a-f]{64}/i.test(text)) return event
  return { ...(inStrings(JSON.parse(text), (it) => hideDigests(it, digests)) as typeof rest), at }
}

/** Also in the names of members: those of metadata are text from outside. */
function inStrings(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value)
  if (Array.isArray(value)) return value.map((one) => inStrings(one, change))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [change(name), inStrings(one, change)]))
}
