import { holonomix } from '@keywright/contracts'
import { createAddressing, issue, type Verifier } from '@keywright/core'
import { inMemory, testActor } from '@keywright/core/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEdge } from '../src/edge/edge.ts'
import { createFailedAttempts } from '../src/edge/failed-attempts.ts'
import { createGateway } from '../src/gateway/gateway.ts'
import { createHttpServer } from '../src/http/server.ts'
import { createLogger } from '../src/log/logger.ts'
import { createMetrics } from '../src/metrics/metrics.ts'
import { startUpstream, type Upstream } from './support/echo-upstream.ts'
import { rawRequest } from './support/raw-request.ts'

const stages = [
  'verify',
  'authenticate',
  'namespaceInBody',
  'responseHeaders',
  'identityHeaders',
] as const satisfies readonly (keyof Verifier)[]

const throwing = () => {
  throw new Error('broken on purpose')
}
const rejecting = () => Promise.reject(new Error('broken on purpose'))

describe('through an edge that is broken inside', () => {
  let upstream: Upstream

  beforeAll(async () => {
    upstream = await startUpstream()
  })
  afterAll(() => upstream.stop())

  /** A whole edge with a key of its own, but for the parts that are broken. */
  async function ask(broken: Partial<Record<keyof Verifier, () => unknown>>, method = 'POST') {
    const { lifecycle, organization, verifier: sound } = inMemory({ contract: holonomix })
    const { id } = await organization({ namespaces: ['default'] })
    const { credential } = await issue(lifecycle, testActor, { organization: id, name: 'test', limits: [] })
    const verifier = { ...sound, ...broken } as Verifier
    const log = createLogger({ redact: (line) => line, sink: { write: () => {} } })
    const addressing = createAddressing([])
    const gateway = createGateway({
      ...{ verifier, log, upstream: new URL(upstream.url), metrics: createMetrics().upstream },
      ...{ origin: () => ({ scheme: 'http', host: 'a' }), forwardedFor: addressing.chainOf },
    })
    const failedAttempts = createFailedAttempts(verifier)
    const server = createHttpServer(
      createEdge({
        verifier,
        gateway,
        routes: null,
        addressing,
        failedAttempts,
        accessLog: null,
        hasCredential: () => false,
        log,
      }),
    )
    const url = await server.listen('127.0.0.1', 0)
    const before = upstream.received.length
    const lines = [`X-Api-Key: ${credential}`, 'Content-Length: 2']
    const { status } = await rawRequest(url, { method, target: '/v1/put', lines, body: '{}' })
    await server.drain(0)
    await gateway.close()
    return { status, forwarded: upstream.received.length - before }
  }

  it('a request that is let through arrives once nothing is broken', async () => {
    expect(await ask({})).toEqual({ status: 200, forwarded: 1 })
  })

  it.each(stages)('a fault in %s is a 5xx, and nothing is forwarded', async (stage) => {
    const { status, forwarded } = await ask({ [stage]: throwing })
    expect(status).toBe(stage === 'verify' || stage === 'authenticate' ? 503 : 500)
    expect(forwarded).toBe(0)
  })

  it.each(['verify', 'authenticate'] as const)('so is one in %s that comes later', async (stage) => {
    expect(await ask({ [stage]: rejecting })).toEqual({ status: 503, forwarded: 0 })
  })

  it('so is one behind a verdict that was waited for', async () => {
    const verify = async () => ({ allowed: true, principal: null, limits: [], retiresAt: null })
    expect(await ask({ verify }, 'GET')).toEqual({ status: 200, forwarded: 1 })
    expect(await ask({ verify, responseHeaders: throwing }, 'GET')).toEqual({ status: 500, forwarded: 0 })
  })
})
