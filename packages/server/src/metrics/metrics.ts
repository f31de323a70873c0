import type { DenialReason, Outcome, Verifier } from '@keywright/core'
import { Counter, collectDefaultMetrics, Registry } from '@prometheus-io/client'
import { requireServiceKey } from '../access/require-service-key.ts'
import type { ServiceKeys } from '../access/service-keys.ts'
import type { RawHandler } from '../control/listener.ts'
import { Problem, problemAnswer } from '../control/problem.ts'
import { answer } from '../http/answer.ts'

export interface Metrics {
  /** The same verifier; its verdicts are counted by their reason. */
  counting: (verifier: Verifier) => Verifier
  /** `GET /metrics`, for service keys with `metrics`. */
  endpoint: (authenticate: ServiceKeys['authenticate']) => RawHandler
}

export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 100 })
  const counts = new Map<DenialReason | 'allowed' | 'failed', number>()
  new Counter({
    name: 'keywright_verdicts_total',
    help: 'Verdicts on requests, by what they were: allowed, a reason of denial, or failed where none could be reached.',
    labelNames: ['verdict'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [verdict, count] of counts) this.inc({ verdict }, count)
    },
  })

  function count(verdict: DenialReason | 'allowed' | 'failed'): void {
    counts.set(verdict, (counts.get(verdict) ?? 0) + 1)
  }

  function counted(outcome: Outcome): Outcome {
    count(outcome.allowed ? 'allowed' : outcome.reason)
    return outcome
  }

  function failed(error: unknown): never {
    count('failed')
    throw error
  }

  return {
    counting: (verifier) => ({
      ...verifier,
      verify(attempt) {
        try {
          const outcome = verifier.verify(attempt)
          return outcome instanceof Promise ? outcome.then(counted, failed) : counted(outcome)
        } catch (error) {
          return failed(error)
        }
      },
    }),
    endpoint: (authenticate) => async (request, response, requestId) => {
      try {
        await requireServiceKey(request, authenticate, 'metrics')
      } catch (error) {
        if (!(error instanceof Problem)) throw error
        answer(response, problemAnswer(error, requestId), requestId)
        return
      }
      const headers = { 'content-type': registry.contentType, 'cache-control': 'no-store' }
      answer(response, { status: 200, headers, body: await registry.metrics() }, requestId)
    },
  }
}
