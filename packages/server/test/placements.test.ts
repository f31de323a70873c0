import { createServer, type Server } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { createVerifier, remote } from '@keywright/core'
import { type PlacementRequest, placementConformance } from '@keywright/core/testing'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { bytesOf, type GuardedApp, guardedApps, urlOf } from './support/guarded-app.ts'
import { type RawAnswer, rawRequest } from './support/raw-request.ts'
import { serviceKey, startServer, type TestServer } from './support/start-server.ts'

const contracts = {
  keywright: '/v1/things',
  hopx: '/v1/sandboxes',
  operate: '/v1/orders',
  holonomix: '/v1/list/default/a',
}

describe.each(Object.entries(contracts))('the contract %s', (contract, path) => {
  let server: TestServer
  let upstream: Server

  beforeAll(async () => {
    upstream = createServer(async (request, response) => void response.end(await bytesOf(request)))
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
    server = await startServer({ contract, upstream: urlOf(upstream) })
  })
  afterAll(async () => {
    await server.stop()
    upstream.close()
  })

  const placement = (ask: (request: PlacementRequest) => Promise<RawAnswer>) => () => ({
    contract: server.lifecycle.contract,
    issue: server.issueElsewhere,
    revoke: server.revoke,
    ask,
  })
  const asked = (url: string, { method, target, lines, body = '' }: PlacementRequest) =>
    rawRequest(url, { method, target, lines, body })

  describe('at the gateway', () => {
    const ask = (request: PlacementRequest) => asked(server.edge, request)
    placementConformance({ describe, it, placement: placement(ask), path, answersCallers: true, seesBodies: true })
  })

  describe('behind a proxy that asks forward-auth', () => {
    const ask = async ({ method, target, lines }: PlacementRequest) => {
      const framed = lines.filter((line) => !/^content-/i.test(line))
      const original = [...framed, `X-Forwarded-Method: ${method}`, `X-Forwarded-Uri: ${target}`]
      const answer = await asked(server.control, { method: 'GET', target: '/v1/forward-auth', lines: original })
      return method === 'HEAD' ? { ...answer, body: '' } : answer
    }
    placementConformance({ describe, it, placement: placement(ask), path, answersCallers: false, seesBodies: false })
  })

  describe('behind code that asks the verify endpoint', () => {
    const ask = async ({ method, target, lines }: PlacementRequest) => {
      const headers = lines.flatMap((line) => line.split(/: ?(.*)/s).slice(0, 2))
      const ids = lines.filter((line) => /^x-request-id/i.test(line))
      const body = JSON.stringify({
        headers,
        method,
        path: target,
        ip: '127.0.0.1',
      })
      const own = [
        `Authorization: Bearer ${serviceKey}`,
        'Content-Type: application/json',
        `Content-Length: ${body.length}`,
      ]
      const told = await asked(server.control, { method: 'POST', target: '/v1/verify', lines: [...own, ...ids], body })
      const { allowed, refusal } = JSON.parse(told.body)
      const id = { 'x-request-id': told.headers['x-request-id'] ?? '' }
      if (allowed) return { ...told, headers: id, body: '' }
      return { ...told, ...refusal, headers: { ...refusal.headers, ...id }, ...(method === 'HEAD' && { body: '' }) }
    }
    placementConformance({ describe, it, placement: placement(ask), path, answersCallers: false, seesBodies: false })
  })

  describe.each(Object.keys(guardedApps))('in a process of its own, in %s', (framework) => {
    const refusesItself = { Fastify: ['/a%'], Hono: ['/a\\b'] }[framework] ?? []
    let keys: ReturnType<typeof remote>
    let app: GuardedApp

    beforeAll(async () => {
      keys = remote({ url: server.control, serviceKey })
      app = await (guardedApps[framework] as (typeof guardedApps)[string])(
        createVerifier({ contract: server.lifecycle.contract, keys }),
      )
    })
    afterAll(async () => {
      await app.close()
      await keys.close()
    })

    const library = () => ({
      ...placement((request) => asked(app.url, request))(),
      async revoke(key: string) {
        await server.revoke(key)
        const head = await server.lifecycle.store.head()
        const receipt = `${head.number}.${head.hash.slice(0, 16)}`
        for (;;) {
          const told = await rawRequest(server.control, {
            target: `/v1/receipts/${receipt}`,
            lines: [`Authorization: Bearer ${serviceKey}`],
          })
          if (JSON.parse(told.body).complete) return
          await sleep(20)
        }
      },
    })
    placementConformance({
      describe,
      it,
      placement: library,
      path,
      answersCallers: true,
      seesBodies: true,
      refusesItself,
    })
  })
})
