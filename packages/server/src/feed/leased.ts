import type { Attempt, Outcome, Verifier } from '@keywright/core'
import type { Lease } from './lease.ts'

/** The same verifier, which throws `StaleError` where the lease does not hold: before it is asked, and when it answers late. */
export function leased(verifier: Verifier, lease: Lease): Verifier {
  function within(ask: (attempt: Attempt) => Outcome | Promise<Outcome>) {
    return (attempt: Attempt): Outcome | Promise<Outcome> => {
      lease.check()
      const outcome = ask(attempt)
      return outcome instanceof Promise ? outcome.then(stillWithin) : outcome
    }
  }

  function stillWithin(outcome: Outcome): Outcome {
    lease.check()
    return outcome
  }

  return { ...verifier, verify: within(verifier.verify), authenticate: within(verifier.authenticate) }
}
