import type { Actor, Lifecycle } from '@keywright/core'
import { issueCliTokenIn } from '../../src/access/cli-token-lifecycle.ts'

export async function issueCliToken(lifecycle: Lifecycle, actor: Actor, about: { user: string; name: string }) {
  const { result } = await lifecycle.store.transact((transaction) =>
    issueCliTokenIn(transaction, lifecycle, actor, about),
  )
  return result
}
