import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import targets from '../../../spec/attacks/targets.json' with { type: 'json' }
import { startUpstream, type Upstream } from './support/echo-upstream.ts'
import { type Stage, startStage, stopStage } from './support/instances.ts'
import { rawRequest } from './support/raw-request.ts'
import { serviceKey, startServer, type TestServer } from './support/start-server.ts'

describe('a request target', () => {
  let stage: Stage
  let authorization: string

  beforeAll(async () => {
    stage = await startStage('keywright')
    authorization = `Authorization: Bearer ${stage.key.credential}`
  })
  afterAll(() => stopStage(stage))

  const atGateway = (target: string) =>
    rawRequest(stage.server.edge, { target: latin1(target), lines: [authorization] })
  const atForwardAuth = (target: string) =>
    rawRequest(stage.server.control, {
      target: '/v1/forward-auth',
      lines: [authorization, 'X-Forwarded-Method: GET', `X-Forwarded-Uri: ${latin1(target)}`],
    })

  async function atVerifyEndpoint(path: string): Promise<unknown> {
    const response = await fetch(`${stage.server.control}/v1/verify`, {
      method: 'POST',
      headers: { authorization: `Bearer ${serviceKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ credential: stage.key.credential, method: 'GET', path }),
    })
    return response.json()
  }

  it.each(targets.accepted)('$target reaches the upstream as it was authorised', async ({ target, path, query }) => {
    expect((await atGateway(target)).status).toBe(200)
    expect(stage.upstream.received.at(-1)?.url).toBe(query === null ? path : `${path}?${query}`)
    expect((await atForwardAuth(target)).status).toBe(200)
    expect(await atVerifyEndpoint(target)).toMatchObject({ allowed: true })
  })

  it.each(targets.refused)('$target is refused: $why', async ({ target }) => {
    const count = stage.upstream.received.length
    const answer = await atGateway(target)
    expect(answer.status).toBe(400)
    expect((await atForwardAuth(target)).status).toBe(400)
    expect(await atVerifyEndpoint(target)).toMatchObject({ allowed: false, refusal: { status: 400 } })
    expect(stage.upstream.received).toHaveLength(count)
  })
})

describe('an escape that the upstream decodes before it routes', () => {
  const routes = [
    { path: '/v1/reports!purge:all', permission: 'admin' },
    { path: '/v1/**', permission: 'read' },
  ]
  const spellings = ['/v1/reports!purge:all', '/v1/reports%21purge:all', '/v1/reports%21purge%3Aall']
  const folder = mkdtempSync(join(tmpdir(), 'keywright-paths-'))
  let upstream: Upstream
  let server: TestServer

  beforeAll(async () => {
    const contract = join(folder, 'contract.json')
    writeFileSync(contract, JSON.stringify({ name: 'acme', key: { forms: [{ prefix: 'acme_' }] }, routes }))
    upstream = await startUpstream()
    server = await startServer({ contract, upstream: upstream.url })
  })
  afterAll(async () => {
    await server.stop()
    await upstream.stop()
    rmSync(folder, { recursive: true })
  })

  async function statusesOf(credential: string, target: string): Promise<number[]> {
    const lines = [`Authorization: Bearer ${credential}`]
    const forwarded = [...lines, 'X-Forwarded-Method: GET', `X-Forwarded-Uri: ${target}`]
    const atGateway = await rawRequest(server.edge, { target, lines })
    const atForwardAuth = await rawRequest(server.control, { target: '/v1/forward-auth', lines: forwarded })
    const verdict = await fetch(`${server.control}/v1/verify`, {
      method: 'POST',
      headers: { authorization: `Bearer ${serviceKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ credential, method: 'GET', path: target }),
    })
    const { allowed, refusal } = (await verdict.json()) as { allowed: boolean; refusal?: { status: number } }
    return [atGateway.status, atForwardAuth.status, allowed ? 200 : (refusal?.status ?? 0)]
  }

  it('leads to no route under the permission of another, and reaches the upstream as it was sent', async () => {
    const [reader, admin] = [
      await server.issue({ permissions: ['read'] }),
      await server.issue({ permissions: ['admin', 'read'] }),
    ]
    for (const target of spellings) {
      const count = upstream.received.length
      expect([target, ...(await statusesOf(reader.credential, target))]).toEqual([target, 403, 403, 403])
      expect(upstream.received).toHaveLength(count)
      expect([target, ...(await statusesOf(admin.credential, target))]).toEqual([target, 200, 200, 200])
      expect(upstream.received.at(-1)?.url).toBe(target)
    }
  })
})

describe('a namespace', () => {
  let stage: Stage

  beforeAll(async () => {
    stage = await startStage('holonomix')
  })
  afterAll(() => stopStage(stage))

  const ask = (method: string, target: string, body = '', lines: string[] = []) =>
    rawRequest(stage.server.edge, {
      method,
      target,
      lines: [
        `X-Api-Key: ${stage.key.credential}`,
        ...(body ? [`Content-Length: ${Buffer.byteLength(body)}`] : []),
        ...lines,
      ],
      body: latin1(body),
    })

  it.each([
    '/v1/get/staging/k',
    '/v1/get/%73taging/k',
    '/v1/get/STAGING/k',
    '/v1/get/default./k',
    '/v1/get/default%20/k',
    '/v1/get/default%2f..%2fstaging/k',
    '/v1/get/default/../staging/k',
    '/v1/get/default/%2e%2e/staging/k',
    '/v1/get/default%252f..%252fstaging/k',
    '/v1/%2567et/staging/k',
    '/v1/ge%252574/staging/k',
    '/v1/get//staging/k',
    '/v1//get/staging/k',
    '//v1/get/staging/k',
    '/v1/get;x/staging/k',
    '/v1/get/default;/../staging/k',
    '/v1/get\\staging\\k',
    '/V1/get/staging/k',
    '/v1/GET/staging/k',
    '/v1./get/staging/k',
    '/v1/get./staging/k',
    '/v1/list/staging',
    '/v1/list/staging/',
    '/v1/list/staging.',
  ])('outside the list is not reached by GET %s', async (target) => {
    const count = stage.upstream.received.length
    expect([400, 403, 404]).toContain((await ask('GET', target)).status)
    expect((await ask('POST', target, '{"namespace":"default"}')).status).toBeGreaterThanOrEqual(400)
    expect(stage.upstream.received).toHaveLength(count)
  })

  it('inside the list is reached in its path, decoded once', async () => {
    expect((await ask('GET', '/v1/get/%64efault/a%20b')).status).toBe(200)
    expect(stage.upstream.received.at(-1)?.url).toBe('/v1/get/default/a%20b')
    expect(stage.upstream.lastHeader('X-HX-Tenant')).toEqual(['acme'])
  })

  it.each([
    ['names the default by naming none', '{"text":"a"}', 200],
    ['names a permitted one', '{ "namespace" : "default" }', 200],
    ['names it with an escape', '{"namesp\\u0061ce":"default"}', 200],
    ['names another', '{"namespace":"staging"}', 403],
    ['names another with an escape', '{"namesp\\u0061ce":"staging"}', 403],
    ['names two', '{"namespace":"default","namespace":"staging"}', 400],
    ['names two, one of them escaped', '{"namespace":"default","namesp\\u0061ce":"staging"}', 400],
    ['names it in another case', '{"namespace":"default","Namespace":"staging"}', 400],
    ['names no string', '{"namespace":["default"]}', 400],
    ['names what is no name', '{"namespace":"../staging"}', 400],
    ['is no object', '["default"]', 400],
    ['is no JSON', 'namespace=default', 400],
    ['is cut short', '{"namespace":"default"', 400],
    ['is more than one object', '{"namespace":"default"}{"namespace":"staging"}', 400],
    ['begins with a byte order mark', '\ufeff{"namespace":"staging"}', 400],
  ])('in a body that %s is judged before the upstream sees it', async (_, body, status) => {
    const count = stage.upstream.received.length
    const answer = await ask('POST', '/v1/query', latin1(body))
    expect(answer.status).toBe(status)
    expect(stage.upstream.received).toHaveLength(status === 200 ? count + 1 : count)
    if (status === 200) expect(stage.upstream.received.at(-1)?.body).toBe(latin1(body))
  })

  it('in path and body is judged twice', async () => {
    expect((await ask('POST', '/v1/get/default/k', '{"namespace":"default"}')).status).toBe(200)
    expect((await ask('POST', '/v1/get/default/k', '{"namespace":"staging"}')).status).toBe(403)
    expect((await ask('POST', '/v1/get/staging/k', '{"namespace":"default"}')).status).toBe(403)
  })

  it('is not looked for in a compressed body', async () => {
    expect((await ask('POST', '/v1/query', '{}', ['Content-Encoding: gzip'])).status).toBe(400)
    expect(
      (await ask('POST', '/v1/query', '{}', ['Content-Encoding: identity', 'Content-Encoding: gzip'])).status,
    ).toBe(400)
  })

  it('is looked for in at most 1 MiB', async () => {
    const body = (bytes: number) => `{"text":"${'a'.repeat(bytes - 11)}"}`
    expect((await ask('POST', '/v1/query', body(1024 * 1024))).status).toBe(200)
    expect((await ask('POST', '/v1/query', body(1024 * 1024 + 1))).status).toBe(413)
    const chunked = await fetch(`${stage.server.edge}/v1/query`, {
      method: 'POST',
      headers: { 'x-api-key': stage.key.credential },
      body: new ReadableStream({
        start(controller) {
          for (let i = 0; i < 20; i++) controller.enqueue(Buffer.alloc(64 * 1024, 0x20))
          controller.close()
        },
      }),
      duplex: 'half',
    })
    expect(chunked.status).toBe(413)
    expect(await chunked.json()).toEqual({ detail: expect.any(String) })
  })

  it('is not looked for before the caller has shown a key', async () => {
    const answer = await rawRequest(stage.server.edge, {
      method: 'POST',
      target: '/v1/query',
      lines: ['Content-Length: 9'],
      body: 'no JSON..',
    })
    expect(answer.status).toBe(401)
  })

  it('that would lie in a body is refused by forward-auth, which sees none', async () => {
    const asked = async (method: string, uri: string) => {
      const lines = [`X-Api-Key: ${stage.key.credential}`, `X-Forwarded-Method: ${method}`, `X-Forwarded-Uri: ${uri}`]
      return (await rawRequest(stage.server.control, { target: '/v1/forward-auth', lines })).status
    }
    for (const method of ['POST', 'PUT', 'PATCH']) {
      expect([await asked(method, '/v1/query'), await asked(method, '/v1/get/default/k')]).toEqual([403, 403])
    }
    expect(await asked('DELETE', '/v1/get/default/k')).toBe(200)
  })
})

/** The bytes of the text's UTF-8, as a string of one character each. */
function latin1(text: string): string {
  return Buffer.from(text).toString('latin1')
}
