import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Api, controlApi } from '../support/control-api.ts'
import { serviceKey, startServer, type TestServer } from '../support/start-server.ts'

let server: TestServer
let api: Api

beforeAll(async () => {
  server = await startServer({ contract: 'keywright' })
  api = controlApi(server.control)
})
afterAll(() => server.stop())

const report = (...credentials: string[]) => api('POST', '/v1/leaks', { credential: null, body: { credentials } })
async function edge(credential: string): Promise<number> {
  return (await fetch(`${server.edge}/v1/things`, { headers: { authorization: `Bearer ${credential}` } })).status
}

describe('a leak report', () => {
  it('ends a key that is in force, and is recorded as what it was', async () => {
    const { key, credential } = await server.issue()
    expect((await report(credential)).json).toEqual({ received: 1 })
    expect(await edge(credential)).toBe(401)
    const { json } = await api('GET', `/v1/audit?key=${key.id}`)
    expect(json.events[0]).toMatchObject({
      action: 'key.revoked',
      actor: { type: 'system', id: 'leak-report', address: '127.0.0.1' },
      details: { reason: 'Reported as leaked.' },
    })
  })

  it('of an old secret in its grace ends that secret alone', async () => {
    const { key, credential } = await server.issue()
    const rotated = await api('POST', `/v1/keys/${key.id}/rotate`, { body: { graceSeconds: 3600 } })
    await report(credential)
    expect([await edge(credential), await edge(rotated.json.credential)]).toEqual([401, 404])
  })

  it('of a secret that has ended leaves its key alone', async () => {
    const { key, credential } = await server.issue()
    const rotated = await api('POST', `/v1/keys/${key.id}/rotate`)
    await report(credential)
    expect(await edge(rotated.json.credential)).toBe(404)
  })

  it('of a publishable key, which anyone may see, leaves it alone', async () => {
    const { key, credential } = await server.issue({ kind: 'publishable' })
    expect((await report(credential)).json).toEqual({ received: 1 })
    expect((await api('GET', `/v1/keys/${key.id}`)).json.revokedAt).toBeNull()
  })

  it('of a service key ends that', async () => {
    const { json } = await api('POST', '/v1/service-keys', { body: { name: 'CI', permissions: ['manage'] } })
    await report(json.credential)
    expect((await api('GET', '/v1/keys', { credential: json.credential })).status).toBe(401)
  })

  it('of the service key of the settings, which no report ends, is in the log and in the audit', async () => {
    expect((await report('x', serviceKey, serviceKey)).json).toEqual({ received: 3 })
    const { json } = await api('GET', '/v1/audit')
    expect(json.events[0]).toMatchObject({
      action: 'service_key.reported',
      target: 'configured',
      actor: { id: 'leak-report', address: '127.0.0.1' },
    })
    expect(json.events[1].action).not.toBe('service_key.reported')
    expect(server.log()).toMatch(/"level":"error".*the service key of the settings was reported as leaked/)
    expect(server.log()).not.toContain(serviceKey)
  })

  it('is answered alike for a key in force, a revoked one and nonsense, and never repeats any', async () => {
    const live = await server.issue()
    const dead = await server.issue()
    await server.revoke(dead.key.id)
    const answers = await Promise.all([live.credential, dead.credential, 'nonsense'].map((it) => report(it)))
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
  })

  it('needs nothing but a few credentials', async () => {
    expect((await report()).status).toBe(422)
    expect((await report(...Array.from({ length: 101 }, () => 'x'))).status).toBe(422)
    expect((await report('x'.repeat(513))).status).toBe(422)
  })

  it('is taken sixty times an hour from one address', async () => {
    let last = await report('x')
    for (let i = 0; i < 60 && last.status === 202; i++) last = await report('x')
    expect([last.status, last.json.code]).toEqual([429, 'rate_limited'])
    expect(Number(last.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
  })
})
