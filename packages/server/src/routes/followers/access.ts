import type { Caller } from '../../access/caller.ts'
import { Problem } from '../../control/problem.ts'

/** Whoever follows learns the digests of every organization's keys: machines that were given just that. @throws Problem */
export function requireFollower({ type, places }: Caller): void {
  if (type === 'service_key' && places === null) return
  throw new Problem('permission_missing', "This needs a service key with 'verify' that is bound to no organization.")
}
