import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectTo } from '../support/connect-to.ts'
import { startUpstream, type Upstream } from '../support/echo-upstream.ts'
import { type RunningProxy, startHaproxy, startNginx } from '../support/proxies.ts'
import { parseAnswer, rawRequest, sendRaw } from '../support/raw-request.ts'
import { startServer, type TestServer } from '../support/start-server.ts'

describe('behind a cache of nginx, the gateway', () => {
  let upstream: Upstream
  let server: TestServer
  let proxy: RunningProxy
  let credential: string

  beforeAll(async () => {
    upstream = await startUpstream((_, response) => {
      response.setHeader('Cache-Control', 'public, max-age=600')
      response.setHeader('X-Accel-Expires', '600')
      response.setHeader('Expires', new Date(Date.now() + 600_000).toUTCString())
      response.end('for one caller alone')
    })
    server = await startServer({ contract: 'operate', upstream: upstream.url })
    credential = (await server.issue()).credential
    proxy = await startNginx(
      (port, folder) => `
        proxy_cache_path ${folder}/cache keys_zone=all:1m;
        server {
          listen 127.0.0.1:${port};
          location / { proxy_cache all; proxy_pass ${server.edge}; add_header X-Cache $upstream_cache_status; }
        }`,
    )
  })
  afterAll(async () => {
    await proxy?.stop()
    await server.stop()
    await upstream.stop()
  })

  it('never has its answers served to another caller', async () => {
    const get = (headers: Record<string, string>) => fetch(`${proxy.url}/v1/orders`, { headers })
    for (let time = 0; time < 2; time++) {
      const mine = await get({ 'x-api-key': credential })
      expect(await mine.text()).toBe('for one caller alone')
      expect(mine.headers.get('x-cache')).not.toBe('HIT')
      expect((await get({})).status).toBe(400)
      expect((await get({ 'x-api-key': 'nonsense' })).status).toBe(401)
    }
  })
})

const fronts = [
  {
    name: 'nginx',
    start: (edge: string) =>
      startNginx(
        (port) => `
          upstream edge { server ${new URL(edge).host}; keepalive 4; }
          server {
            listen 127.0.0.1:${port};
            location / {
              proxy_pass http://edge; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_request_buffering off;
            }
          }`,
      ),
  },
  {
    name: 'HAProxy',
    start: (edge: string) =>
      startHaproxy(
        (port) => `
defaults
  mode http
  timeout connect 5s
  timeout client 10s
  timeout server 10s
frontend all
  bind 127.0.0.1:${port}
  default_backend edge
backend edge
  http-reuse always
  server edge ${new URL(edge).host}
`,
      ),
  },
]

/** Each is two requests to one reader and one, or another two, to the other, if the two disagree. */
const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n'
const attacks: [name: string, head: string[], body: string][] = [
  ['a length and chunks', ['Content-Length: 5', 'Transfer-Encoding: chunked'], `0\r\n\r\n${smuggled}`],
  [
    'chunks and a length',
    ['Transfer-Encoding: chunked', `Content-Length: ${smuggled.length + 5}`],
    `0\r\n\r\n${smuggled}`,
  ],
  ['two lengths', ['Content-Length: 0', `Content-Length: ${smuggled.length}`], smuggled],
  ['a list of lengths', [`Content-Length: 0, ${smuggled.length}`], smuggled],
  ['a length with a sign', [`Content-Length: +${smuggled.length}`], smuggled],
  ['a space before the colon', [`Content-Length : ${smuggled.length}`], smuggled],
  ['a tab before the coding', ['Transfer-Encoding:\tchunked'], `0\r\n\r\n${smuggled}`],
  ['a vertical tab before the coding', ['Transfer-Encoding: \x0bchunked'], `0\r\n\r\n${smuggled}`],
  ['an unknown coding', ['Transfer-Encoding: xchunked'], `0\r\n\r\n${smuggled}`],
  ['chunked, then identity', ['Transfer-Encoding: chunked, identity'], `0\r\n\r\n${smuggled}`],
  ['two codings in two fields', ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'], `0\r\n\r\n${smuggled}`],
  ['a quoted coding', ['Transfer-Encoding: "chunked"'], `0\r\n\r\n${smuggled}`],
  ['a folded coding', ['Transfer-Encoding:\r\n chunked'], `0\r\n\r\n${smuggled}`],
  ['a bare LF after the chunk size', ['Transfer-Encoding: chunked'], `0\n\r\n${smuggled}`],
  ['a bare CR after the chunk size', ['Transfer-Encoding: chunked'], `0\r\r\n${smuggled}`],
  ['a chunk extension with a bare LF', ['Transfer-Encoding: chunked'], `0;a\nb\r\n\r\n${smuggled}`],
  ['a chunk size beyond 64 bits', ['Transfer-Encoding: chunked'], `10000000000000000\r\n\r\n${smuggled}`],
  ['a chunk size with 0x', ['Transfer-Encoding: chunked'], `0x0\r\n\r\n${smuggled}`],
  ['trailers that name a length', ['Transfer-Encoding: chunked'], `0\r\nContent-Length: 5\r\n\r\n${smuggled}`],
  ['an expectation and an early body', ['Expect: 100-continue', 'Content-Length: 0'], smuggled],
  ['a header that ends with a bare LF', [`A: b\nContent-Length: ${smuggled.length}`], smuggled],
]

describe.each(fronts)('behind $name, the gateway', ({ start }) => {
  let upstream: Upstream
  let server: TestServer
  let proxy: RunningProxy
  let credential: string

  beforeAll(async () => {
    upstream = await startUpstream()
    server = await startServer({ contract: 'operate', upstream: upstream.url, trustedProxy: ['127.0.0.1'] })
    credential = (await server.issue()).credential
    proxy = await start(server.edge)
  })
  afterAll(async () => {
    await proxy?.stop()
    await server.stop()
    await upstream.stop()
  })

  it.each(attacks)('reads %s as the front does, or not at all', async (_, head, body) => {
    const attack = ['POST /v1/attack HTTP/1.1', 'Host: a', `x-api-key: ${credential}`, ...head].join('\r\n')
    const text = await sendRaw(proxy.url, `${attack}\r\n\r\n${body}`)
    // A second request in the eyes of the front is answered by it, and is nobody's secret.
    const answers = text.match(/HTTP\/1\.1 [2-5]\d\d /g)?.length ?? 0
    const seen = upstream.received.filter(({ url }) => url.includes('smuggled'))
    expect(seen).toEqual([])
    expect(answers).toBeLessThanOrEqual(2)

    const victim = await rawRequest(proxy.url, { target: '/v1/victim', lines: [`x-api-key: ${credential}`] })
    expect(victim.status).toBe(200)
    expect(JSON.parse(victim.body)).toMatchObject({ method: 'GET', url: '/v1/victim', body: '' })
  })

  it('refuses a credential that is there twice, joined or not', async () => {
    const lines = [`x-api-key: ${credential}`, `x-api-key: ${credential}`]
    expect((await rawRequest(proxy.url, { lines })).status).toBe(401)
    expect((await rawRequest(proxy.url, { lines: [`x-api-key: ${credential}, ${credential}`] })).status).toBe(401)
  })

  it('streams what it is sent, and is not held up by a caller who is slow', async () => {
    const socket = connectTo(proxy.url)
    socket.write(`POST /v1/slow HTTP/1.1\r\nHost: a\r\nx-api-key: ${credential}\r\nContent-Length: 4\r\n\r\nab`)
    const other = await rawRequest(proxy.url, { lines: [`x-api-key: ${credential}`] })
    expect(other.status).toBe(200)
    const answer = new Promise<string>((resolve) => socket.once('data', (chunk) => resolve(String(chunk))))
    socket.write('cd')
    expect(parseAnswer(await answer).status).toBe(200)
    expect(upstream.received.at(-1)).toMatchObject({ url: '/v1/slow', body: 'abcd' })
    socket.destroy()
  })
})
