import { Counter, Histogram, type Registry } from '@prometheus-io/client'

/** How the upstream did. */
export interface UpstreamMetrics {
  /** It began to answer, so long after it was asked. */
  answered(status: number, ms: number): void
  /** It did not, or broke off. */
  failed(why: UpstreamFailure): void
}

type UpstreamFailure = 'unreachable' | 'timeout' | 'broken'

const classes = [1, 2, 3, 4, 5] as const

export function measureUpstream(registry: Registry): UpstreamMetrics {
  const seconds = new Histogram({
    name: 'keywright_upstream_seconds',
    help: 'Time from asking the upstream to the head of its answer, by the class of its status.',
    labelNames: ['status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [registry],
  })
  const byClass = classes.map((first) => seconds.labels({ status: `${first}xx` }))
  const failures = new Counter({
    name: 'keywright_upstream_failures_total',
    help: 'Requests that the upstream could not be reached for (unreachable), did not answer in time (timeout), or broke off (broken).',
    labelNames: ['reason'],
    registers: [registry],
  })
  for (const reason of ['unreachable', 'timeout', 'broken']) failures.inc({ reason }, 0)

  return {
    answered(status, ms) {
      byClass[Math.trunc(status / 100) - 1]?.observe(ms / 1000)
    },
    failed: (reason) => failures.inc({ reason }),
  }
}
