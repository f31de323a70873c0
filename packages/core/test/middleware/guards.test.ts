import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { connect } from 'node:http2'
import { type AddressInfo, connect as connectTo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import { getRequestListener } from '@hono/node-server'
import { createVerifier, issue, type KeySource, parseContract, rotate, type Verifier } from '@keywright/core'
import { guard as guardExpress } from '@keywright/core/express'
import { guard as guardFastify } from '@keywright/core/fastify'
import { guard as guardHono } from '@keywright/core/hono'
import { guard as guardNext } from '@keywright/core/next'
import { guard as guardNode } from '@keywright/core/node'
import { type InMemory, inMemory, testActor } from '@keywright/core/testing'
import express from 'express'
// @ts-expect-error: It comes without types; those of Express 5 do for both.
import untypedExpress4 from 'express4'
import fastify, { type FastifyReply } from 'fastify'
import { Hono } from 'hono'
import { methodOverride } from 'hono/method-override'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const contract = parseContract({
  name: 'acme',
  title: 'Acme',
  credential: { sources: [{ header: 'X-Acme-Key' }], whenSeveral: 'refuse' },
  key: {
    random: { alphabet: 'base62', length: 43 },
    checksum: true,
    forms: [{ prefix: 'acme_', environment: 'live', kind: 'secret' }],
  },
  permissions: { offered: { read: 'Read', write: 'Write' } },
  routes: [{ path: '/v1/**', permission: { read: 'read', write: 'write' } }],
  limits: [{ requests: 5, windowSeconds: 60, per: 'key', kind: 'window' }],
  limitHeaders: 'ietf',
  // Longer in bytes than in characters.
  body: { json: { error: '„{message}“' } },
  docs: { variable: 'ACME_API_KEY', organization: 'organization', example: { method: 'GET', path: '/v1/things' } },
})

let acme: InMemory
const servers: Server[] = []

beforeEach(async () => {
  acme = inMemory({ contract })
  await acme.organization()
})
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

const newKey = (input = {}) => issue(acme.lifecycle, testActor, { organization: 'acme', name: 'test', ...input })

async function listening(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const asking = (url: string, credential: string, init: RequestInit = {}) =>
  fetch(url, { ...init, headers: { 'x-acme-key': credential, ...init.headers } })

function away(): Verifier {
  const gone = async () => {
    throw new Error('The database is away.')
  }
  const keys: KeySource = { find: gone, found: gone }
  return createVerifier({ contract, keys })
}

const express4: typeof express = untypedExpress4
const expresses = [
  ['Express', express],
  ['Express 4', express4],
] as const
const exact = (create = express) => create().set('case sensitive routing', true).set('strict routing', true)

function onExpress(create: typeof express) {
  return async (verifier: Verifier, ran: () => void) => {
    const app = exact(create)
    app.use(guardExpress(verifier))
    app.use((request, response) => {
      ran()
      response.end(request.keywright.principal?.organization)
    })
    const url = await listening(app)
    return (request: Request) => fetch(new Request(url + new URL(request.url).pathname, request))
  }
}

/** An app of each framework that says whose key it was, with how often its handler ran. */
const apps: Record<string, (verifier: Verifier, ran: () => void) => Promise<(request: Request) => Promise<Response>>> =
  {
    async 'node:http'(verifier, ran) {
      const url = await listening(
        guardNode(verifier)(({ keywright }, response) => {
          ran()
          response.end(keywright.principal?.organization)
        }),
      )
      return (request) => fetch(new Request(url + new URL(request.url).pathname, request))
    },
    Express: onExpress(express),
    'Express 4': onExpress(express4),
    async Fastify(verifier, ran) {
      const app = fastify()
      app.addHook('onRequest', guardFastify(verifier))
      app.all('/*', async ({ keywright }) => {
        ran()
        return keywright.principal?.organization
      })
      await app.ready()
      const url = await listening(app.routing)
      return (request) => fetch(new Request(url + new URL(request.url).pathname, request))
    },
    async Hono(verifier, ran) {
      const app = new Hono()
      app.use(guardHono(verifier))
      app.all('*', (context) => {
        ran()
        return context.text(context.get('keywright').principal?.organization ?? '')
      })
      return async (request) => app.fetch(request)
    },
    async Next(verifier, ran) {
      const handler = guardNext(verifier)(({ keywright }) => {
        ran()
        return new Response(keywright.principal?.organization)
      })
      return (request) => handler(request, { params: Promise.resolve({}) })
    },
  }

describe.each(Object.entries(apps))('guard in %s', (_, start) => {
  const request = (credential: string, init: RequestInit = {}) =>
    new Request('http://localhost/v1/things', { ...init, headers: { 'x-acme-key': credential } })

  it('runs the handler for a key that works, and says what is left of its limits', async () => {
    const { credential } = await newKey()
    const answer = await (await start(acme.verifier, () => {}))(request(credential))
    expect([answer.status, await answer.text()]).toEqual([200, 'acme'])
    expect(answer.headers.get('ratelimit')).toBe('"key-window";r=4;t=60')
    expect(answer.headers.get('cache-control')).toBe('private')
    expect(answer.headers.get('vary')?.toLowerCase()).toContain('x-acme-key')
    expect(answer.headers.get('x-request-id')).toMatch(/^req_/)
  })

  it('tells the holder of a rotated secret when that ends', async () => {
    const { credential, key } = await newKey()
    await rotate(acme.lifecycle, testActor, key.id, { graceSeconds: 3600 })
    const answer = await (await start(acme.verifier, () => {}))(request(credential))
    expect(answer.headers.get('api-key-status')).toBe('rotating')
    expect(answer.headers.get('api-key-expires')).toBe(new Date(acme.clock.now() + 3_600_000).toUTCString())
  })

  it('refuses what the contract refuses, without running the handler', async () => {
    let runs = 0
    const ask = await start(acme.verifier, () => runs++)
    const { credential } = await newKey({ permissions: ['read'] })
    expect((await ask(new Request('http://localhost/v1/things'))).status).toBe(401)
    expect((await ask(request('acme_nobody'))).status).toBe(401)
    const forbidden = await ask(request(credential, { method: 'POST' }))
    expect(forbidden.status).toBe(403)
    expect(forbidden.headers.get('x-request-id')).toMatch(/^req_/)
    const body = await forbidden.text()
    expect(JSON.parse(body)).toEqual({ error: expect.stringMatching(/^„.+“$/) })
    expect(forbidden.headers.get('content-length')).toBe(String(Buffer.byteLength(body)))
    expect(runs).toBe(0)
  })

  it('makes another request id where the one that is sent has a credential in it', async () => {
    const { credential } = await newKey()
    const ask = await start(acme.verifier, () => {})
    const named = (key: string, id: string) =>
      new Request(request(key), { headers: { 'x-acme-key': key, 'x-request-id': id } })
    for (const key of [credential, 'acme_nobody']) {
      for (const id of [credential, `trace-${credential.slice(0, -6)}`, `ACME_${credential.slice(5)}`])
        expect((await ask(named(key, id))).headers.get('x-request-id')).toMatch(/^req_/)
      expect((await ask(named(key, 'acme_1'))).headers.get('x-request-id')).toBe('acme_1')
    }
  })

  it('answers 503 and when to come back where no verdict can be reached, and never runs the handler', async () => {
    let runs = 0
    const { credential } = await newKey()
    const answer = await (await start(away(), () => runs++))(request(credential))
    expect(answer.status).toBe(503)
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    expect(runs).toBe(0)
  })
})

describe('guard', () => {
  it('tells why no verdict could be reached', async () => {
    const { credential } = await newKey()
    const failures: unknown[] = []
    const url = await listening(guardNode(away(), { onFailure: (...failure) => failures.push(failure) })(() => {}))
    const { status, headers } = await asking(`${url}/v1/a`, credential)
    expect(status).toBe(503)
    const reason = expect.objectContaining({ message: 'The database is away.' })
    expect(failures).toEqual([[reason, headers.get('x-request-id')]])
  })

  it('answers all the same where the one it tells fails in turn', async () => {
    const { credential } = await newKey()
    const onFailure = () => {
      throw new Error('The log is full.')
    }
    const failing = () => Promise.reject(new Error('secret'))
    const [out, broken] = [guardNode(away(), { onFailure })(() => {}), guardNode(acme.verifier, { onFailure })(failing)]
    expect((await asking(`${await listening(out)}/v1/a`, credential)).status).toBe(503)
    expect((await asking(`${await listening(broken)}/v1/a`, credential)).status).toBe(500)
  })

  it('asks for more permissions where it is told to', async () => {
    const { credential } = await newKey({ permissions: ['read'] })
    const url = await listening(guardNode(acme.verifier, { permissions: ['write'] })((_, response) => response.end()))
    expect((await asking(`${url}/v1/a`, credential)).status).toBe(403)
  })

  it('refuses a method that the contract has no rules for, also to who may do everything', async () => {
    const { credential } = await newKey()
    let runs = 0
    const handler: RequestListener = (_, response) => void response.end(`${++runs}`)
    const answer = await asking(`${await listening(guardNode(acme.verifier)(handler))}/v1/a`, credential, {
      method: 'PROPFIND',
    })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, expect.stringContaining('DELETE')])
    expect(runs).toBe(0)
  })

  it('believes X-Forwarded-For of the proxies it is told of, and of nobody else', async () => {
    const { credential } = await newKey({ allowedIps: ['192.0.2.0/24'] })
    const headers = { 'x-forwarded-for': '192.0.2.7' }
    const handler = (_: unknown, response: { end(): void }) => response.end()
    const near = await listening(guardNode(acme.verifier, { trustedProxies: ['127.0.0.0/8'] })(handler))
    const bare = await listening(guardNode(acme.verifier)(handler))
    expect((await asking(`${near}/v1/a`, credential, { headers })).status).toBe(200)
    expect((await asking(`${bare}/v1/a`, credential, { headers })).status).toBe(403)
  })

  it.each([
    ['two hosts', 'Host: a\r\nHost: b'],
    ['a host that is none', 'Host: a/b'],
    ['a coding of its body that nobody undoes', 'Host: a\r\nTransfer-Encoding: gzip, chunked'],
  ])('takes no request that others could read in another way, and none after it: %s', async (_, head) => {
    const { credential } = await newKey()
    let runs = 0
    const handler: RequestListener = (_, response) => void response.end(`${++runs}`)
    const url = new URL(await listening(guardNode(acme.verifier)(handler)))
    const send = (...heads: string[]) => {
      const socket = connectTo(Number(url.port), url.hostname)
      socket.write(heads.map((head) => `POST /v1/a HTTP/1.1\r\nX-Acme-Key: ${credential}\r\n${head}\r\n\r\n`).join(''))
      return text(socket)
    }
    // Known by now, so that no verdict is waited for.
    const last = 'Host: a\r\nConnection: close'
    expect(await send(last)).toMatch(/^HTTP\/1\.1 200 /)
    expect(await send(head, last)).toMatch(/^HTTP\/1\.1 400 .*(?:\r\n.+)*\r\nConnection: close\r\n/)
    expect(await send(last)).toMatch(/^HTTP\/1\.1 200 /)
    expect(runs).toBe(2)
  })

  it('passes a preflight on to the handler where the contract says so, and nothing that is none', async () => {
    const { verifier } = inMemory({ contract: { ...contract, preflight: 'forward' } })
    const handler: RequestListener = (_, response) => void response.writeHead(204).end()
    const url = `${await listening(guardNode(verifier)(handler))}/v1/a`
    const statusOf = async (method: string, headers: Record<string, string>) =>
      (await fetch(url, { method, headers })).status
    const preflight = { origin: 'https://example.com', 'access-control-request-method': 'PUT' }
    expect(await statusOf('OPTIONS', preflight)).toBe(204)
    expect(await statusOf('OPTIONS', { origin: 'https://example.com' })).toBe(401)
    expect(await statusOf('PUT', preflight)).toBe(401)
  })

  it('finds a credential in the query where the contract takes it from there', async () => {
    const credentialIn = { sources: [{ query: 'key', keysEndUpInLogs: true }], whenSeveral: 'refuse' } as const
    const logged = inMemory({ contract: { ...contract, credential: credentialIn } })
    await logged.organization()
    const { credential } = await issue(logged.lifecycle, testActor, { organization: 'acme', name: 'test' })
    const url = await listening(guardNode(logged.verifier)((_, response) => response.end()))
    const answer = await fetch(`${url}/v1/a?b&key=${credential}`)
    expect([answer.status, answer.headers.get('cache-control'), answer.headers.get('vary')]).toEqual([
      200,
      'private',
      null,
    ])
    expect((await fetch(`${url}/v1/a`)).status).toBe(401)
  })

  it('gives a handler of Next the request itself, with its body', async () => {
    const { credential } = await newKey()
    const handler = guardNext(acme.verifier)(async (request) => new Response(await request.text()))
    const init = { method: 'POST', headers: { 'x-acme-key': credential }, body: 'echo' }
    expect(await (await handler(new Request('http://localhost/v1/a', init), {})).text()).toBe('echo')
  })

  it('in Next knows the address of a client where the platform tells it, and otherwise none', async () => {
    const { credential } = await newKey({ allowedIps: ['192.0.2.0/24'] })
    const addressOf = ({ headers }: Request) => headers.get('x-platform-address')
    const headers = { 'x-acme-key': credential, 'x-platform-address': '192.0.2.7' }
    const asked = () => new Request('http://localhost/v1/a', { headers })
    expect((await guardNext(acme.verifier, { addressOf })(() => new Response())(asked(), {})).status).toBe(200)
    expect((await guardNext(acme.verifier)(() => new Response())(asked(), {})).status).toBe(403)
  })

  it('in Next refuses HEAD with the headers of GET, and without its body', async () => {
    const handler = guardNext(acme.verifier)(() => new Response())
    const refused = (method: string) => handler(new Request('http://localhost/v1/a', { method }), {})
    const [toGet, toHead] = [await refused('GET'), await refused('HEAD')]
    expect(toHead.status).toBe(401)
    expect(toHead.headers.get('content-length')).toBe(toGet.headers.get('content-length'))
    expect(await toHead.text()).toBe('')
  })

  it('in Hono knows the address of a client on Node, and elsewhere none', async () => {
    const { credential } = await newKey({ allowedIps: ['127.0.0.1'] })
    const app = new Hono().use(guardHono(acme.verifier)).get('/v1/a', (context) => context.text('in'))
    const url = await listening(getRequestListener(app.fetch))
    expect((await asking(`${url}/v1/a`, credential)).status).toBe(200)
    expect((await app.request('/v1/a', { headers: { 'x-acme-key': credential } })).status).toBe(403)
  })

  it('in Hono takes no request after one whose end is unsure', async () => {
    const { credential } = await newKey()
    let runs = 0
    const app = new Hono().use(guardHono(acme.verifier)).get('/v1/a', (context) => context.text(`${++runs}`))
    const url = new URL(await listening(getRequestListener(app.fetch)))
    expect((await asking(`${url}v1/a`, credential)).status).toBe(200)
    const socket = connectTo(Number(url.port), url.hostname)
    const head = `GET /v1/a HTTP/1.1\r\nX-Acme-Key: ${credential}\r\nHost: a\r\n`
    socket.write(`${head}Host: b\r\n\r\n${head}\r\n`)
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 /)
    expect(runs).toBe(1)
  })

  it('answers with the contract when a handler of node:http fails', async () => {
    const { credential } = await newKey()
    const failures: unknown[] = []
    const onFailure = (...failure: unknown[]) => failures.push(failure)
    const url = await listening(guardNode(acme.verifier, { onFailure })(() => Promise.reject(new Error('secret'))))
    const answer = await asking(`${url}/v1/a`, credential)
    expect([answer.status, answer.headers.get('content-type')]).toEqual([500, 'application/json'])
    expect(await answer.text()).not.toContain('secret')
    expect(failures).toEqual([[new Error('secret'), answer.headers.get('x-request-id')]])
  })

  it('gives a handler of node:http the request itself, with its body', async () => {
    const { credential } = await newKey()
    const url = await listening(guardNode(acme.verifier)((request, response) => request.pipe(response)))
    const answer = await asking(`${url}/v1/a`, credential, { method: 'POST', body: 'echo' })
    expect(await answer.text()).toBe('echo')
  })

  it('says nothing in that answer of the one that a handler of node:http did not give', async () => {
    const { credential } = await newKey()
    const handler: Parameters<ReturnType<typeof guardNode>>[0] = (_, response) => {
      response.setHeader('Content-Encoding', 'gzip').setHeader('Set-Cookie', 'a=b').setHeader('Content-Length', '7')
      response.statusMessage = 'Fine'
      throw new Error('secret')
    }
    const guarded = guardNode(acme.verifier)(handler)
    const url = await listening((request, response) => {
      response.setHeader('Access-Control-Allow-Origin', 'https://example.com')
      return guarded(request, response)
    })
    const answer = await asking(`${url}/v1/a`, credential)
    expect([answer.status, await answer.json()]).toEqual([500, { error: expect.any(String) }])
    expect(answer.statusText).toBe('Internal Server Error')
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://example.com')
    expect(answer.headers.get('set-cookie')).toBeNull()
    expect(answer.headers.get('x-request-id')).toMatch(/^req_/)
    expect(answer.headers.get('ratelimit')).toBe('"key-window";r=4;t=60')
  })

  const breakingOff: Parameters<ReturnType<typeof guardNode>>[0] = async (_, response) => {
    response.write('half')
    await setTimeout(50)
    throw new Error('broke off')
  }

  it.each(['1.0', '1.1'])(
    'leaves no caller by HTTP/%s with half an answer of node:http that looks whole',
    async (version) => {
      const { credential } = await newKey()
      const handler: typeof breakingOff = (request, response) => {
        response.removeHeader('Transfer-Encoding')
        return breakingOff(request, response)
      }
      const url = new URL(await listening(guardNode(acme.verifier)(handler)))
      const socket = connectTo(Number(url.port), url.hostname)
      socket.write(`GET /v1/a HTTP/${version}\r\nHost: a\r\nX-Acme-Key: ${credential}\r\n\r\n`)
      await expect(once(socket.resume(), 'end')).rejects.toMatchObject({ code: 'ECONNRESET' })
      const answer = await asking(`${await listening(guardNode(acme.verifier)(breakingOff))}/v1/a`, credential)
      await expect(answer.text()).rejects.toThrow()
    },
  )

  it('resets nothing where the chunks say that this is half an answer of node:http', async () => {
    const { credential } = await newKey()
    const url = new URL(await listening(guardNode(acme.verifier)(breakingOff)))
    const socket = connectTo(Number(url.port), url.hostname)
    socket.write(`GET /v1/a HTTP/1.1\r\nHost: a\r\nX-Acme-Key: ${credential}\r\n\r\n`)
    expect(await text(socket)).toMatch(/half\r\n$/)
  })

  it('ends half an answer of node:http whose request has lost its connection', async () => {
    const { credential } = await newKey()
    const handler: typeof breakingOff = async (request, response) => {
      response.writeHead(200, { 'Content-Length': 8 }).write('half')
      await setTimeout(50)
      // As undici does with a body that it gives up.
      request.socket = null as never
      request.destroy()
      throw new Error('broke off')
    }
    const url = await listening(guardNode(acme.verifier)(handler))
    const answer = await asking(`${url}/v1/a`, credential, { method: 'POST', body: 'x' })
    await expect(answer.text()).rejects.toThrow()
  })

  it('ends half an answer of node:http where nothing can be reset', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'keywright-guard-'))
    const path = join(folder, 'socket')
    const { credential } = await newKey()
    const server = createServer(guardNode(acme.verifier)(breakingOff)).listen(path)
    servers.push(server)
    await once(server, 'listening')
    const socket = connectTo(path)
    socket.write(`GET /v1/a HTTP/1.0\r\nX-Acme-Key: ${credential}\r\n\r\n`)
    await once(socket.resume(), 'end')
    rmSync(folder, { recursive: true })
  })

  it('does not cut short what a handler of node:http has answered before it fails', async () => {
    const { credential } = await newKey()
    const long = 'x'.repeat(5_000_000)
    const handler: Parameters<ReturnType<typeof guardNode>>[0] = (_, response) => {
      response.end(long)
      throw new Error('secret')
    }
    const answer = await asking(`${await listening(guardNode(acme.verifier)(handler))}/v1/a`, credential)
    expect((await answer.text()).length).toBe(long.length)
  })

  it('lets nobody through over HTTP/2, where no header says whether a body follows, and tells why', async () => {
    const { credential } = await newKey()
    const failures: unknown[] = []
    const onFailure = (error: unknown) => failures.push(error)
    const app = fastify({ http2: true })
    app.addHook('onRequest', guardFastify(acme.verifier, { onFailure }))
    app.all('/*', async () => 'in')
    await app.listen({ host: '127.0.0.1', port: 0 })
    const client = connect(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`)
    const stream = client.request({ ':path': '/v1/a', 'x-acme-key': credential })
    const [head] = (await once(stream, 'response')) as [{ ':status': number }]
    const body = JSON.parse(await text(stream))
    client.close()
    await app.close()
    expect([head[':status'], body]).toEqual([500, { error: expect.any(String) }])
    expect(failures).toEqual([expect.objectContaining({ code: 'http_version' })])
  })

  it('asks for a key on an anonymous route where it needs permissions itself', async () => {
    const open = inMemory({ contract: { ...contract, routes: [{ path: '/v1/**', access: 'anonymous' }] } })
    await open.organization()
    const { credential } = await issue(open.lifecycle, testActor, {
      organization: 'acme',
      name: 'test',
      permissions: ['read'],
    })
    const handler = (_: unknown, response: { end(): void }) => response.end()
    const bare = await listening(guardNode(open.verifier)(handler))
    const reading = await listening(guardNode(open.verifier, { permissions: ['read'] })(handler))
    const writing = await listening(guardNode(open.verifier, { permissions: ['write'] })(handler))
    const answer = await fetch(`${bare}/v1/a`)
    expect([answer.status, answer.headers.get('cache-control'), answer.headers.get('vary')]).toEqual([200, null, null])
    expect((await fetch(`${reading}/v1/a`)).status).toBe(401)
    expect((await asking(`${reading}/v1/a`, credential)).status).toBe(200)
    expect((await asking(`${writing}/v1/a`, credential)).status).toBe(403)
  })

  it('passes on in Hono what fetch and Response.redirect give, whose headers cannot be changed', async () => {
    const { credential } = await newKey()
    const elsewhere = await listening((_, response) => {
      const fields = ['Vary', 'Accept', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'Cache-Control', 'no-store']
      response.writeHead(201, [...fields, 'X-Request-Id', 'theirs']).end('made')
    })
    const app = new Hono()
    app.use(guardHono(acme.verifier))
    app.get('/v1/fetched', () => fetch(elsewhere))
    app.get('/v1/redirected', () => Response.redirect('http://localhost/v1/fetched', 303))
    const ask = (path: string) => app.request(path, { headers: { 'x-acme-key': credential } })
    const fetched = await ask('/v1/fetched')
    expect([fetched.status, await fetched.text()]).toEqual([201, 'made'])
    expect(fetched.headers.get('ratelimit')).toBe('"key-window";r=4;t=60')
    expect(fetched.headers.get('vary')?.toLowerCase()).toBe('accept, x-acme-key')
    expect(fetched.headers.get('cache-control')).toBe('no-store')
    expect(fetched.headers.get('x-request-id')).toMatch(/^req_/)
    expect(fetched.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    const redirected = await ask('/v1/redirected')
    expect([redirected.status, redirected.headers.get('location')]).toEqual([303, 'http://localhost/v1/fetched'])
    expect(redirected.headers.get('ratelimit')).toBe('"key-window";r=3;t=60')
  })

  it('judges in Hono the method that has taken the place of the one that came', async () => {
    const routes = [{ path: '/v1/**', methods: ['DELETE'], permission: 'write' }, { path: '/v1/**' }]
    const strict = inMemory({ contract: parseContract({ ...contract, routes }) })
    await strict.organization()
    const holder = { organization: 'acme', name: 'test', permissions: ['read'] }
    const { credential } = await issue(strict.lifecycle, testActor, holder)
    const app = new Hono()
    app.use(methodOverride({ app, header: 'X-Method' }), guardHono(strict.verifier))
    app.post('/v1/a', (context) => context.text('made'))
    app.delete('/v1/a', (context) => context.text('gone'))
    const url = `${await listening(getRequestListener(app.fetch))}/v1/a`
    expect((await asking(url, credential, { method: 'POST' })).status).toBe(200)
    expect((await asking(url, credential, { method: 'POST', headers: { 'x-method': 'DELETE' } })).status).toBe(403)
  })

  it('refuses in Hono a slash at the end that the application drops before it routes', async () => {
    const { credential } = await newKey()
    const answersOf = async (app: Hono, path: string) => {
      app.use(guardHono(acme.verifier))
      app.get('/v1/a', (context) => context.text('in'))
      const url = await listening(getRequestListener(app.fetch))
      const onWeb = await app.request(path, { headers: { 'x-acme-key': credential } })
      return [(await asking(url + path, credential)).status, onWeb.status]
    }
    expect(await answersOf(new Hono({ strict: false }), '/v1/a?b=/')).toEqual([200, 200])
    expect(await answersOf(new Hono({ strict: false }), '/v1/a/?b')).toEqual([400, 400])
    expect(await answersOf(new Hono(), '/v1/a/')).toEqual([404, 404])
    const app = new Hono().use(guardHono(acme.verifier)).get('/v1/a', (context) => context.text('in'))
    const dropping = (request: Request, env: object) =>
      app.fetch(new Request(request.url.replace(/\/$/, ''), request), env)
    expect((await asking(`${await listening(getRequestListener(dropping))}/v1/a/`, credential)).status).toBe(400)
  })

  describe('an answer that its handler lets caches keep', () => {
    const cacheable = { vary: 'Origin', 'cache-control': 'public, max-age=60' }
    const pairs = ['Vary', 'Origin', 'Cache-Control', 'public, max-age=60']
    type Handler = (request: unknown, response: ServerResponse) => void
    const onNode = (handler: Handler) => (verifier: Verifier) => listening(guardNode(verifier)(handler))
    const onFastify = (answer: (reply: FastifyReply) => unknown) => async (verifier: Verifier) => {
      const app = fastify()
      app.addHook('onRequest', guardFastify(verifier))
      app.get('/v1/a', async (_, reply) => answer(reply.headers(cacheable)))
      await app.ready()
      return listening(app.routing)
    }

    it.each<[string, (verifier: Verifier) => Promise<string>]>([
      ['setHeader', onNode((_, response) => response.setHeaders(new Map(Object.entries(cacheable))).end('a'))],
      ['writeHead with an object', onNode((_, response) => response.writeHead(200, cacheable).end('a'))],
      ['writeHead with a phrase', onNode((_, response) => response.writeHead(200, 'Fine', cacheable).end('a'))],
      [
        'setHeader and a phrase',
        onNode((_, response) =>
          response
            .setHeaders(new Map(Object.entries(cacheable)))
            .writeHead(200, 'Fine')
            .end('a'),
        ),
      ],
      ['writeHead with undefined', onNode((_, response) => response.writeHead(200, undefined, cacheable).end('a'))],
      ['writeHead with a list', onNode((_, response) => response.writeHead(200, pairs).end('a'))],
      [
        'writeHead with more than one',
        onNode((_, response) => response.writeHead(200, [...pairs, 'vary', 'x-acme-key']).end('a')),
      ],
      [
        'Express',
        (verifier) =>
          listening(exact().use(guardExpress(verifier), (_, response) => void response.set(cacheable).send('a'))),
      ],
      ['Fastify', onFastify(() => 'a')],
      ['a stream of Fastify', onFastify(() => Readable.from(['a']))],
      [
        'Hono',
        async (verifier) => {
          const app = new Hono()
          app.use(guardHono(verifier))
          app.get('/v1/a', (context) => context.text('a', 200, cacheable))
          return listening(getRequestListener(app.fetch))
        },
      ],
    ])('varies on the credential too: by %s', async (how, start) => {
      const { credential } = await newKey()
      const answer = await asking(`${await start(acme.verifier)}/v1/a`, credential)
      expect([answer.status, await answer.text()]).toEqual([200, 'a'])
      expect(answer.statusText).toBe(how.endsWith('phrase') ? 'Fine' : 'OK')
      expect(answer.headers.get('vary')?.toLowerCase()).toBe('origin, x-acme-key')
      expect(answer.headers.get('cache-control')).toBe('public, max-age=60')
      expect([...answer.headers.keys()].filter((name) => /^\d/.test(name))).toEqual([])
    })

    it('varies on it where the handler takes that away, and stays one that varies on everything', async () => {
      const { credential } = await newKey()
      const away = await onNode((_, response) => {
        response.removeHeader('Vary')
        response.end()
      })(acme.verifier)
      expect((await asking(`${away}/v1/a`, credential)).headers.get('vary')?.toLowerCase()).toBe('x-acme-key')
      for (const vary of [['Accept', '*'], 'Accept, *']) {
        const all = await onNode((_, response) => response.setHeader('Vary', vary).end())(acme.verifier)
        expect((await asking(`${all}/v1/a`, credential)).headers.get('vary')).toBe('*')
      }
    })
  })

  it('gives the handler the path that was authorised', async () => {
    const { credential } = await newKey()
    const url = await listening(guardNode(acme.verifier)(({ url }, response) => response.end(url)))
    expect(await (await asking(`${url}/v1/%61dmin?a=%61`, credential)).text()).toBe('/v1/admin?a=%61')
  })

  it.each([
    [
      'Fastify',
      async (verifier: Verifier) => {
        const app = fastify()
        app.addHook('onRequest', guardFastify(verifier))
        app.get('/v1/reports!purge', async () => 'purged')
        await app.ready()
        return listening(app.routing)
      },
    ],
    [
      'Hono',
      async (verifier: Verifier) => {
        const app = new Hono()
        app.use(guardHono(verifier))
        app.get('/v1/reports!purge', (context) => context.text('purged'))
        return listening(getRequestListener(app.fetch))
      },
    ],
  ])('lets nobody into a handler of %s by an escape that it decodes', async (_, start) => {
    const routes = [{ path: '/v1/reports!purge', permission: 'write' }, ...contract.routes]
    const strict = inMemory({ contract: { ...contract, routes } })
    await strict.organization()
    const holding = (...permissions: string[]) =>
      issue(strict.lifecycle, testActor, { organization: 'acme', name: 'test', permissions })
    const url = `${await start(strict.verifier)}/v1/reports%21purge`
    expect((await asking(url, (await holding('read')).credential)).status).toBe(403)
    const answer = await asking(url, (await holding('read', 'write')).credential)
    expect([answer.status, await answer.text()]).toEqual([200, 'purged'])
  })

  it.each([
    ...expresses.map(([name, create]): [string, (verifier: Verifier) => Promise<string>] => [
      name,
      async (verifier) => {
        const router = create.Router({ caseSensitive: true, strict: true })
        router.get('/', (_, response) => void response.end('purged'))
        return listening(exact(create).use(guardExpress(verifier)).use('/v1/purge', router))
      },
    ]),
    [
      'Fastify',
      async (verifier: Verifier) => {
        const app = fastify()
        app.addHook('onRequest', guardFastify(verifier))
        app.register(async (plugin) => plugin.get('/', async () => 'purged'), { prefix: '/v1/purge' })
        await app.ready()
        return listening(app.routing)
      },
    ],
  ])('lets nobody into a handler that %s has mounted by a slash at the end', async (_, start) => {
    const routes = [{ path: '/v1/purge', permission: 'write' }, ...contract.routes]
    const strict = inMemory({ contract: { ...contract, routes } })
    await strict.organization()
    const holding = (...permissions: string[]) =>
      issue(strict.lifecycle, testActor, { organization: 'acme', name: 'test', permissions })
    const url = `${await start(strict.verifier)}/v1/purge/`
    expect((await asking(url, (await holding('read')).credential)).status).toBe(403)
    const answer = await asking(url, (await holding('read', 'write')).credential)
    expect([answer.status, await answer.text()]).toEqual([200, 'purged'])
  })

  it('runs no handler of Fastify for a parameter that is empty, which the contract has no path for', async () => {
    const app = fastify()
    app.addHook('onRequest', guardFastify(acme.verifier))
    app.get('/v1/things/:id', async () => 'a thing')
    app.get('/v1/files/*', async () => 'files')
    await app.ready()
    const url = await listening(app.routing)
    const { credential } = await newKey()
    const statusOf = async (path: string) => (await asking(url + path, credential)).status
    expect(await statusOf('/v1/things/a')).toBe(200)
    expect(await statusOf('/v1/things/')).toBe(400)
    expect(await statusOf('/v1/files/')).toBe(200)
  })
})

describe.each(expresses)('guard before the routers of %s', (_, create) => {
  it('does not run in an application that is less exact about paths than the contract', async () => {
    const { credential } = await newKey()
    const app = create()
    app.use(guardExpress(acme.verifier))
    app.get('/v1/a', (_, response) => void response.end())
    app.use(
      (error: Error, _: unknown, response: express.Response, __: unknown) =>
        void response.status(500).end(error.message),
    )
    const url = await listening(app)
    const answer = await asking(`${url}/v1/a`, credential)
    expect([answer.status, await answer.text()]).toEqual([500, expect.stringContaining('case sensitive routing')])
  })

  it.each([
    [
      'of a mounted application, which is told the settings of its parent too late',
      (guarded: express.RequestHandler, handler: express.RequestHandler) => {
        const mounted = create().use(guarded).get('/v1/a', handler)
        return exact(create).use('/api', mounted)
      },
    ],
    [
      'of the application that another is mounted in',
      (guarded: express.RequestHandler, handler: express.RequestHandler) =>
        create().use('/api', exact(create).use(guarded).get('/v1/a', handler)),
    ],
    [
      'that was made before its application was set',
      (guarded: express.RequestHandler, handler: express.RequestHandler) => {
        const app = create().use((_, __, next) => next())
        app.set('case sensitive routing', true).set('strict routing', true)
        return app.use(guarded).get('/v1/a', handler)
      },
    ],
    [
      'with its own options below the guard',
      (guarded: express.RequestHandler, handler: express.RequestHandler) =>
        exact(create).use(guarded, create.Router({ caseSensitive: true }).get('/v1/a', handler)),
    ],
    [
      'with its own options around the guard',
      (guarded: express.RequestHandler, handler: express.RequestHandler) =>
        exact(create).use(create.Router({ strict: true }).use(guarded).get('/v1/a', handler)),
    ],
    [
      'with its own options inside of a route and another router',
      (guarded: express.RequestHandler, handler: express.RequestHandler) => {
        const loose = create.Router().get('/v1/a', handler)
        const inside = create.Router({ caseSensitive: true, strict: true }).all(/.*/, loose)
        return exact(create).use(guarded, inside)
      },
    ],
  ])('runs nothing behind a router of Express that is less exact than the contract: one %s', async (_, appOf) => {
    const { credential } = await newKey()
    let runs = 0
    const app = appOf(guardExpress(acme.verifier), (_, response) => {
      runs++
      response.end()
    })
    const told = (error: Error & { code: string }, _: unknown, response: express.Response, __: unknown) =>
      void response.status(500).end(error.code)
    const url = await listening(app.use(told))
    const answers = await Promise.all(
      ['/v1/a', '/v1/A', '/v1/a/', '/api/v1/a', '/api/v1/A', '/API/v1/a'].map((path) => asking(url + path, credential)),
    )
    expect(await Promise.all(answers.map((answer) => answer.text()))).toContain('loose_routing')
    expect(runs).toBe(0)
  })

  it('runs in front of routers of Express that are as exact as the contract', async () => {
    const { credential } = await newKey()
    const router = () => create.Router({ caseSensitive: true, strict: true })
    const inner = router().get('/a', (_, response) => void response.end('in'))
    const url = await listening(exact(create).use(guardExpress(acme.verifier), router().use('/v1', inner)))
    expect(await (await asking(`${url}/v1/a`, credential)).text()).toBe('in')
    expect((await asking(`${url}/v1/A`, credential)).status).toBe(404)
  })

  it('runs beside what it does not guard and what routes in another way', async () => {
    const { credential } = await newKey()
    const other = Object.assign((_: unknown, __: unknown, next: () => void) => next(), { stack: [] })
    const app = exact(create).use('/docs', create.Router()).use(guardExpress(acme.verifier), other)
    const url = await listening(app.get('/v1/a', (_, response) => void response.end('in')))
    expect(await (await asking(`${url}/v1/a`, credential)).text()).toBe('in')
  })

  it('authorises the whole path in an Express application that mounts it below a part', async () => {
    const { credential } = await newKey({ permissions: ['read'] })
    const app = exact(create)
    app.use('/v1', guardExpress(acme.verifier), (request, response) => void response.end(request.url))
    const url = await listening(app)
    expect(await (await asking(`${url}/v1/%61?b`, credential)).text()).toBe('/a?b')
    expect((await asking(`${url}/v1/a`, credential, { method: 'POST' })).status).toBe(403)
  })

  it('takes no part in another spelling for the one that an Express application is mounted below', async () => {
    const { credential } = await newKey()
    const app = exact(create)
    app.use('/:version/:thing', guardExpress(acme.verifier), (request, response) => void response.end(request.url))
    const url = await listening(app)
    expect(await (await asking(`${url}/v1/a/b`, credential)).text()).toBe('/b')
    expect(await (await asking(`${url}/v1/a?b`, credential)).text()).toBe('/?b')
    expect((await asking(`${url}/v%31/a/b`, credential)).status).toBe(400)
  })

  it('leaves nothing to anybody of a request that it has refused', async () => {
    let runs = 0
    const app = exact(create).use(guardExpress(acme.verifier), () => runs++)
    app.use((_: Error, __: unknown, ___: unknown, ____: unknown) => runs++)
    expect((await fetch(`${await listening(app)}/v1/a`)).status).toBe(401)
    expect(runs).toBe(0)
  })

  it('gives an error where somebody answers before there is a verdict', async () => {
    const { credential } = await newKey()
    const app = exact(create).use((_, response, next) => {
      next()
      response.end('early')
    })
    const told = new Promise((resolve) => {
      app.use(guardExpress(acme.verifier), (error: Error, _: unknown, __: unknown, ___: unknown) => resolve(error))
    })
    expect(await (await asking(`${await listening(app)}/v1/a`, credential)).text()).toBe('early')
    expect(await told).toMatchObject({ code: 'ERR_HTTP_HEADERS_SENT' })
  })
})
