import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { connectTo } from './support/connect-to.ts'
import { startUpstream, type Upstream } from './support/echo-upstream.ts'
import { rawRequest, sendRaw } from './support/raw-request.ts'
import { startServer, type TestServer } from './support/start-server.ts'

describe('the access log', () => {
  let server: TestServer
  let upstream: Upstream

  async function start(env: Record<string, string>, contract = 'hopx') {
    upstream = await startUpstream()
    server = await startServer({ contract, upstream: upstream.url, env })
  }
  afterEach(async () => {
    vi.useRealTimers()
    await server.stop()
    await upstream.stop()
  })

  async function lines(count: number): Promise<Record<string, unknown>[]> {
    for (;;) {
      const all = server
        .log()
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
      const told = all.filter(({ msg }) => msg === 'request')
      if (told.length >= count) return told
      await sleep(10)
    }
  }

  it('has one line a request: who, what kind of route, and what became of it', async () => {
    await start({ KEYWRIGHT_ACCESS_LOG: 'true' })
    const { key, credential } = await server.issue({ permissions: ['sandboxes:read'] })
    const id = (n: number) => `X-Request-Id: ${n}`
    const own = `X-API-Key: ${credential}`
    await rawRequest(server.edge, { target: '/v1/sandboxes/abc?secret=1', lines: [id(1), own] })
    await rawRequest(server.edge, { method: 'DELETE', target: '/v1/sandboxes/abc', lines: [id(2), own] })
    await rawRequest(server.edge, { target: '/v1/made-up-by-strangers', lines: [id(3)] })
    await rawRequest(server.edge, { target: '/v1/a%2fb', lines: [id(4), own] })
    await rawRequest(server.edge, { target: '/health', lines: [id(5)] })

    const told = await lines(5)
    const rest = { level: 'info', time: expect.any(String), ms: expect.any(Number), bytes: expect.any(Number) }
    const known = { key: key.id, organization: 'acme', address: '127.0.0.1' }
    const request = { ...rest, msg: 'request', method: 'GET' }
    expect(told).toEqual([
      { ...request, ...known, requestId: '1', status: 200, route: '/v1/sandboxes/**', verdict: 'allowed' },
      {
        ...{ ...request, ...known, requestId: '2', method: 'DELETE', status: 403 },
        ...{ route: '/v1/sandboxes/**', verdict: 'permission_missing' },
      },
      { ...request, address: '127.0.0.1', requestId: '3', status: 401, route: '/**', verdict: 'missing_credential' },
      { ...request, requestId: '4', status: 400 },
      { ...request, address: '127.0.0.1', requestId: '5', status: 200, route: '/health' },
    ])
    for (const { bytes } of told) expect(bytes).toBeGreaterThan(100)
    for (const kept of [credential, 'secret=1', 'made-up', 'abc']) expect(server.log()).not.toContain(kept)
  })

  it('tells whose key came to a route that the contract answers itself', async () => {
    await start({ KEYWRIGHT_ACCESS_LOG: 'true' }, 'holocron')
    const { key, credential } = await server.issue()
    const revoked = await server.issue()
    await server.revoke(revoked.key.id)
    const ask = (lines: string[]) => rawRequest(server.edge, { target: '/api/v0/me', lines })
    await ask([`Authorization: Bearer ${credential}`])
    await ask([`Authorization: Bearer ${revoked.credential}`])
    await ask([])
    expect(await lines(3)).toMatchObject([
      { status: 200, verdict: 'allowed', key: key.id, organization: 'acme' },
      { status: 401, verdict: 'revoked_key', key: revoked.key.id, organization: 'acme' },
      { status: 401, verdict: 'missing_credential' },
    ])
  })

  it('has no status for a request that was left before its answer', async () => {
    await start({ KEYWRIGHT_ACCESS_LOG: 'true' })
    upstream.server.removeAllListeners('request')
    upstream.server.on('request', () => socket.destroy())
    const { credential } = await server.issue()
    const socket = connectTo(server.edge)
    socket.write(`GET /v1/sandboxes HTTP/1.1\r\nHost: a\r\nX-API-Key: ${credential}\r\n\r\n`)
    const [told] = await lines(1)
    expect(told).toMatchObject({ verdict: 'allowed', bytes: 0 })
    expect(told).not.toHaveProperty('status')
  })

  it('has new names for routes in the next hour, though one key made all up in this one', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    await start({ KEYWRIGHT_ACCESS_LOG: 'true' })
    const { credential } = await server.issue({ limits: [] })
    const ask = (path: string) => fetch(server.edge + path, { headers: { 'x-api-key': credential } })
    for (let i = 0; i < 100; i++) await ask(`/v1/${'a'.repeat(i % 10)}${'b'.repeat(1 + i / 10)}/x`)
    await ask('/v1/later/x')
    vi.setSystemTime(Date.now() + 3_600_000)
    await ask('/v1/later/x')
    const routes = (await lines(102)).map(({ route }) => route)
    expect(routes.slice(99)).toEqual(['/v1/aaaaaaaaabbbbbbbbbb/**', '/**', '/v1/later/**'])
  })

  it('tells of a WebSocket once it is over, and of the answer of one that was not opened', async () => {
    await start({ KEYWRIGHT_ACCESS_LOG: 'true' })
    upstream.server.on('upgrade', ({ url }, socket) => {
      if (url === '/v1/sandboxes') socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n')
      else if (url === '/v1/templates') socket.end('HTTP/1.1 418 No\r\nContent-Length: 0\r\n\r\n')
      else socket.destroy()
    })
    const own = `X-API-Key: ${(await server.issue()).credential}`
    const ask = async (path: string, ...more: string[]) => {
      const head = [`GET ${path} HTTP/1.1`, 'Host: a', 'Connection: Upgrade', 'Upgrade: websocket', ...more]
      await sendRaw(server.edge, `${head.join('\r\n')}\r\n\r\n`)
    }
    await ask('/v1/sandboxes')
    await ask('/v1/sandboxes', own)
    await ask('/v1/templates', own)
    await ask('/v1/volumes', own)
    expect(await lines(4)).toMatchObject([
      { status: 401, verdict: 'missing_credential' },
      { status: 101, verdict: 'allowed' },
      { status: 418, verdict: 'allowed' },
      { status: 502, verdict: 'allowed' },
    ])
  })

  it('tells of a request for which no verdict could be reached where it came from and for what, of a handshake too', async () => {
    await start({ KEYWRIGHT_ACCESS_LOG: 'true' })
    const own = `X-API-Key: ${(await server.issueElsewhere()).credential}`
    await server.lifecycle.store.close()
    for (const more of [[], ['Upgrade: websocket']]) {
      const head = ['GET /v1/sandboxes HTTP/1.1', 'Host: a', `Connection: ${more.length > 0 ? 'Upgrade' : 'close'}`]
      await sendRaw(server.edge, `${[...head, ...more, own].join('\r\n')}\r\n\r\n`)
    }
    const unknown = { status: 503, address: '127.0.0.1', route: '/v1/sandboxes/**' }
    expect(await lines(2)).toMatchObject([unknown, unknown])
  })

  it('is not kept unless it is asked for', async () => {
    await start({})
    await rawRequest(server.edge, {})
    await server.stop()
    expect(server.log()).not.toContain('"msg":"request"')
    await start({})
  })
})
