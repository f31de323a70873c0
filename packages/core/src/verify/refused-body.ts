import type { Refusal, RefusalName } from '../contract/refusal.ts'
import type { Allowed, Attempt, Denied } from './outcome.ts'
import type { Verifier } from './verifier.ts'

/** What is wrong with a body that may name a namespace. */
export interface RefusedBody {
  refused: RefusalName
  /** Where more can be said than the contract's own words. */
  message?: string
  /** See `NamespaceFound`. */
  named?: string | null
}

/**
 * What somebody who holds a key is answered whose body cannot be passed on. It is judged as what it names, where they are
 * to be told that they may not go there, and otherwise as a namespace that is none: so it costs nothing, is recorded, and
 * the answer says what is left of their limits.
 */
export async function refuseBody(
  verifier: Verifier,
  attempt: Attempt,
  { principal }: Allowed,
  { refused, message, named }: RefusedBody,
): Promise<Denied | Refusal> {
  const permitted = principal?.namespaces ?? null
  const isOutside = typeof named === 'string' && permitted !== null && !permitted.includes(named)
  const outcome = await verifier.verify({ ...attempt, namespace: isOutside ? named : '' })
  if (named !== undefined && !outcome.allowed && outcome.reason === 'namespace_not_permitted') return outcome
  const { requestId = '' } = attempt
  return verifier.refusal(refused, { requestId, ...(message !== undefined && { message }) }, outcome)
}
