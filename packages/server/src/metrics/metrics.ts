import { Counter, collectDefaultMetrics, Registry } from '@prometheus-io/client'
import { requireServiceKey } from '../access/require-service-key.ts'
import type { ServiceKeys } from '../access/service-keys.ts'
import type { RawHandler } from '../control/listener.ts'
import { Problem, problemAnswer } from '../control/problem.ts'
import { boundToOne } from '../control/reach.ts'
import { answer } from '../http/answer.ts'
import type { Dropped } from '../usage/usage-store.ts'
import { measureUpstream, type UpstreamMetrics } from './upstream.ts'
import { type CountVerdicts, countVerdicts } from './verdicts.ts'

export interface Metrics {
  counting: CountVerdicts
  upstream: UpstreamMetrics
  /** Of what is recorded of verifications: what its bounds have cost. */
  dropped: (kind: Dropped['kind'], count: number) => void
  /** `GET /metrics`, for service keys with `metrics` that are bound to no organization. */
  endpoint: (authenticate: ServiceKeys['authenticate']) => RawHandler
}

export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 100 })

  const dropped = new Counter({
    name: 'keywright_usage_dropped_total',
    help: 'Of what is recorded of verifications, how much was dropped to stay within bounds: lines about callers, refusals, or counts of verifications.',
    labelNames: ['kind'],
    registers: [registry],
  })
  for (const kind of ['callers', 'refusals', 'counts'] as const) dropped.inc({ kind }, 0)

  return {
    dropped: (kind, count) => dropped.inc({ kind }, count),
    counting: countVerdicts(registry),
    upstream: measureUpstream(registry),
    endpoint: (authenticate) => async (request, response, requestId) => {
      try {
        const { organization } = await requireServiceKey(request, authenticate, 'metrics')
        if (organization !== null) throw boundToOne()
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
