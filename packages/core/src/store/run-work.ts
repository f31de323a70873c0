import type { ChangeEvent } from '../audit/event.ts'
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
    refuseDigests(events, digests)
    return { result, events }
  } finally {
    over = true
    await Promise.all(running)
  }
}

/** The log is exported and shown to people: a digest in it would let them try credentials offline. */
function refuseDigests(events: readonly ChangeEvent[], digests: ReadonlySet<string>): void {
  for (const event of events) {
    for (const [hex] of JSON.stringify(event).matchAll(/[0-9a-f]{64}/g)) {
      if (digests.has(hex)) throw new Error(`A recorded ${event.action} holds the digest of a credential.`)
    }
  }
}
