import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { controlApi } from './support/control-api.ts'
import { parseAnswer, rawRequest, sendRaw } from './support/raw-request.ts'
import { serviceKey, startServer, type TestServer } from './support/start-server.ts'

describe('POST /v1/verify', () => {
  let server: TestServer

  beforeAll(async () => {
    server = await startServer({ contract: 'hopx' })
  })
  afterAll(() => server.stop())

  function ask(body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${server.control}/v1/verify`, {
      method: 'POST',
      headers: { authorization: `Bearer ${serviceKey}`, 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
    })
  }

  it('says who an allowed attempt acts as, and what is left', async () => {
    const { key, credential } = await server.issue({ permissions: ['sandboxes:read'] })
    const response = await ask({ credential, method: 'GET', path: '/v1/sandboxes' })
    expect(response.status).toBe(200)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await response.json()).toEqual({
      allowed: true,
      principal: {
        key: key.id,
        version: 1,
        organization: 'acme',
        project: null,
        user: null,
        kind: 'secret',
        environment: 'live',
        permissions: ['sandboxes:read'],
        namespaces: null,
      },
      limits: [
        {
          requests: 100,
          windowSeconds: 60,
          per: 'key',
          kind: 'window',
          remaining: 99,
          resetAt: expect.stringMatching(/^\d{4}-.*Z$/),
        },
      ],
      retiresAt: null,
    })
  })

  it('says of each limit when it is free again', async () => {
    const limits = [60, 10, 60].map((windowSeconds, at) => {
      return { requests: 5 + at, windowSeconds, per: 'key', kind: 'window' } as const
    })
    const { credential } = await server.issue({ limits })
    const told = (await (await ask({ credential })).json()) as { limits: { resetAt: string }[] }
    const [first = 0, ...others] = told.limits.map(({ resetAt }) => Date.parse(resetAt))
    expect(others.map((other) => other - first)).toEqual([-50_000, 0])
  })

  it('judges a path without a method as GET', async () => {
    const { credential } = await server.issue({ permissions: ['sandboxes:read'] })
    const verdicts = [{}, { method: 'GET' }, { method: 'DELETE' }].map(async (method) => {
      const { allowed } = (await (await ask({ credential, path: '/v1/sandboxes/1', ...method })).json()) as {
        allowed: boolean
      }
      return allowed
    })
    expect(await Promise.all(verdicts)).toEqual([true, true, false])
  })

  it('takes a service key alone, and says so to whoever has a session', async () => {
    const headers = { cookie: 'keywright.session_token=x', 'content-type': 'application/json' }
    const response = await fetch(`${server.control}/v1/verify`, { method: 'POST', headers, body: '{"credential":"x"}' })
    const { code, detail } = (await response.json()) as { code: string; detail: string }
    expect([response.status, code]).toEqual([401, 'missing_credential'])
    expect(detail).toContain('a service key')
    expect(detail).not.toMatch(/CLI token|has no session|sign in/)
  })

  it('says why another is denied, and what to answer its caller', async () => {
    const { credential } = await server.issue({ permissions: ['sandboxes:read'] })
    const response = await ask({ credential, method: 'DELETE', path: '/v1/sandboxes/1' }, { 'x-request-id': 'req-1' })
    expect(response.status).toBe(200)
    const { allowed, reason, refusal } = (await response.json()) as {
      allowed: boolean
      reason: string
      refusal: { body: string }
    }
    expect({ allowed, reason }).toEqual({ allowed: false, reason: 'permission_missing' })
    expect(refusal).toMatchObject({ status: 403, headers: { 'content-type': 'application/json' } })
    expect(JSON.parse(refusal.body)).toEqual({
      error: 'Forbidden',
      code: 'INSUFFICIENT_PERMISSIONS',
      request_id: 'req-1',
    })
  })

  it('takes headers in every shape that Node and the Web have', async () => {
    const { key, credential } = await server.issue()
    const shapes = [
      { 'x-api-key': credential },
      { 'X-API-Key': [credential] },
      ['X-API-Key', credential],
      { authorization: `bearer  ${credential}` },
    ]
    for (const headers of shapes) {
      expect(await (await ask({ headers })).json()).toMatchObject({ allowed: true, principal: { key: key.id } })
    }
    const twice = { 'x-api-key': [credential, credential] }
    expect(await (await ask({ headers: twice })).json()).toMatchObject({ reason: 'repeated_credential' })
    expect(await (await ask({ headers: {} })).json()).toMatchObject({ reason: 'missing_credential' })
  })

  it('takes cost, permissions, namespace and address into account', async () => {
    const limits = [{ requests: 10, windowSeconds: 60, per: 'key', kind: 'window' } as const]
    const { credential } = await server.issue({ limits, permissions: ['templates:*'], allowedIps: ['192.0.2.0/24'] })
    const ip = '192.0.2.1'
    expect(await (await ask({ credential, ip, cost: 7 })).json()).toMatchObject({ limits: [{ remaining: 3 }] })
    expect(await (await ask({ credential, ip, cost: 4 })).json()).toMatchObject({ reason: 'rate_limited' })
    expect(await (await ask({ credential, ip, permissions: ['templates:read'] })).json()).toMatchObject({
      allowed: true,
    })
    expect(await (await ask({ credential, ip, permissions: ['sandboxes:read'] })).json()).toMatchObject({
      reason: 'permission_missing',
    })
    expect(await (await ask({ credential, ip: '198.51.100.1' })).json()).toMatchObject({
      reason: 'address_not_allowed',
    })
    expect(await (await ask({ credential })).json()).toMatchObject({ reason: 'address_not_allowed' })
  })

  it.each([
    [{}, 'credential', 'is missing; so is headers'],
    [{ credential: 'a', headers: {} }, 'credential', 'cannot stand beside headers'],
    [{ credential: 1 }, 'credential'],
    [{ headers: { a: 1 } }, 'headers'],
    [{ headers: ['a'] }, 'headers'],
    [{ credential: 'a', cost: 0 }, 'cost'],
    [{ credential: 'a', cost: 1.5 }, 'cost'],
    [{ credential: 'a', method: 1 }, 'method'],
    [{ credential: 'a', permissions: 'x' }, 'permissions'],
    [{ credential: 'a', organization: 'acme' }, 'organization'],
    [{ credential: 'a', constructor: 1 }, 'constructor'],
  ])('names the field that is wrong with %j', async (body, field, message?: string) => {
    const response = await ask(body)
    expect(response.status).toBe(422)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    const problem = (await response.json()) as { errors: { field: string; message: string }[] }
    expect(problem).toMatchObject({ code: 'invalid_request', status: 422 })
    expect(problem.errors.map((error) => error.field)).toContain(field)
    if (message !== undefined) expect(problem.errors).toEqual([{ field, message }])
  })

  it.each([
    ['a credential that is far too long', { credential: 'a'.repeat(20_000) }, 401],
    ['a namespace that is far too long', { namespace: 'a'.repeat(20_000) }, 400],
    ['a path that is far too long', { path: `/${'a'.repeat(20_000)}` }, 403],
    ['a method that no route can name', { method: 'M-SEARCH' }, 405],
    ['a method in lower case, which is another one', { method: 'get' }, 405],
    ['a method that is none', { method: '' }, 405],
  ])('has the contract refuse %s', async (_, written, status) => {
    const { credential } = await server.issue({ permissions: ['sandboxes:read'] })
    const response = await ask({ credential, method: 'GET', path: '/v1/sandboxes', ...written })
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ allowed: false, refusal: { status } })
  })

  it.each([
    ['no JSON', '{', {}, 400, 'malformed_body'],
    ['no object', '[]', {}, 400, 'malformed_body'],
    ['not UTF-8', Buffer.from('{"credential":"\xff"}', 'latin1'), {}, 400, 'malformed_body'],
    ['a member twice', '{"credential":"a","credential":"b"}', {}, 400, 'malformed_body'],
    ['__proto__', '{"credential":"a","__proto__":{"allowed":true}}', {}, 400, 'malformed_body'],
    ['more than 64 KiB', JSON.stringify({ credential: 'a'.repeat(70_000) }), {}, 413, 'payload_too_large'],
    ['a form', 'credential=a', { 'content-type': 'text/plain' }, 415, 'unsupported_media_type'],
    ['compressed', '{}', { 'content-encoding': 'gzip' }, 415, 'unsupported_media_type'],
    ['in another encoding', '{}', { 'content-type': 'application/json; charset=utf-7' }, 415, 'unsupported_media_type'],
  ])('refuses a body that is %s', async (_, body, headers, status, code) => {
    const response = await ask(body, headers as Record<string, string>)
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ code, status })
  })

  it('answers only those who hold a service key with verify', async () => {
    const { credential } = await server.issue()
    const withKey = async (authorization: string) => ask({ credential }, { authorization })
    expect((await withKey('')).status).toBe(401)
    expect((await withKey('Basic eDp5')).status).toBe(401)
    expect((await withKey('Bearer kwo_nobody')).status).toBe(401)
    expect((await withKey(`Bearer ${credential}`)).status).toBe(401)
    expect((await withKey(`Bearer ${serviceKey}x`)).status).toBe(401)

    for (const [permission, status] of [
      ['verify', 200],
      ['metrics', 403],
      ['manage', 403],
    ]) {
      const made = await fetch(`${server.control}/v1/service-keys`, {
        method: 'POST',
        headers: { authorization: `Bearer ${serviceKey}`, 'content-type': 'application/json' },
        body: JSON.stringify({ name: 'test', permissions: [permission] }),
      })
      const { credential: own } = (await made.json()) as { credential: string }
      expect((await withKey(`Bearer ${own}`)).status).toBe(status)
    }

    const lines = [`Authorization: Bearer ${serviceKey}`, 'Content-Type: application/json', 'Content-Length: 2']
    const twice = [...lines, 'Authorization: Bearer x']
    expect((await rawRequest(server.control, { method: 'POST', target: '/v1/verify', lines, body: '{}' })).status).toBe(
      422,
    )
    const answer = await rawRequest(server.control, { method: 'POST', target: '/v1/verify', lines: twice, body: '{}' })
    expect(answer.status).toBe(400)
  })

  it('tells a service key bound to an organization nothing of the keys of others', async () => {
    const made = await fetch(`${server.control}/v1/service-keys`, {
      method: 'POST',
      headers: { authorization: `Bearer ${serviceKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'test', permissions: ['verify'], organization: 'acme' }),
    })
    const { credential: bound } = (await made.json()) as { credential: string }
    const askBound = async (body: unknown) =>
      (await ask(body, { authorization: `Bearer ${bound}`, 'x-request-id': 'the-same' })).json()

    const own = await server.issue()
    expect(await askBound({ credential: own.credential })).toMatchObject({ principal: { key: own.key.id } })
    const limits = [{ requests: 1, windowSeconds: 60, per: 'key', kind: 'window' } as const]
    const other = await server.issueElsewhere({ limits })
    const revoked = await server.issueElsewhere()
    await server.revoke(revoked.key.id)
    const { credential: unknown } = server.lifecycle.format.mint(other.key)
    const route = { method: 'GET', path: '/v1/sandboxes' }
    const counted = async (reason: string) => {
      const headers = { authorization: `Bearer ${serviceKey}` }
      const response = await fetch(`${server.control}/v1/usage?reason=${reason}`, { headers })
      const { usage } = (await response.json()) as { usage: { count: number }[] }
      return usage.reduce((sum, { count }) => sum + count, 0)
    }
    const [missing, unknowns] = [await counted('missing_credential'), await counted('unknown_key')]
    const answer = await askBound({ credential: unknown, ...route })
    expect(answer).toMatchObject({ allowed: false, reason: 'unknown_key', refusal: { status: 401 } })
    for (const { credential } of [other, revoked]) {
      expect(await askBound({ credential, ...route })).toEqual(answer)
      expect(await askBound({ headers: { 'x-api-key': credential }, ...route })).toEqual(answer)
    }
    expect(await (await ask({ credential: other.credential })).json()).toMatchObject({ limits: [{ remaining: 0 }] })
    expect([await counted('missing_credential'), await counted('unknown_key')]).toEqual([missing, unknowns + 5])
    expect(await askBound({ headers: {}, ...route })).toMatchObject({ reason: 'missing_credential' })
    const { json } = await controlApi(server.control)('GET', '/v1/decisions?limit=1')
    expect(json.decisions).toMatchObject([{ reason: 'missing_credential', requestId: 'the-same' }])
    const open = { method: 'GET', path: '/health' }
    expect(await askBound({ credential: other.credential, ...open })).toMatchObject({ allowed: true, principal: null })
  })

  it('takes no other method', async () => {
    const response = await fetch(`${server.control}/v1/verify`, { headers: { authorization: `Bearer ${serviceKey}` } })
    expect([404, 405]).toContain(response.status)
  })
})

describe('the control side', () => {
  let server: TestServer

  beforeAll(async () => {
    server = await startServer({ contract: 'keywright' })
  })
  afterAll(() => server.stop())

  it('answers its health and readiness to anyone', async () => {
    expect(await (await fetch(`${server.control}/health`)).json()).toEqual({ status: 'ok' })
    expect(await (await fetch(`${server.control}/ready`)).json()).toEqual({ status: 'ready' })
  })

  it('shows its metrics to service keys that may see them', async () => {
    await fetch(`${server.edge}/v1/a`)
    const { credential } = await server.issue()
    await fetch(`${server.edge}/v1/a`, { headers: { authorization: `Bearer ${credential}` } })
    expect((await fetch(`${server.control}/metrics`)).status).toBe(401)
    const response = await fetch(`${server.control}/metrics`, { headers: { authorization: `Bearer ${serviceKey}` } })
    expect(response.headers.get('content-type')).toContain('text/plain')
    const text = await response.text()
    expect(text).toContain('keywright_verdicts_total{verdict="missing_credential",route="gateway"} 1')
    expect(text).toContain('keywright_verdicts_total{verdict="allowed",route="gateway"} 1')
    expect(text).toContain('process_resident_memory_bytes')
  })

  it('is not reached through the edge, nor the edge through it', async () => {
    for (const path of ['/v1/keys', '/metrics', '/ready', '/v1/verify', '/v1/forward-auth', '/openapi.json']) {
      expect((await fetch(server.edge + path, { headers: { authorization: `Bearer ${serviceKey}` } })).status).toBe(401)
    }
    const { credential } = await server.issue()
    const response = await fetch(`${server.control}/v1/keys`, { headers: { authorization: `Bearer ${credential}` } })
    expect(response.status).toBe(401)
  })

  it('answers what is no sound HTTP with a problem', async () => {
    for (const [bytes, status, code] of [
      ['GET / HTTP/1.1\r\n\r\n', 400, 'malformed_request'],
      ['GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400, 'malformed_request'],
      ['GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n', 400, 'malformed_request'],
      ['nonsense\r\n\r\n', 400, 'malformed_request'],
      [`GET / HTTP/1.1\r\nHost: a\r\nA: ${'a'.repeat(17_000)}\r\n\r\n`, 431, 'headers_too_large'],
    ] as const) {
      const answer = parseAnswer(await sendRaw(server.control, bytes))
      expect(answer.status).toBe(status)
      expect(JSON.parse(answer.body)).toMatchObject({ status, code })
    }
  })
})
