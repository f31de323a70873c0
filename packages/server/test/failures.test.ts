import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectTo } from './support/connect-to.ts'
import { type Stage, startStage, stopStage } from './support/instances.ts'
import { parseAnswer, rawRequest, sendRaw } from './support/raw-request.ts'
import { serviceKey, startServer } from './support/start-server.ts'

describe('when the database cannot be reached', () => {
  let stage: Stage

  beforeAll(async () => {
    stage = await startStage('hopx')
    await stage.server.lifecycle.store.close()
  })
  afterAll(() => stopStage(stage))

  it('a key is neither accepted nor called invalid', async () => {
    const { server, key, upstream } = stage
    const response = await fetch(`${server.edge}/v1/sandboxes`, { headers: { 'x-api-key': key.credential } })
    expect(response.status).toBe(503)
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    expect(await response.json()).toMatchObject({ code: 'SERVICE_UNAVAILABLE' })
    expect(upstream.received).toHaveLength(0)
  })

  it('forward-auth, the verify endpoint and handshakes say so too', async () => {
    const { server, key } = stage
    const lines = [`x-api-key: ${key.credential}`, 'X-Forwarded-Method: GET', 'X-Forwarded-Uri: /v1/sandboxes']
    const forwardAuth = (target: string) => rawRequest(server.control, { target, lines })
    expect((await forwardAuth('/v1/forward-auth')).status).toBe(503)
    const toNginx = await forwardAuth('/v1/forward-auth?for=nginx')
    expect([toNginx.status, toNginx.headers['x-auth-status']]).toEqual([403, '503'])
    const verify = await fetch(`${server.control}/v1/verify`, {
      method: 'POST',
      headers: { authorization: `Bearer ${serviceKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ credential: key.credential }),
    })
    expect(verify.status).toBe(503)
    expect(verify.headers.get('retry-after')).toBe('1')
    const handshake = await sendRaw(
      server.edge,
      `GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nx-api-key: ${key.credential}\r\n\r\n`,
    )
    expect(parseAnswer(handshake).status).toBe(503)
    expect((await fetch(`${server.control}/ready`)).status).toBe(503)
    for (const method of ['GET', 'HEAD']) {
      expect((await fetch(`${server.edge}/health`, { method })).status).toBe(200)
    }
  })

  it('metrics count the verdicts that were not reached', async () => {
    const { server, key } = stage
    const headers = { authorization: `Bearer ${serviceKey}` }
    const failed = async () => {
      const text = await (await fetch(`${server.control}/metrics`, { headers })).text()
      return Number(/\{verdict="failed",route="gateway"\} (\d+)/.exec(text)?.[1] ?? 0)
    }
    const before = await failed()
    await fetch(`${server.edge}/v1/sandboxes`, { headers: { 'x-api-key': key.credential } })
    expect(await failed()).toBe(before + 1)
  })

  it('what needs no database is refused as ever', async () => {
    const { server } = stage
    expect((await fetch(`${server.edge}/v1/sandboxes`)).status).toBe(401)
    const malformed = await fetch(`${server.edge}/v1/sandboxes`, { headers: { 'x-api-key': 'nonsense' } })
    expect(malformed.status).toBe(401)
  })

  it('the log tells why, once at each of the three places, and not with every request', async () => {
    const { server, key } = stage
    const told = () => server.log().split('no verdict could be reached').length - 1
    expect(told()).toBe(3)
    const headers = { 'x-api-key': key.credential }
    for (let time = 0; time < 20; time++) await fetch(`${server.edge}/v1/sandboxes`, { headers })
    expect(told()).toBe(3)
  })

  it('the log tells why, and nobody else is told', async () => {
    const { server, key } = stage
    expect(server.log()).toContain('no verdict could be reached')
    expect(server.log()).not.toContain(key.credential)
    const response = await fetch(`${server.edge}/v1/sandboxes`, { headers: { 'x-api-key': key.credential } })
    expect(await response.text()).not.toMatch(/database|sqlite|stack|\.ts/i)
  })
})

describe('whatever bytes a caller sends', () => {
  let stage: Stage

  beforeAll(async () => {
    stage = await startStage('keywright')
  })
  afterAll(() => stopStage(stage))

  const anyByte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code))
  const piece = fc.oneof(
    fc.constantFrom(
      'Authorization',
      'X-Api-Key',
      'Host',
      'Bearer ',
      'kw_live_',
      ':',
      ' ',
      '\t',
      '\r\n',
      '\r',
      '\n',
      ',',
      '\0',
      'a',
    ),
    fc.constantFrom(
      'Content-Length: 1',
      'Transfer-Encoding: chunked',
      'Connection: upgrade',
      'Expect: 100-continue',
      '/',
      '?',
    ),
    anyByte,
  )
  const some = (maxLength: number) => fc.array(piece, { maxLength }).map((pieces) => pieces.join(''))

  it('they get a 4xx or nothing, and the next caller is served', async () => {
    await fc.assert(
      fc.asyncProperty(some(6), some(30), async (target, lines) => {
        const text = await sendRaw(stage.server.edge, `GET /${target} HTTP/1.1\r\nHost: a\r\n${lines}\r\n\r\n`, {
          quietMs: 5,
        })
        const { status } = parseAnswer(text)
        expect(text === '' || (status >= 400 && status < 500)).toBe(true)
      }),
      { numRuns: 400 },
    )
    const { credential } = stage.key
    const response = await fetch(`${stage.server.edge}/v1/a`, { headers: { authorization: `Bearer ${credential}` } })
    expect(response.status).toBe(200)
    expect(stage.upstream.received).toHaveLength(1)
  })

  it('the value of a credential header is 401 or 400, at every placement', async () => {
    const anything = fc.string({
      unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
      maxLength: 80,
    })
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('Authorization: ', 'Authorization: Bearer ', 'X-Api-Key: '),
        anything,
        async (name, value) => {
          const line = `${name}${value}`
          const lines = ['X-Forwarded-Method: GET', 'X-Forwarded-Uri: /v1/a', line]
          const [atGateway, atForwardAuth] = await Promise.all([
            rawRequest(stage.server.edge, { lines: [line] }),
            rawRequest(stage.server.control, { target: '/v1/forward-auth', lines }),
          ])
          expect([400, 401]).toContain(atGateway.status)
          expect(atForwardAuth.status).toBe(atGateway.status)
        },
      ),
      { numRuns: 300 },
    )
  })
})

describe('an upstream that is there', () => {
  it.each([
    ['a head that is too large', `HTTP/1.1 200 OK\r\nX-Large: ${'x'.repeat(40_000)}\r\n\r\n`],
    ['what is not HTTP', 'nonsense\r\n\r\n'],
  ])('and answers with %s is not said to be out of reach', async (fault, bytes) => {
    const upstream = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => socket.write(bytes))
    })
    upstream.listen(0, '127.0.0.1')
    await once(upstream, 'listening')
    const { port } = upstream.address() as AddressInfo
    const server = await startServer({ contract: 'keywright', upstream: `http://127.0.0.1:${port}` })
    const { credential } = await server.issue()
    const { status } = await fetch(`${server.edge}/v1/a`, { headers: { authorization: `Bearer ${credential}` } })
    expect(status).toBe(502)
    expect(server.log()).toContain(`the upstream answers with ${fault}`)
    expect(server.log()).not.toContain('cannot be reached')
    await server.stop()
    upstream.close()
  })
})

it('the log tells what is wrong with an upstream once, until it has answered, and of a slow one nothing', async () => {
  let answer = ''
  const upstream = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => void (answer !== 'none' && socket.end(answer)))
  })
  upstream.listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  const { port } = upstream.address() as AddressInfo
  const server = await startServer({
    contract: 'keywright',
    upstream: `http://127.0.0.1:${port}`,
    timeouts: { answerMs: 1_000 },
  })
  const { credential } = await server.issue()
  const told = async (bytes: string) => {
    answer = bytes
    await fetch(`${server.edge}/v1/a`, { headers: { authorization: `Bearer ${credential}` } })
    return server.log().match(/"the upstream [^"]+"/g)?.length ?? 0
  }
  const counts: number[] = []
  const sound = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'
  for (const bytes of ['none', 'nonsense\r\n\r\n', 'nonsense\r\n\r\n', '', sound, '']) {
    counts.push(await told(bytes))
  }
  expect(counts).toEqual([0, 1, 1, 2, 2, 3])
  await server.stop()
  upstream.close()
})

describe('a caller who hangs up', () => {
  it.each([
    'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
    'nonsense\r\n\r\n',
  ])('before they are answered takes nobody with them: %j', async (bytes) => {
    const server = await startServer({ contract: 'keywright' })
    for (const url of [server.edge, server.control]) {
      for (let time = 0; time < 100; time++) {
        const socket = connectTo(url)
        await once(socket, 'connect')
        socket.write(bytes, () => socket.resetAndDestroy())
        await once(socket, 'close')
      }
      expect((await fetch(`${url}/health`)).status).toBe(200)
    }
    await server.stop()
  })
})

describe('a caller who never finishes', () => {
  let stage: Stage

  beforeAll(async () => {
    stage = await startStage('operate')
  })
  afterAll(() => stopStage(stage))

  it('the head of their request is cut off, in the words of the contract', async () => {
    const text = await new Promise<string>((resolve) => {
      let got = ''
      const socket = connectTo(stage.server.edge)
      socket.on('data', (chunk) => {
        got += chunk
      })
      socket.on('close', () => resolve(got))
      socket.write('GET /v1/orders HTTP/1.1\r\nHost: a\r\nX-Slow: ')
    })
    const answer = parseAnswer(text)
    expect(answer.status).toBe(408)
    expect(JSON.parse(answer.body)).toMatchObject({ success: false })
  })
})
