import type { Freshness } from '../store/store.ts'
import type { Attempt, Outcome } from './outcome.ts'
import type { Verifier } from './verifier.ts'

type Ask = (attempt: Attempt) => Outcome | Promise<Outcome>

/** The same verifier, which throws where what it knows may be out of date: before it is asked, and when it answers late. */
export function leased(verifier: Verifier, freshness: Freshness): Verifier {
  function within(ask: Ask): Ask {
    return (attempt) => {
      const waiting = freshness.check()
      if (waiting) return waiting.then(() => ask(attempt)).then(stillWithin)
      const outcome = ask(attempt)
      return outcome instanceof Promise ? outcome.then(stillWithin) : outcome
    }
  }

  function stillWithin(outcome: Outcome): Outcome | Promise<Outcome> {
    return freshness.check()?.then(() => outcome) ?? outcome
  }

  const { verify, authenticate, peek } = verifier
  return { ...verifier, verify: within(verify), authenticate: within(authenticate), peek: within(peek) }
}
