import { collectDefaultMetrics, Registry } from '@prometheus-io/client'
import { requireServiceKey } from '../access/require-service-key.ts'
import type { ServiceKeys } from '../access/service-keys.ts'
import type { RawHandler } from '../control/listener.ts'
import { Problem, problemAnswer } from '../control/problem.ts'
import { answer } from '../http/answer.ts'
import { measureUpstream, type UpstreamMetrics } from './upstream.ts'
import { type CountVerdicts, countVerdicts } from './verdicts.ts'

export interface Metrics {
  counting: CountVerdicts
  upstream: UpstreamMetrics
  /** `GET /metrics`, for service keys with `metrics`. */
  endpoint: (authenticate: ServiceKeys['authenticate']) => RawHandler
}

export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 100 })

  return {
    counting: countVerdicts(registry),
    upstream: measureUpstream(registry),
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
