import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startUpstream, type Upstream } from './support/echo-upstream.ts'
import { type Stage, startStage, stopStage } from './support/instances.ts'
import { parseAnswer, type RawAnswer, rawRequest, sendRaw } from './support/raw-request.ts'
import { startServer, type TestServer } from './support/start-server.ts'

const identity = ['X-Key-Id', 'X-Organization-Id', 'X-Triggered-By', 'X-Request-Id']
const absent = ['X-Project-Id', 'X-User-Id', 'X-Permissions', 'X-Namespaces']
const overrides = ['X-Http-Method-Override', 'X-Http-Method', 'X-Method-Override', 'X-Rewrite-Url', 'X-Original-Url']
const addresses = [
  'Forwarded',
  'X-Real-Ip',
  'X-Original-Forwarded-For',
  'True-Client-Ip',
  'X-Client-Ip',
  'X-Cluster-Client-Ip',
]
const others = [
  'X-Forwarded-Prefix',
  'X-Forwarded-User',
  'X-Middleware-Subrequest',
  'X-Original-Uri',
  'Proxy',
  'X-Auth-Status',
]
const credentials = ['Authorization', 'X-Api-Key', 'Proxy-Authorization']

describe('what the upstream is told', () => {
  let stage: Stage

  beforeAll(async () => {
    stage = await startStage('operate')
  })
  afterAll(() => stopStage(stage))

  const ask = (lines: string[], options: { method?: string; target?: string } = {}): Promise<RawAnswer> =>
    rawRequest(stage.server.edge, { ...options, lines: [`x-api-key: ${stage.key.credential}`, ...lines] })

  const twins = (name: string) => [
    name,
    name.toLowerCase(),
    name.toUpperCase(),
    name.replaceAll('-', '_'),
    name.replaceAll('-', '.'),
    name.replace('-', '_'),
  ]

  it.each([...identity, ...absent, ...overrides, ...addresses, ...others])(
    'is not what a caller says in %s',
    async (name) => {
      for (const twin of name === 'X-Request-Id' ? twins(name).slice(3) : twins(name)) {
        const answer = await ask([`${twin}: spoofed`])
        expect(answer.status).toBe(200)
        expect(stage.upstream.lastHeader(name)).not.toContain('spoofed')
        expect(stage.upstream.lastHeader(name)).toHaveLength(identity.includes(name) ? 1 : 0)
      }
    },
  )

  it.each(credentials)('never holds %s, whatever it is', async (name) => {
    for (const twin of twins(name).filter((each) => each.toLowerCase() !== 'x-api-key')) {
      expect((await ask([`${twin}: Bearer somebody-elses`])).status).toBe(200)
      expect(stage.upstream.lastHeader(name)).toEqual([])
    }
    expect(JSON.stringify(stage.upstream.received)).not.toContain(stage.key.credential)
  })

  it('never holds a key in a header that the contract does not look at', async () => {
    const { server, upstream, key } = await startStage('handinger')
    try {
      for (const twin of twins('X-Api-Key')) {
        const lines = [`Authorization: Bearer ${key.credential}`, `${twin}: somebody-elses`]
        expect((await rawRequest(server.edge, { target: '/tasks', lines })).status).toBe(200)
        expect(upstream.lastHeader('X-Api-Key')).toEqual([])
      }
    } finally {
      await server.stop()
      await upstream.stop()
    }
  })

  it('names the caller, the organization and nothing that does not apply', async () => {
    await ask([])
    const { key } = stage.key
    expect(stage.upstream.lastHeader('X-Key-Id')).toEqual([key.id])
    expect(stage.upstream.lastHeader('X-Organization-Id')).toEqual(['acme'])
    for (const name of absent) expect(stage.upstream.lastHeader(name)).toEqual([])
  })

  it('says where the request came from, by ourselves', async () => {
    await ask(['X-Forwarded-For: 203.0.113.9', 'X-Forwarded-Proto: https', 'X-Forwarded-Host: evil.example'])
    expect(stage.upstream.lastHeader('X-Forwarded-For')).toEqual(['127.0.0.1'])
    expect(stage.upstream.lastHeader('X-Forwarded-Proto')).toEqual(['http'])
    expect(stage.upstream.lastHeader('X-Forwarded-Host')).toEqual([new URL(stage.server.edge).host])
    expect(stage.upstream.lastHeader('Host')).toEqual([new URL(stage.upstream.url).host])
  })

  it('cannot be taken away by Connection', async () => {
    const ours = [...identity, 'X-Forwarded-For', 'X-Forwarded-Host', 'Host', 'Content-Type']
    for (const name of ours.flatMap((each) => [each, each.toLowerCase()])) {
      expect((await ask([`Connection: ${name}`, `Connection: keep-alive, ${name}`, 'Content-Type: a/b'])).status).toBe(
        200,
      )
      for (const each of ours.slice(0, -1)) expect(stage.upstream.lastHeader(each)).toHaveLength(1)
    }
    expect(stage.upstream.lastHeader('Content-Type')).toEqual([])
  })

  it('holds nothing that was meant for the connection alone', async () => {
    const named = ['Upgrade: h2c', 'X-Hop: 1', 'X_Other: 2', 'HTTP2-Settings: AAMAAABk']
    const unnamed = ['TE: trailers', 'Trailer: X-Sum', 'Keep-Alive: timeout=5', 'Proxy-Connection: close']
    for (const options of [['X-Hop, X_Other, Upgrade, HTTP2-Settings'], ['X-Hop', 'X_Other', 'Upgrade']]) {
      const answer = await ask([...named, ...unnamed, ...options.map((each) => `Connection: ${each}`)])
      expect(answer.status).toBe(200)
      for (const line of [...named, ...unnamed]) {
        expect(stage.upstream.lastHeader(line.split(':')[0] ?? '')).toEqual([])
      }
    }
    expect(stage.upstream.lastHeader('Connection')).toEqual(['keep-alive'])
  })

  it.each(['Content-Type', 'Content-Length', 'Content-Encoding'])(
    'says of the body what it was judged by, and not what a caller says in another spelling of %s',
    async (name) => {
      for (const twin of twins(name).slice(3)) {
        expect((await ask([`${twin}: spoofed`])).status).toBe(200)
        expect(stage.upstream.lastHeader(name)).toEqual([])
      }
    },
  )

  it('holds the other headers as they came, repeated ones too', async () => {
    await ask([
      'Accept: a/b',
      'Content-Type: c/d',
      'X-Custom: 1',
      'x-custom: 2',
      'Cookie: theme=dark; keywright.session=a; __Host-keywright.s=b',
    ])
    expect(stage.upstream.lastHeader('Accept')).toEqual(['a/b'])
    expect(stage.upstream.lastHeader('Content-Type')).toEqual(['c/d'])
    expect(stage.upstream.lastHeader('X-Custom')).toEqual(['1', '2'])
    expect(stage.upstream.lastHeader('Cookie')).toEqual(['theme=dark'])
    await ask(['Cookie: keywright.session=a'])
    expect(stage.upstream.lastHeader('Cookie')).toEqual([])
  })

  it('is the method that was authorised', async () => {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      await ask(['X-HTTP-Method-Override: DELETE'], { method, target: '/v1/things?_method=DELETE' })
      expect(stage.upstream.received.at(-1)?.method).toBe(method)
    }
  })

  it.each(['TRACE', 'PROPFIND', 'QUERY', 'LINK'])('is nothing where the method is %s', async (method) => {
    const count = stage.upstream.received.length
    const answer = await ask([], { method })
    expect(answer.status).toBe(405)
    expect(JSON.parse(answer.body)).toMatchObject({ success: false })
    expect(stage.upstream.received).toHaveLength(count)
  })

  it('is nothing where the caller asks for a tunnel', async () => {
    const answer = await ask([], { method: 'CONNECT', target: new URL(stage.upstream.url).host })
    expect(answer.status).toBe(400)
    expect(JSON.parse(answer.body)).toMatchObject({ success: false })
  })

  it.each([
    ['no Host', []],
    ['two', ['Host: a', 'Host: a']],
    ['two that differ', ['Host: a', 'Host: b']],
    ['a Host that is an address', ['Host: http://a/']],
    ['a Host with a path', ['Host: x/#@y']],
    ['a Host with user and password', ['Host: u:p@a']],
    ['an empty Host', ['Host:']],
    ['two transfer codings', ['Host: a', 'Transfer-Encoding: gzip, chunked']],
    ['an unknown transfer coding', ['Host: a', 'Transfer-Encoding: xchunked']],
    ['both kinds of length', ['Host: a', 'Content-Length: 4', 'Transfer-Encoding: chunked']],
    ['two lengths', ['Host: a', 'Content-Length: 4', 'Content-Length: 5']],
    ['a signed length', ['Host: a', 'Content-Length: +4']],
    ['a length of two numbers', ['Host: a', 'Content-Length: 4, 4']],
    ['chunked twice', ['Host: a', 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked']],
    ['an unknown expectation', ['Host: a', 'Expect: 200-ok']],
  ])('is nothing where the request has %s', async (_, lines) => {
    const count = stage.upstream.received.length
    const head = ['POST /v1/things HTTP/1.1', `x-api-key: ${stage.key.credential}`, ...lines]
    const answer = parseAnswer(await sendRaw(stage.server.edge, `${head.join('\r\n')}\r\n\r\n0\r\n\r\n`))
    expect([answer.status, answer.headers.connection]).toEqual([400, 'close'])
    expect(JSON.parse(answer.body)).toMatchObject({ success: false })
    expect(stage.upstream.received).toHaveLength(count)
  })

  it('is asked of the configured origin alone', async () => {
    let visits = 0
    const canary = createServer((_, response) => {
      visits++
      response.end()
    }).listen(0, '127.0.0.1')
    await once(canary, 'listening')
    const host = `127.0.0.1:${(canary.address() as AddressInfo).port}`
    for (const target of [
      `http://${host}/`,
      `//${host}/`,
      `/\\${host}/`,
      `/@${host}/`,
      `/http://${host}/`,
      `${host}`,
    ]) {
      await ask([`X-Forwarded-Host: ${host}`, `Forwarded: host=${host}`], { target })
      await rawRequest(stage.server.edge, { target, lines: [`x-api-key: ${stage.key.credential}`, `Host: ${host}`] })
    }
    await ask([`X-Original-Url: http://${host}/`, `X-Rewrite-Url: //${host}/`])
    canary.close()
    expect(visits).toBe(0)
  })
})

describe('behind trusted proxies, the address of a caller', () => {
  let upstream: Upstream
  let server: TestServer
  let credential: string

  beforeAll(async () => {
    upstream = await startUpstream()
    server = await startServer({
      contract: 'keywright',
      upstream: upstream.url,
      trustedProxy: ['127.0.0.1', '10.0.0.0/8'],
    })
    credential = (await server.issue({ allowedIps: ['203.0.113.0/24'] })).credential
  })
  afterAll(async () => {
    await server.stop()
    await upstream.stop()
  })

  it.each([
    ['the right-most hop', '203.0.113.7', '203.0.113.7'],
    ['the right-most hop that is no proxy', '203.0.113.7, 10.1.2.3', '203.0.113.7, 10.1.2.3'],
    ['mapped into IPv6', '::ffff:203.0.113.7', '203.0.113.7'],
    ['never who they say they came from', '10.0.0.9, 198.51.100.1, 203.0.113.7 ,10.1.2.3', '203.0.113.7, 10.1.2.3'],
    ['never what no address is', `"' OR 1=1 --, 203.0.113.7`, '203.0.113.7'],
  ])('is %s, and the upstream is told no more', async (_, forwardedFor, believed) => {
    const lines = [`Authorization: Bearer ${credential}`, `X-Forwarded-For: ${forwardedFor}`]
    expect((await rawRequest(server.edge, { lines })).status).toBe(200)
    expect(upstream.lastHeader('X-Forwarded-For')).toEqual([`${believed}, 127.0.0.1`])
  })

  it.each([
    ['what a caller put in front', '203.0.113.7, 198.51.100.1'],
    ['what stands behind a word', '203.0.113.7, unknown, 10.0.0.1'],
    ['read as octal', '0203.0.113.7'],
    ['read with a zone', '203.0.113.7%eth0'],
    ['read with a port', '203.0.113.7:80'],
  ])('is not %s', async (_, forwardedFor) => {
    const lines = [`Authorization: Bearer ${credential}`, `X-Forwarded-For: ${forwardedFor}`]
    expect((await rawRequest(server.edge, { lines })).status).toBe(403)
  })

  it('is read from all fields of the name, in the order they were sent', async () => {
    const ask = (...fields: string[]) => {
      const lines = fields.map((field) => `X-Forwarded-For: ${field}`)
      return rawRequest(server.edge, { lines: [`Authorization: Bearer ${credential}`, ...lines] })
    }
    expect((await ask('198.51.100.1, 203.0.113.7', '10.1.2.3')).status).toBe(200)
    expect(upstream.lastHeader('X-Forwarded-For')).toEqual(['203.0.113.7, 10.1.2.3, 127.0.0.1'])
    expect((await ask('203.0.113.7', '198.51.100.1')).status).toBe(403)
  })

  it('is not what a caller says, where nobody is trusted', async () => {
    const untrusting = await startServer({ contract: 'keywright', upstream: upstream.url })
    const issued = await untrusting.issue({ allowedIps: ['203.0.113.0/24'] })
    const lines = [
      `Authorization: Bearer ${issued.credential}`,
      'X-Forwarded-For: 203.0.113.7',
      'X-Real-IP: 203.0.113.7',
    ]
    expect((await rawRequest(untrusting.edge, { lines })).status).toBe(403)
    await untrusting.stop()
  })
})

describe('what the caller is told', () => {
  let upstream: Upstream
  let server: TestServer
  let credential: string
  let reply: Record<string, string | string[]>

  beforeAll(async () => {
    upstream = await startUpstream((_, response) => {
      response.writeHead(200, reply).end('{}')
    })
    server = await startServer({ contract: 'hopx', upstream: upstream.url })
    credential = (await server.issue({ limits: [{ requests: 1_000, windowSeconds: 60, per: 'key', kind: 'window' }] }))
      .credential
  })
  afterAll(async () => {
    await server.stop()
    await upstream.stop()
  })

  async function answerTo(headers: typeof reply): Promise<Headers> {
    reply = headers
    return (await fetch(`${server.edge}/v1/sandboxes`, { headers: { 'x-api-key': credential } })).headers
  }

  it('is not what an upstream says in our place', async () => {
    const names = ['X-Request-Id', 'X-Key-Id', 'X-Organization-Id', 'X-RateLimit-Limit', 'X-RateLimit-Remaining']
    const more = ['X_Key_Id', 'Api-Key-Status', 'Api-Key-Expires', 'RateLimit', 'RateLimit-Policy', 'X-Auth-Status']
    const headers = await answerTo(Object.fromEntries([...names, ...more].map((name) => [name, 'spoofed'])))
    expect([...headers.values()]).not.toContain('spoofed')
    expect(headers.get('x-ratelimit-limit')).toBe('1000')
    expect(headers.get('x-request-id')).toMatch(/^req_/)
  })

  it('is the other headers as they came, repeated ones too', async () => {
    const headers = await answerTo({ etag: '"a"', link: ['</a>; rel=next', '</b>; rel=prev'] })
    expect([headers.get('etag'), headers.get('link')]).toEqual(['"a"', '</a>; rel=next, </b>; rel=prev'])
  })

  it('holds no cookie that is named like ours', async () => {
    const ours = ['keywright.session=x; Path=/', '__Host-keywright.s=y']
    const headers = await answerTo({ 'set-cookie': ['a=1', ...ours, 'b=2'] })
    expect(headers.getSetCookie()).toEqual(['a=1', 'b=2'])
  })

  it('holds nothing that was meant for the connection alone', async () => {
    const hops = { connection: ['keep-alive, x-hop', 'x_other'], 'x-hop': '1', x_other: '2' }
    const unnamed = ['proxy-authenticate', 'proxy-authentication-info', 'proxy-connection', 'trailer', 'upgrade']
    const headers = await answerTo({ ...hops, ...Object.fromEntries(unnamed.map((name) => [name, 'x'])) })
    for (const name of ['x-hop', 'x_other', ...unnamed]) expect(headers.get(name)).toBeNull()
  })

  it.each([
    ['', 'private'],
    ['public, max-age=60', 'private, max-age=60'],
    ['max-age=60, s-maxage=600', 'private, max-age=60'],
    ['no-store', 'no-store'],
    ['No-Store', 'No-Store'],
    ['private, max-age=5', 'private, max-age=5'],
    ['PUBLIC', 'private'],
  ])('with Cache-Control "%s" from the upstream is for that caller alone', async (from, to) => {
    const overrides = ['surrogate-control', 'edge-control', 'cdn-cache-control', 'cloudflare-cdn-cache-control']
    const headers = await answerTo({
      ...(from && { 'cache-control': from }),
      ...Object.fromEntries(overrides.map((name) => [name, 'max-age=600'])),
      'x-accel-expires': '600',
    })
    expect(headers.get('cache-control')).toBe(to)
    for (const name of [...overrides, 'x-accel-expires']) expect(headers.get(name)).toBeNull()
  })

  it.each([
    ['', 'Authorization, X-API-Key'],
    ['Accept', 'Accept, Authorization, X-API-Key'],
    ['accept, authorization', 'accept, authorization, X-API-Key'],
    ['*', '*'],
  ])('with Vary "%s" from the upstream varies on the credential', async (from, to) => {
    expect((await answerTo(from ? { vary: from } : {})).get('vary')).toBe(to)
  })
})
