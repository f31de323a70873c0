import type { DenialReason, Outcome, Verifier } from '@keywright/core'
import { Counter, type Registry } from '@prometheus-io/client'

/** Where a verdict is asked for: by the gateway, the contract's own routes, or one of the two endpoints. */
const routeClasses = ['gateway', 'contract', 'forward_auth', 'verify'] as const
type RouteClass = (typeof routeClasses)[number]

type Verdict = DenialReason | 'allowed' | 'failed'

/** The same verifier; its verdicts are counted by what they were, for one class of routes. */
export type CountVerdicts = (verifier: Verifier, route: RouteClass) => Verifier

export function countVerdicts(registry: Registry): CountVerdicts {
  const counts = new Map(routeClasses.map((route) => [route, new Map<Verdict, number>()]))
  new Counter({
    name: 'keywright_verdicts_total',
    help: 'Verdicts on requests, by what they were (allowed, a reason of denial, or failed where none could be reached) and where they were asked for.',
    labelNames: ['verdict', 'route'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [route, verdicts] of counts) {
        for (const [verdict, count] of verdicts) this.inc({ verdict, route }, count)
      }
    },
  })

  return (verifier, route) => {
    const own = counts.get(route) as Map<Verdict, number>
    const count = (verdict: Verdict): void => void own.set(verdict, (own.get(verdict) ?? 0) + 1)
    const counted = (outcome: Outcome): Outcome => {
      count(outcome.allowed ? 'allowed' : outcome.reason)
      return outcome
    }
    const denialCounted = (outcome: Outcome): Outcome => (outcome.allowed ? outcome : counted(outcome))
    const failed = (error: unknown): never => {
      count('failed')
      throw error
    }
    return {
      ...verifier,
      // Asked with a path, it is about a request, which a denial ends; one that is let on is verified still.
      authenticate(attempt) {
        const outcome = verifier.authenticate(attempt)
        if (attempt.path === undefined) return outcome
        return outcome instanceof Promise ? outcome.then(denialCounted, failed) : denialCounted(outcome)
      },
      verify(attempt) {
        try {
          const outcome = verifier.verify(attempt)
          return outcome instanceof Promise ? outcome.then(counted, failed) : counted(outcome)
        } catch (error) {
          return failed(error)
        }
      },
    }
  }
}
