import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { controlApi } from './support/control-api.ts'
import { rawRequest } from './support/raw-request.ts'
import { startServer, type TestServer } from './support/start-server.ts'

describe('forward-auth', () => {
  let server: TestServer
  let credential: string
  let keyId: string

  beforeAll(async () => {
    server = await startServer({ contract: 'operate' })
    const issued = await server.issue()
    credential = issued.credential
    keyId = issued.key.id
  })
  afterAll(() => server.stop())

  const ask = (lines: string[], { method = 'GET', query = '' } = {}) =>
    rawRequest(server.control, { method, target: `/v1/forward-auth${query}`, lines })
  const original = (method: string, uri: string) => [`X-Forwarded-Method: ${method}`, `X-Forwarded-Uri: ${uri}`]

  it('answers 200 with what the upstream should be told, and no body', async () => {
    const answer = await ask([`x-api-key: ${credential}`, ...original('GET', '/v1/orders?page=2')])
    expect(answer).toMatchObject({
      status: 200,
      body: '',
      headers: { 'x-key-id': keyId, 'x-organization-id': 'acme', 'x-triggered-by': 'api', 'cache-control': 'no-store' },
    })
    expect(answer.headers['x-request-id']).toMatch(/^req_/)
  })

  it.each(['GET', 'POST', 'HEAD', 'OPTIONS', 'DELETE', 'PUT'])('may be asked with %s', async (method) => {
    const lines = [`x-api-key: ${credential}`, ...original('GET', '/v1/orders')]
    expect((await ask(lines, { method })).status).toBe(200)
    expect((await ask(original('GET', '/v1/orders'), { method })).status).toBe(400)
  })

  it('answers what the contract says to the caller', async () => {
    const missing = await ask(original('GET', '/v1/orders'))
    expect(missing.status).toBe(400)
    expect(JSON.parse(missing.body).error.message).toBe('Missing API Key')
    const wrong = await ask(['x-api-key: x', ...original('GET', '/v1/orders')])
    expect(wrong.status).toBe(401)
    expect(wrong.headers['www-authenticate']).toBe('Bearer realm="operate", error="invalid_token"')
  })

  it('is described with every status that a contract may choose', async () => {
    const { json: document } = await controlApi(server.control)('GET', '/openapi.json')
    for (const method of ['GET', 'HEAD', 'POST']) {
      const { responses } = document.paths['/v1/forward-auth'][method.toLowerCase()]
      for (const lines of [original('GET', '/v1/orders'), original('TRACE', '/a')]) {
        const { status } = await ask(lines, { method })
        expect([status, responses[status] ?? responses.default]).toEqual([status, expect.anything()])
      }
    }
  })

  it('takes method and path under either name', async () => {
    const key = `x-api-key: ${credential}`
    expect((await ask([key, 'X-Original-Method: GET', 'X-Original-URI: /v1/orders'])).status).toBe(200)
    expect((await ask([key, 'X-Forwarded-Method: GET', 'X-Original-URI: /v1/orders'])).status).toBe(200)
  })

  it.each([
    ['no method', ['X-Forwarded-Uri: /a']],
    ['no path', ['X-Forwarded-Method: GET']],
    ['neither', []],
    [
      'two paths',
      [...['GET'].flatMap((method) => [`X-Forwarded-Method: ${method}`]), 'X-Forwarded-Uri: /a', 'X-Forwarded-Uri: /b'],
    ],
    ['two paths under the other name', ['X-Original-Method: GET', 'X-Original-URI: /a', 'X-Original-URI: /b']],
    [
      'a path of the caller beside the one of the proxy',
      [...['X-Forwarded-Method: GET'], 'X-Forwarded-Uri: /a', 'X-Original-URI: /b'],
    ],
    [
      'a method of the caller beside the one of the proxy',
      ['X-Forwarded-Method: GET', 'X-Original-Method: POST', 'X-Forwarded-Uri: /a'],
    ],
    ['a path that could be read in two ways', ['X-Forwarded-Method: GET', 'X-Forwarded-Uri: /a/../b']],
    ['a whole address for a path', ['X-Forwarded-Method: GET', 'X-Forwarded-Uri: http://a/b']],
  ])('refuses to guess with %s', async (_, lines) => {
    expect((await ask([`x-api-key: ${credential}`, ...lines])).status).toBe(400)
  })

  it('refuses methods as the gateway does', async () => {
    const answer = await ask([`x-api-key: ${credential}`, ...original('TRACE', '/a')])
    expect(answer.status).toBe(405)
  })

  it('for nginx answers 2xx, 401 or 403, and tells the real status', async () => {
    const status = async (lines: string[], query = '?for=nginx') => {
      const answer = await ask(lines, { query })
      return [answer.status, answer.headers['x-auth-status']]
    }
    expect(await status([`x-api-key: ${credential}`, ...original('GET', '/a')])).toEqual([200, undefined])
    expect(await status(original('GET', '/a'))).toEqual([403, '400'])
    for (const query of ['?for=nginx&a=1', '?a=1&for=nginx']) {
      expect(await status(original('GET', '/a'), query)).toEqual([403, '400'])
    }
    expect(await status(original('GET', '/a'), '?for=nginxes')).toEqual([400, undefined])
    expect(await status(['x-api-key: x', ...original('GET', '/a')])).toEqual([401, '401'])
    expect(await status([`x-api-key: ${credential}`, ...original('GET', '/a//b')])).toEqual([403, '400'])
    expect(await status([`x-api-key: ${credential}`, ...original('TRACE', '/a')])).toEqual([403, '405'])
    const limited = await server.issue({ limits: [{ requests: 1, windowSeconds: 60, per: 'key', kind: 'window' }] })
    expect(await status([`x-api-key: ${limited.credential}`, ...original('GET', '/a')])).toEqual([200, undefined])
    const lines = [`x-api-key: ${limited.credential}`, ...original('GET', '/a')]
    expect(await status(lines)).toEqual([403, '429'])
    expect((await ask(lines, { query: '?for=nginx' })).headers['retry-after']).toMatch(/^[1-9]\d?$/)
  })

  it('tells a caller who sends a body it cannot see what is left of their limits, and records that', async () => {
    const elsewhere = await startServer({ contract: 'holonomix' })
    const { credential, key } = await elsewhere.issueElsewhere({
      limits: [{ requests: 5, windowSeconds: 60, per: 'key', kind: 'window' }],
    })
    const lines = [`x-api-key: ${credential}`, ...original('POST', '/v1/get/default/k')]
    const answer = await rawRequest(elsewhere.control, { target: '/v1/forward-auth', lines })
    expect([answer.status, answer.headers['x-ratelimit-remaining']]).toEqual([403, '5'])
    const toNginx = await rawRequest(elsewhere.control, { target: '/v1/forward-auth?for=nginx', lines })
    expect([toNginx.status, toNginx.headers['x-auth-status']]).toEqual([403, '403'])
    await expect
      .poll(async () => (await controlApi(elsewhere.control)('GET', `/v1/decisions?key=${key.id}`)).json.decisions)
      .toMatchObject(Array(2).fill({ reason: 'namespace_malformed', method: 'POST' }))
    const asked = {
      target: '/v1/forward-auth',
      lines: [`x-api-key: ${credential}`, ...original('GET', '/v1/get/default/k')],
    }
    const { status, headers } = await rawRequest(elsewhere.control, asked)
    expect([status, headers['x-ratelimit-remaining']]).toEqual([200, '4'])
    for (const method of ['PUT', 'PATCH']) {
      const lines = [`x-api-key: ${credential}`, ...original(method, '/v1/get/default/k')]
      const refused = await rawRequest(elsewhere.control, { target: '/v1/forward-auth', lines })
      expect([method, refused.status, refused.headers['x-ratelimit-remaining']]).toEqual([method, 403, '4'])
    }
    const nobody = { target: '/v1/forward-auth', lines: original('POST', '/v1/get/default/k') }
    expect((await rawRequest(elsewhere.control, nobody)).status).toBe(401)
    await elsewhere.stop()
  })

  it('tells the proxy where no verdict can be reached about a body that it cannot see', async () => {
    const elsewhere = await startServer({ contract: 'holonomix' })
    const { credential } = await elsewhere.issueElsewhere()
    await elsewhere.lifecycle.store.close()
    const lines = [`x-api-key: ${credential}`, ...original('POST', '/v1/get/default/k')]
    const told = async (target: string) => {
      const { status, headers } = await rawRequest(elsewhere.control, { target, lines })
      return [status, headers['x-auth-status']]
    }
    expect(await told('/v1/forward-auth')).toEqual([503, undefined])
    expect(await told('/v1/forward-auth?for=nginx')).toEqual([403, '503'])
    await elsewhere.stop()
  })

  it('takes no service key', async () => {
    const lines = ['Authorization: Bearer a-service-key-of-the-tests-with-many-characters', ...original('GET', '/a')]
    expect((await ask(lines)).status).toBe(400)
  })

  it('answers only the proxies it was told to trust', async () => {
    const elsewhere = await startServer({ contract: 'operate', trustedProxy: ['192.0.2.0/24'] })
    const issued = await elsewhere.issue()
    const lines = [`x-api-key: ${issued.credential}`, ...original('GET', '/a'), 'X-Forwarded-For: 192.0.2.1']
    const answer = await rawRequest(elsewhere.control, { target: '/v1/forward-auth', lines })
    expect(answer.status).toBe(403)
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'untrusted_peer' })
    await elsewhere.stop()
  })

  it('takes the address of the caller from the proxy', async () => {
    const issued = await server.issue({ allowedIps: ['203.0.113.0/24'] })
    const lines = [`x-api-key: ${issued.credential}`, ...original('GET', '/a')]
    expect((await ask([...lines, 'X-Forwarded-For: 203.0.113.5'])).status).toBe(200)
    expect((await ask([...lines, 'X-Forwarded-For: 203.0.113.5, 198.51.100.1'])).status).toBe(403)
    expect((await ask(lines)).status).toBe(403)
  })

  it('ends with the key', async () => {
    const issued = await server.issue()
    const lines = [`x-api-key: ${issued.credential}`, ...original('GET', '/a')]
    expect((await ask(lines)).status).toBe(200)
    await server.revoke(issued.key.id)
    expect((await ask(lines)).status).toBe(401)
  })
})
