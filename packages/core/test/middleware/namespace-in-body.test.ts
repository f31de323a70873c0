import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { getRequestListener } from '@hono/node-server'
import { holonomix } from '@keywright/contracts'
import { createVerifier, issue, parseContract } from '@keywright/core'
import { guard as guardExpress } from '@keywright/core/express'
import { guard as guardHono } from '@keywright/core/hono'
import { guard as guardNext } from '@keywright/core/next'
import { guard as guardNode } from '@keywright/core/node'
import { inMemory, testActor } from '@keywright/core/testing'
import express from 'express'
// @ts-expect-error: It comes without types; those of Express 5 do for both.
import express4 from 'express4'
import { Hono } from 'hono'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const tenant = inMemory({ contract: holonomix })
let credential: string
const app = new Hono()
const servers: Server[] = []

beforeAll(async () => {
  await tenant.organization({ plan: 'enterprise' })
  const limits = [{ requests: 1_000, windowSeconds: 3_600, per: 'key', kind: 'window' } as const]
  ;({ credential } = await issue(tenant.lifecycle, testActor, { organization: 'acme', name: 'test', limits }))
  await Promise.all(servers.map((server) => once(server.listen(0, '127.0.0.1'), 'listening')))
  app.use(guardHono(tenant.verifier))
  app.all('*', (context) => context.text('default'))
})
afterAll(() => {
  for (const server of servers) server.close()
})

function onExpress(create: typeof express) {
  const listener = create()
  listener.set('case sensitive routing', true).set('strict routing', true)
  listener.use(guardExpress(tenant.verifier), create.json({ limit: '10mb' }), create.urlencoded({ extended: true }))
  listener.use((request, response) => void response.end(request.body?.namespace ?? 'default'))
  const server = createServer(listener)
  servers.push(server)
  return (path: string, init: RequestInit) =>
    fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, init)
}

const apps: Record<string, (path: string, init: RequestInit) => Promise<Response>> = {
  Express: onExpress(express),
  'Express 4': onExpress(express4),
  Hono: async (path, init) => app.fetch(new Request(`http://localhost${path}`, init)),
}

describe.each(Object.entries(apps))('the guard in %s', (_, ask) => {
  function post(types: string[], body: string, path = '/v1/query') {
    const headers = new Headers({ 'x-api-key': credential })
    for (const type of types) headers.append('content-type', type)
    return ask(path, { method: 'POST', headers, body })
  }
  async function send(types: string[], body: string, path?: string) {
    const answer = await post(types, body, path)
    return [answer.status, await answer.text()]
  }
  const refused = [400, expect.stringMatching(/^\{"detail":"The body must /)]
  const forbidden = [403, '{"detail":"Namespace \'staging\' not permitted for tenant \'acme\'"}']
  const utf7 = 'application/json; charset=utf-7'
  const form = 'application/x-www-form-urlencoded'

  it.each([
    [[utf7], '{"namespace":"default","a":"+ACIALAAi-namespace+ACIAOgAi-staging"}'],
    [[form], '{"a":"&namespace=staging&"}'],
    [['application/json', 'application/json'], '{}'],
  ])('lets nothing pass as %s that others may read otherwise', async (types, body) => {
    expect(await send(types, body)).toEqual(refused)
    expect(await send(types, body, '/v1/get/default/k')).toEqual(refused)
  })

  it('lets nothing pass that names a namespace as no JSON', async () => {
    expect(await send([utf7], '+AHsAIg-namespace+ACIAOgAi-staging+ACIAfQ-', '/v1/get/default/k')).toEqual(refused)
    expect(await send([form], 'namespace=staging', '/v1/get/default/k')).toEqual(refused)
  })

  it.each([utf7, form, 'text/plain'])('refuses a namespace out of reach as such, also as %s', async (type) => {
    expect(await send([type], '{"namespace":"staging"}')).toEqual(forbidden)
  })

  it('refuses a namespace out of reach as such, also in chunks', async () => {
    const body = new Blob(['{"namespace":"staging"}']).stream()
    const init: RequestInit = { method: 'POST', headers: { 'x-api-key': credential }, body, duplex: 'half' }
    const answer = await ask('/v1/get/default/k', init)
    expect([answer.status, await answer.text()]).toEqual(forbidden)
  })

  it.each(['application/json; charset=utf-8', form, 'text/plain'])('lets JSON pass as %s', async (type) => {
    expect(await send([type], '{"namespace":"default"}')).toEqual([200, 'default'])
  })

  it('reads no body of someone who holds no key', async () => {
    expect((await ask('/v1/query', { method: 'POST', body: '{' })).status).toBe(401)
  })

  it('needs a body where the path names no namespace, and where it does none that names one', async () => {
    const headers = { 'x-api-key': credential }
    const bare = await ask('/v1/query', { method: 'POST', headers })
    expect([bare.status, await bare.text()]).toEqual(refused)
    expect((await ask('/v1/get/default/k', { headers })).status).toBe(200)
    expect(await send(['application/json'], '{"a":1}', '/v1/get/default/k')).toEqual([200, 'default'])
  })

  it('lets a body pass that is as long as it may be, and no longer one', async () => {
    const bodyOf = (length: number) => '{"namespace":"default"}'.padEnd(length)
    const most = holonomix.namespaces?.body?.maxBytes ?? 0
    expect(await send(['application/json'], bodyOf(most))).toEqual([200, 'default'])
    expect((await post(['application/json'], bodyOf(most + 1))).status).toBe(413)
  })

  it('says what is left of the limits where it refuses a body, which costs nothing', async () => {
    const left = async (body: string) => {
      const { status, headers } = await post(['application/json'], body)
      return [status, Number(headers.get('x-ratelimit-remaining'))]
    }
    const [, before] = await left('{"namespace":"default"}')
    const tooMuch = JSON.stringify({ value: 'x'.repeat(holonomix.namespaces?.body?.maxBytes ?? 0) })
    expect(await left('{')).toEqual([400, before])
    expect(await left('{"namespace":"staging"}')).toEqual([403, before])
    expect(await left(tooMuch)).toEqual([413, before])
    expect(before).toBeGreaterThan(0)
  })
})

it('fails, which is no outage, where the body has been read before the guard, and says so', async () => {
  const failures: unknown[] = []
  const onFailure = (error: unknown) => failures.push(error)
  const late = express().set('case sensitive routing', true).set('strict routing', true)
  late.use(express.json(), guardExpress(tenant.verifier, { onFailure }))
  const server = createServer(late).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const headers = { 'x-api-key': credential, 'content-type': 'application/json' }
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/query`
  expect((await fetch(url, { method: 'POST', headers, body: '{"namespace":"default"}' })).status).toBe(500)
  expect(failures).toEqual([expect.objectContaining({ message: expect.stringContaining('before the guard') })])
  server.close()
})

it('takes an empty body for one, also where somebody has read its end before the guard', async () => {
  const late = express().set('case sensitive routing', true).set('strict routing', true)
  late.use(express.json(), guardExpress(tenant.verifier))
  const server = createServer(late).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/query`
  const headers = { 'x-api-key': credential, 'content-type': 'application/json' }
  expect((await fetch(url, { method: 'POST', headers })).status).toBe(400)
  server.close()
})

describe('the guard, by a contract that looks into bodies under one path alone', () => {
  const named = parseContract({
    name: 'shop',
    credential: { sources: [{ header: 'X-Shop-Key' }] },
    key: { forms: [{ prefix: 'shop_' }] },
    namespaces: { default: ['main'], body: { under: '/named', maxBytes: 1024 } },
    routes: [{ path: '/named/**' }, { path: '/**', namespace: 'none' }],
    body: { json: { error: '{message}', request: '{requestId}' } },
  })
  const shop = inMemory({ contract: named })
  async function post(path: string, body: string) {
    const handler = guardNext(shop.verifier)(async (request) => new Response(await request.text()))
    const { credential } = await issue(shop.lifecycle, testActor, { organization: 'shop', name: 'test' })
    const init = { method: 'POST', headers: { 'x-shop-key': credential }, body }
    return handler(new Request(`http://localhost${path}`, init), {})
  }
  beforeAll(() => shop.organization({ id: 'shop' }))

  it('leaves all others to their handlers, whatever they are', async () => {
    const long = 'no JSON'.repeat(1_000)
    const answer = await post('/a', long)
    expect([answer.status, await answer.text()]).toEqual([200, long])
  })

  it('says in its refusal of one which request that was', async () => {
    const answer = await post('/named/a', '{')
    expect([answer.status, await answer.json()]).toEqual([
      400,
      { error: expect.any(String), request: answer.headers.get('x-request-id') },
    ])
  })
})

it('takes in all of a body that is too large in Hono on Node, where the next request comes behind it', async () => {
  // Nothing but the guard may take it in.
  const listener = getRequestListener(app.fetch, { autoCleanupIncoming: false })
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    .on('error', () => {})
    .setEncoding('latin1')
  const head = `Host: a\r\nX-Api-Key: ${credential}\r\n`
  const tooMuch = JSON.stringify({ value: 'x'.repeat(5_000_000) })
  socket.write(`POST /v1/query HTTP/1.1\r\n${head}Content-Length: ${tooMuch.length}\r\n\r\n${tooMuch}`)
  socket.write(`GET /v1/get/default/k HTTP/1.1\r\n${head}Connection: close\r\n\r\n`)
  let answers = ''
  for await (const piece of socket) answers += piece
  server.close()
  expect(answers.match(/HTTP\S+ \d+/g)).toEqual(['HTTP/1.1 413', 'HTTP/1.1 200'])
})

it('keeps nothing in Hono of a body that is too large, however long it goes on', async () => {
  setFlagsFromString('--expose-gc')
  const collectGarbage: () => void = runInNewContext('gc')
  const pieces: WeakRef<Uint8Array>[] = []
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (pieces.length === 100) return
      const piece = new Uint8Array(100_000)
      pieces.push(new WeakRef(piece))
      controller.enqueue(piece)
    },
  })
  const init: RequestInit = { method: 'POST', headers: { 'x-api-key': credential }, body, duplex: 'half' }
  const request = new Request('http://localhost/v1/query', init)
  expect((await app.fetch(request)).status).toBe(413)
  const areGone = () => {
    collectGarbage()
    return pieces.length === 100 && pieces.filter((piece) => piece.deref()).length < 50
  }
  await expect.poll(areGone).toBe(true)
  expect(request.bodyUsed).toBe(true)
})

it('gives up a body whose sender has gone while the key was looked for', async () => {
  let ask = () => {}
  const asked = new Promise<void>((resolve) => {
    ask = resolve
  })
  const told: unknown[] = []
  const server = createServer((request, response) => {
    const find = async (digest: string) => {
      ask()
      await once(request, 'close').catch(() => {})
      return tenant.store.find(digest)
    }
    const verifier = createVerifier({ contract: holonomix, keys: { find, found: tenant.store.found } })
    guardNode(verifier, { onFailure: (error) => void told.push(error) })(() => {})(request, response)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => {})
  const head = `Host: a\r\nX-Api-Key: ${credential}\r\nContent-Type: application/json\r\nContent-Length: 9`
  socket.write(`POST /v1/query HTTP/1.1\r\n${head}\r\n\r\n{"name`)
  await asked
  socket.destroy()
  await expect.poll(() => told).toEqual([expect.objectContaining({ message: expect.stringContaining('closed') })])
  server.close()
})
