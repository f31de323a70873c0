import type { KeyRecord, Store } from '@keywright/core'
import type { Caller } from '../../access/caller.ts'
import { notFound } from '../../control/problem.ts'
import { reached } from '../../control/reach.ts'

/** A deleted key is as if it had never been. @throws Problem */
export async function findKey(store: Store, caller: Caller, id: string): Promise<KeyRecord> {
  const key = reached(caller, await store.key(id), 'key')
  if (key.deletedAt) throw notFound('key')
  return key
}
