import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectTo } from './support/connect-to.ts'
import { controlApi } from './support/control-api.ts'
import { startUpstream, type Upstream } from './support/echo-upstream.ts'
import { rawRequest } from './support/raw-request.ts'
import { serviceKey, startServer, type TestServer } from './support/start-server.ts'

const contract = {
  name: 'shop',
  credential: {
    sources: [{ header: 'X-Shop-Key' }, { basic: 'user' }, { query: 'shop_key', keysEndUpInLogs: true }],
    whenSeveral: 'refuse',
  },
  key: { forms: [{ prefix: 'shop_' }] },
  routes: [{ path: '/public/**', access: 'anonymous' }],
  preflight: 'forward',
  identityHeaders: { 'X-Shop-Tenant': '{organization}', 'X-Shop-Who': '{user}' },
}

describe("with a contract of one's own", () => {
  let folder: string
  let upstream: Upstream
  let server: TestServer
  let credential: string

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'keywright-contract-'))
    writeFileSync(join(folder, 'contract.json'), JSON.stringify(contract))
    upstream = await startUpstream()
    server = await startServer({ contract: join(folder, 'contract.json'), upstream: `${upstream.url}/base/` })
    credential = (await server.issue()).credential
  })
  afterAll(async () => {
    await server.stop()
    await upstream.stop()
    rmSync(folder, { recursive: true })
  })

  const ask = (lines: string[], options: { method?: string; target?: string } = {}) =>
    rawRequest(server.edge, { ...options, lines })
  const own = () => `X-Shop-Key: ${credential}`

  it('the path is forwarded below the path of the upstream', async () => {
    await ask([own()], { target: '/a/b?c=d' })
    expect(upstream.received.at(-1)?.url).toBe('/base/a/b?c=d')
    await ask([own()], { target: '/' })
    expect(upstream.received.at(-1)?.url).toBe('/base/')
  })

  it('its identity headers are sent, and nobody else can send them', async () => {
    await ask([own(), 'X-Shop-Tenant: evil', 'X_Shop_Tenant: evil', 'X-Shop-Who: evil', 'x-shop-who: evil'])
    expect(upstream.lastHeader('X-Shop-Tenant')).toEqual(['acme'])
    expect(upstream.lastHeader('X-Shop-Who')).toEqual([])
  })

  it('its identity headers are between us and the upstream; what that says of caches goes on where nobody is told apart', async () => {
    const caching = { 'cache-control': 'public, max-age=60', vary: 'Accept', 'surrogate-control': 'max-age=600' }
    const telling = await startUpstream((_, response) => {
      response.writeHead(200, { 'x-shop-tenant': 'acme', X_Shop_Who: 'somebody', ...caching }).end()
    })
    const alone = await startServer({ contract: join(folder, 'contract.json'), upstream: telling.url })
    const { headers } = await rawRequest(alone.edge, { target: '/public/a' })
    expect(headers).toMatchObject(caching)
    expect(Object.keys(headers).filter((name) => name.includes('shop'))).toEqual([])
    await alone.stop()
    await telling.stop()
  })

  it('a key in the address is taken out before the address goes on', async () => {
    expect((await ask([], { target: `/a?x=1&shop_key=${credential}&y=2` })).status).toBe(200)
    expect(upstream.received.at(-1)?.url).toBe('/base/a?x=1&y=2')
    expect((await ask([], { target: `/a?shop_key=${credential}` })).status).toBe(200)
    expect(upstream.received.at(-1)?.url).toBe('/base/a')
    expect((await ask([own()], { target: `/b?x=1&sh%6Fp%5fkey=${credential}` })).status).toBe(200)
    expect(upstream.received.at(-1)?.url).toBe('/base/b?x=1')
    expect(server.log()).not.toContain(credential)
  })

  it('a key in the address is found by forward-auth and the verify endpoint too, and shown to no organization but its own', async () => {
    const path = `/a?x=1&shop_key=${credential}`
    const lines = ['X-Forwarded-Method: GET', `X-Forwarded-Uri: ${path}`]
    expect((await rawRequest(server.control, { target: '/v1/forward-auth', lines })).status).toBe(200)
    const verdict = async (asker: string, path: string) => {
      const body = { headers: {}, method: 'GET', path }
      return (await controlApi(server.control)('POST', '/v1/verify', { credential: asker, body })).json
    }
    expect(await verdict(serviceKey, path)).toMatchObject({ allowed: true, principal: { organization: 'acme' } })

    const input = { name: 'bound', permissions: ['verify'], organization: 'acme' }
    const bound = (await controlApi(server.control)('POST', '/v1/service-keys', { body: input })).json.credential
    expect(await verdict(bound, path)).toMatchObject({ allowed: true })
    const other = await server.issueElsewhere()
    expect(await verdict(bound, `/a?shop_key=${other.credential}`)).toMatchObject({ reason: 'unknown_key' })
  })

  it('a key as user name is taken out as well', async () => {
    const basic = Buffer.from(`${credential}:`).toString('base64')
    expect((await ask([`Authorization: Basic ${basic}`])).status).toBe(200)
    expect(upstream.lastHeader('Authorization')).toEqual([])
  })

  it('two sources at once are refused', async () => {
    expect((await ask([own()], { target: `/a?shop_key=${credential}` })).status).toBe(401)
  })

  it('an anonymous route passes without a credential, and passes none on', async () => {
    const answer = await ask([own(), 'Authorization: Bearer x', 'X-Key-Id: evil'], { target: '/public/a' })
    expect(answer.status).toBe(200)
    for (const name of ['X-Shop-Key', 'Authorization', 'X-Key-Id', 'X-Organization-Id', 'X-Shop-Tenant']) {
      expect(upstream.lastHeader(name)).toEqual([])
    }
    expect(answer.headers['cache-control']).toBeUndefined()
    expect((await ask([], { target: '/public/../a' })).status).toBe(400)
    expect((await ask([], { target: '/publicX' })).status).toBe(401)
    expect((await ask([], { target: '/PUBLIC/a' })).status).toBe(401)
    const { decisions } = (await controlApi(server.control)('GET', '/v1/decisions?outcome=allowed')).json
    expect(decisions.map(({ route }: { route: string }) => route)).not.toContain('/public/**')
  })

  it('a WebSocket of an anonymous route is not waited for by a stop either', async () => {
    const sockets = await startUpstream(undefined, (_, socket) => {
      socket.on('error', () => {}).on('end', () => socket.end())
      socket.resume().write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
    })
    const alone = await startServer({ contract: join(folder, 'contract.json'), upstream: sockets.url })
    const socket = connectTo(alone.edge)
    const lines = ['Host: a', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13']
    const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
    socket.write(`${['GET /public/ws HTTP/1.1', ...lines, key].join('\r\n')}\r\n\r\n`)
    const [answer] = await once(socket, 'data')
    expect(`${answer}`).toContain('101')
    const stopped = alone.stop()
    // What is waited for is reset in the end.
    await once(socket.resume(), 'end')
    await stopped
    await sockets.stop()
  })

  it('a stream and a WebSocket of an anonymous route outlive every key, and nobody is told who may keep their answers', async () => {
    let atUpstream: ServerResponse | undefined
    const streams = (_: IncomingMessage, response: ServerResponse) => {
      atUpstream = response
      response.write('begin')
    }
    const sockets = await startUpstream(streams, (_, socket) => {
      socket.on('error', () => {}).on('end', () => socket.end())
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
      socket.pipe(socket)
    })
    const file = join(folder, 'contract.json')
    const alone = await startServer({ contract: file, upstream: sockets.url, timeouts: { recheckMs: 20 } })
    const { credential: other, key } = await alone.issue()
    const joined = async (path: string, lines: string[]) => {
      const socket = connectTo(alone.edge)
      const fields = ['Host: a', 'Connection: Upgrade', 'Upgrade: websocket', ...lines]
      socket.write(`${[`GET ${path} HTTP/1.1`, ...fields].join('\r\n')}\r\n\r\n`)
      const [answer] = await once(socket, 'data')
      return { socket, answer: String(answer) }
    }
    const anonymous = await joined('/public/ws', [])
    expect(anonymous.answer).toMatch(/^HTTP\/1\.1 101 /)
    expect(anonymous.answer).not.toMatch(/cache-control|vary/i)
    const stream = await fetch(`${alone.edge}/public/events`)
    const { socket } = await joined('/ws', [`X-Shop-Key: ${other}`])
    await alone.revoke(key.id)
    await once(socket.resume(), 'end')
    anonymous.socket.write('still there')
    expect(String(await once(anonymous.socket, 'data'))).toBe('still there')
    atUpstream?.end(', and end')
    expect(await stream.text()).toBe('begin, and end')
    await alone.stop()
    await sockets.stop()
  })

  it('a CORS preflight passes without a credential, and nothing else that says OPTIONS', async () => {
    const preflight = ['Origin: https://shop.example', 'Access-Control-Request-Method: PUT']
    expect((await ask(preflight, { method: 'OPTIONS' })).status).toBe(200)
    expect(upstream.received.at(-1)?.method).toBe('OPTIONS')
    expect(upstream.lastHeader('Origin')).toEqual(['https://shop.example'])
    expect(upstream.lastHeader('X-Organization-Id')).toEqual([])
    const forwarded = ['X-Forwarded-Method: OPTIONS', 'X-Forwarded-Uri: /a']
    const asked = (lines: string[]) => rawRequest(server.control, { target: '/v1/forward-auth', lines })
    expect((await asked([...forwarded, ...preflight])).status).toBe(200)

    expect((await ask([], { method: 'OPTIONS' })).status).toBe(401)
    expect((await ask(preflight.slice(0, 1), { method: 'OPTIONS' })).status).toBe(401)
    expect((await ask([...preflight, ...preflight], { method: 'OPTIONS' })).status).toBe(401)
    expect((await ask(preflight, { method: 'GET' })).status).toBe(401)
    expect((await asked(forwarded)).status).toBe(401)
  })
})

describe('with a contract that passes no preflight on', () => {
  it('a preflight is refused like any other request', async () => {
    const server = await startServer({ contract: 'hopx' })
    const lines = ['Origin: https://a.example', 'Access-Control-Request-Method: GET']
    expect((await rawRequest(server.edge, { method: 'OPTIONS', lines })).status).toBe(401)
    await server.stop()
  })
})
