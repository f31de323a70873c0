import { describe, expect, it } from 'vitest'
import { startUpstream } from '../support/echo-upstream.ts'
import { startStage, stopStage } from '../support/instances.ts'
import { pages } from '../support/pages.ts'
import { type RawAnswer, rawRequest } from '../support/raw-request.ts'
import { serviceKey, startServer, type TestServer } from '../support/start-server.ts'

const sameId = 'X-Request-Id: the-same'

describe.each(pages)('where the upstream of $contract fails,', ({ contract, ways, path, body }) => {
  const [way = { header: '', scheme: '' }] = ways

  async function answerOf(server: TestServer): Promise<RawAnswer> {
    const { credential } = await server.issue()
    const lines = [`${way.header}: ${way.scheme} ${credential}`, sameId]
    try {
      return await rawRequest(server.edge, { target: path, lines })
    } finally {
      await server.stop()
    }
  }

  function expectShape(answer: RawAnswer, status: number): void {
    expect([answer.status, JSON.parse(answer.body)]).toEqual([status, body(status)])
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.headers['x-request-id']).toBe('the-same')
  }

  it('there being none is 404', async () => {
    expectShape(await answerOf(await startServer({ contract })), 404)
  })

  it('one that cannot be reached is 502', async () => {
    const gone = await startUpstream()
    await gone.stop()
    expectShape(await answerOf(await startServer({ contract, upstream: gone.url })), 502)
  })

  it('one that does not answer in time is 504', async () => {
    const silent = await startUpstream(() => {})
    const timeouts = { answerMs: 50 }
    expectShape(await answerOf(await startServer({ contract, upstream: silent.url, timeouts })), 504)
    await silent.stop()
  })

  it('and where no verdict can be reached it is 503, with a time to try again', async () => {
    const stage = await startStage(contract)
    await stage.server.lifecycle.store.close()
    const lines = [`${way.header}: ${way.scheme} ${stage.key.credential}`, sameId]
    const answer = await rawRequest(stage.server.edge, { target: path, lines })
    expectShape(answer, 503)
    expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/)
    await stopStage(stage)
  })
})

describe("where no database can be reached, a contract's own routes", () => {
  it.each([
    ['holonomix', '/gate/admin/tenants', { detail: 'Service unavailable. Retry shortly.' }],
    ['holonomix', '/gate/admin/usage/acme', { detail: 'Service unavailable. Retry shortly.' }],
    ['holocron', '/api/v0/me', { error: 'unavailable', message: expect.any(String) }],
  ])('of %s are 503 as well: %s', async (contract, target, body) => {
    const stage = await startStage(contract)
    await stage.server.lifecycle.store.close()
    const credential = contract === 'holonomix' ? serviceKey : stage.key.credential
    const answer = await rawRequest(stage.server.edge, { target, lines: [`Authorization: Bearer ${credential}`] })
    expect([answer.status, JSON.parse(answer.body)]).toEqual([503, body])
    expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/)
    const stranger = await rawRequest(stage.server.edge, { target, lines: ['Authorization: Bearer nobody'] })
    expect(stranger.status).toBe(401)
    await stopStage(stage)
  })
})
