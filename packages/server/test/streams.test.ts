import { createHash, randomBytes } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request as requestHttp, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import type { Issued } from '@keywright/core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { connectTo } from './support/connect-to.ts'
import { startUpstream, type Upstream } from './support/echo-upstream.ts'
import { layWire } from './support/network/relayed-wire.ts'
import { testPostgres } from './support/postgres.ts'
import { parseAnswer, rawRequest, sendRaw } from './support/raw-request.ts'
import { startServer, type TestServer } from './support/start-server.ts'

describe('through the gateway', () => {
  let upstream: Upstream
  let server: TestServer
  let issued: Issued
  let respond: Parameters<typeof startUpstream>[0]
  /** The connection of the last handshake that was taken for an ordinary request. */
  let atUpstream: Duplex

  beforeAll(async () => {
    upstream = await startUpstream(
      (request, response) => respond?.(request, response),
      (request, socket) => {
        if (request.url === '/ignored') {
          atUpstream = socket
          leaveWithPeer(socket)
          socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n')
          // Never silent for so long that it would be timed out.
          const beat = setInterval(() => socket.write('beat\n'), 100)
          socket.on('close', () => clearInterval(beat))
          return
        }
        if (request.url === '/broken') {
          leaveWithPeer(socket)
          socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n')
          setTimeout(() => (socket as Socket).resetAndDestroy(), 50)
          return
        }
        if (request.url === '/refused') {
          socket.end('HTTP/1.1 418 No\r\nContent-Length: 3\r\nX-Name: \xe9\r\nSet-Cookie: a=1\r\n\r\nno.', 'latin1')
          return
        }
        atUpstream = socket
        if (request.url === '/silent') {
          leaveWithPeer(socket)
          return
        }
        const { authorization, 'x-organization-id': organization } = request.headers
        const fields = 'Upgrade: websocket\r\nConnection: Upgrade\r\nX-Name: é'
        const agree = () => {
          socket.write(`HTTP/1.1 101 Switching Protocols\r\n${fields}\r\n\r\n${organization} ${authorization}\n`)
          socket.pipe(socket)
        }
        if (request.url === '/slow') setTimeout(agree, 300)
        else agree()
        socket.on('error', () => socket.destroy())
      },
    )
    server = await startServer({
      contract: 'keywright',
      upstream: upstream.url,
      timeouts: { recheckMs: 50, answerMs: 3_000, connectMs: 2_000 },
    })
  })
  afterAll(async () => {
    await server.stop()
    await upstream.stop()
  })
  beforeEach(async () => {
    issued = await server.issue()
  })
  afterEach(() => {
    respond = undefined
  })

  const headers = () => ({ authorization: `Bearer ${issued.credential}` })
  const get = (path = '/v1/stream', init: RequestInit = {}) =>
    fetch(server.edge + path, { headers: headers(), ...init })

  it('an event stream arrives as it is sent', async () => {
    const sent: ServerResponse[] = []
    respond = (_, response) => {
      sent.push(response)
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    }
    const response = await get()
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    for (const text of ['data: 1\n\n', 'data: 2\n\n']) {
      sent[0]?.write(text)
      const { value } = await reader.read()
      expect(Buffer.from(value ?? []).toString()).toBe(text)
    }
    sent[0]?.end()
    expect((await reader.read()).done).toBe(true)
  })

  it('a stream ends when its key is revoked', async () => {
    let closed: Promise<unknown> = Promise.resolve()
    respond = (_, response) => {
      response.writeHead(200).write('begin')
      closed = once(response, 'close')
    }
    const response = await get()
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    await reader.read()
    await server.revoke(issued.key.id)
    await expect(reader.read()).rejects.toThrow()
    await closed
  })

  it('an upload under way ends when its key is revoked', async () => {
    const seen = new Promise<void>((resolve) => {
      respond = (request) => {
        request.once('data', () => resolve())
        request.on('error', () => {})
      }
    })
    const upload = requestHttp(`${server.edge}/v1/upload`, { method: 'POST', headers: headers() })
    upload.on('error', () => {})
    upload.write('begin')
    await seen
    await server.revoke(issued.key.id)
    await new Promise((resolve) => upload.once('close', resolve))
    expect(upload.writableFinished).toBe(false)
  })

  it('bodies go both ways unchanged', async () => {
    respond = (request, response) => {
      response.writeHead(200, { 'content-type': 'application/octet-stream' })
      request.pipe(response)
    }
    const sent = createHash('sha256')
    const came = createHash('sha256')
    const upload = requestHttp(`${server.edge}/v1/echo`, { method: 'PUT', headers: headers() })
    const answered = once(upload, 'response')
    const writing = (async () => {
      for (let i = 0; i < 100; i++) {
        const chunk = randomBytes(100_003)
        sent.update(chunk)
        if (!upload.write(chunk)) await once(upload, 'drain')
      }
      upload.end()
    })()
    const [response] = await answered
    for await (const part of response) came.update(part)
    await writing
    expect(came.digest('hex')).toBe(sent.digest('hex'))
  })

  it('a slow upstream slows the caller down', async () => {
    respond = (request) => void request.pause()
    const socket = await open('POST /v1/upload', ['Transfer-Encoding: chunked'])
    let written = 0
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`
    const more = () => {
      while (!socket.destroyed && written < enough) {
        written += chunk.length
        if (!socket.write(chunk)) return
      }
    }
    socket.on('drain', more)
    more()
    await settled(() => written)
    expect(written).toBeLessThan(enough)
    socket.destroy()
  })

  it('a slow reader slows the upstream down', async () => {
    let written = 0
    respond = (_, response) => {
      response.writeHead(200)
      const more = () => {
        while (!response.destroyed && written < enough) {
          written += 64 * 1024
          if (!response.write(Buffer.alloc(64 * 1024))) return
        }
      }
      response.on('drain', more)
      more()
    }
    const socket = await open('GET /v1/stream')
    socket.pause()
    await expect.poll(() => written).toBeGreaterThan(0)
    await settled(() => written)
    expect(written).toBeLessThan(enough)
    socket.destroy()
  })

  it('a caller who leaves takes the upstream request along', async () => {
    const arrived = new Promise<ServerResponse>((resolve) => {
      respond = (_, response) => resolve(response)
    })
    const socket = await open('GET /v1/stream')
    const response = await arrived
    socket.destroy()
    await once(response, 'close')
    expect(response.writableFinished).toBe(false)
  })

  it('an upstream that breaks off is not mistaken for one that ended', async () => {
    respond = (_, response) => {
      response.writeHead(200).write('half')
      setTimeout(() => response.destroy(), 20)
    }
    await expect(get().then((response) => response.text())).rejects.toThrow()
  })

  describe('an answer without a length is not taken for a whole one', () => {
    const asked = (edge: string, { credential }: Issued) => {
      const socket = connectTo(edge)
      socket.write(`GET /v1/stream HTTP/1.0\r\nAuthorization: Bearer ${credential}\r\n\r\n`)
      return socket
    }

    it.each([
      ['the upstream breaks off', (response: ServerResponse) => response.destroy()],
      ['the key is revoked', () => server.revoke(issued.key.id)],
    ])('where %s', async (_, breakOff) => {
      respond = (_request, response) => {
        response.writeHead(200).write('half')
        setTimeout(breakOff, 50, response)
      }
      await expect(once(asked(server.edge, issued).resume(), 'end')).rejects.toMatchObject({ code: 'ECONNRESET' })
    })

    it('where a stop does not wait for it', async () => {
      respond = (_, response) => void response.writeHead(200).write('half')
      const alone = await startServer({ contract: 'keywright', upstream: upstream.url })
      const socket = asked(alone.edge, await alone.issue())
      await once(socket, 'data')
      const ended = once(socket, 'end')
      await Promise.all([alone.stop(), expect(ended).rejects.toMatchObject({ code: 'ECONNRESET' })])
    })
  })

  it('an answer that a stop waits for says that it is the last of its connection', async () => {
    const arrived = new Promise<ServerResponse>((resolve) => {
      respond = (_, response) => resolve(response)
    })
    const alone = await startServer({ contract: 'keywright', upstream: upstream.url })
    const { credential } = await alone.issue()
    const answer = fetch(`${alone.edge}/v1/slow`, { headers: { authorization: `Bearer ${credential}` } })
    const response = await arrived
    const stopped = alone.stop()
    response.end('late')
    expect((await answer).headers.get('connection')).toBe('close')
    await stopped
  })

  it('an answer under way is waited for by a stop', async () => {
    let sending: ServerResponse | undefined
    respond = (_, response) => {
      sending = response
      response.write('half')
    }
    const alone = await startServer({ contract: 'keywright', upstream: upstream.url })
    const { credential } = await alone.issue()
    const answer = await fetch(`${alone.edge}/v1/slow`, { headers: { authorization: `Bearer ${credential}` } })
    const stopped = alone.stop()
    sending?.end(' and half')
    expect(await answer.text()).toBe('half and half')
    await stopped
  })

  it('an upstream that hangs up without an answer is unreachable', async () => {
    respond = (request) => void request.socket.destroy()
    const response = await get()
    expect(response.status).toBe(502)
    expect(await response.json()).toMatchObject({ status: 502 })
  })

  it.each([
    ['GET', 200, 2],
    ['HEAD', 200, 2],
    ['OPTIONS', 200, 2],
    ['POST', 502, 1],
    ['DELETE', 502, 1],
  ])('over a connection that the upstream closes, %s gets %i and is sent %i times', async (method, status, times) => {
    let sent = 0
    respond = ({ socket }, response) => {
      sent++
      if (sent === 1) socket.destroy()
      else response.end()
    }
    expect((await get('/counted', { method })).status).toBe(status)
    expect(sent).toBe(times)
  })

  it('over a connection that the upstream resets, a GET is sent once more', async () => {
    let sent = 0
    respond = ({ socket }, response) => {
      sent++
      if (sent === 1) socket.resetAndDestroy()
      else response.end()
    }
    expect((await get('/counted')).status).toBe(200)
    expect(sent).toBe(2)
  })

  it('over a connection that the upstream closes, a GET with a body is sent once', async () => {
    let sent = 0
    respond = (request) => {
      sent++
      request.resume().on('end', () => request.socket.destroy())
    }
    const lines = [`Authorization: Bearer ${issued.credential}`, 'Content-Length: 5']
    expect((await rawRequest(server.edge, { lines, body: 'hello' })).status).toBe(502)
    expect(sent).toBe(1)
  })

  it('an upstream whose headers nobody may repeat is unreachable', async () => {
    respond = (request) => void request.socket.end('HTTP/1.1 200 OK\r\nX-Bad: a\x01b\r\nContent-Length: 0\r\n\r\n')
    expect((await get()).status).toBe(502)
  })

  it.each(['GET', 'DELETE', 'PUT', 'OPTIONS'])('a %s with a body is forwarded with it', async (method) => {
    respond = (request, response) => void request.pipe(response)
    const lines = [`Authorization: Bearer ${issued.credential}`]
    const whole = await rawRequest(server.edge, { method, lines: [...lines, 'Content-Length: 5'], body: 'hello' })
    expect(whole).toMatchObject({ status: 200 })
    expect(whole.body).toContain('hello')
    const chunked = await rawRequest(server.edge, {
      method,
      lines: [...lines, 'Transfer-Encoding: chunked'],
      body: '5\r\nhello\r\n0\r\nX-Trailer: 1\r\n\r\n',
    })
    expect(chunked.body).toContain('hello')
    expect((await rawRequest(server.edge, { method, lines })).status).toBe(200)
  })

  it('an upstream that does not answer in time is timed out', async () => {
    respond = () => {}
    const response = await get()
    expect(response.status).toBe(504)
    expect(await response.json()).toMatchObject({ status: 504 })
  })

  it('an answer before the end of the upload arrives', async () => {
    respond = (_, response) => void response.writeHead(413, { 'content-length': 4 }).end('stop')
    const answer = await sendRaw(
      server.edge,
      `POST /v1/upload HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${issued.credential}\r\nContent-Length: 100000\r\n\r\nabc`,
    )
    expect(parseAnswer(answer)).toMatchObject({ status: 413, body: 'stop' })
  })

  it('early hints of the upstream are left out', async () => {
    respond = (_, response) => {
      response.writeEarlyHints({ link: '</style.css>; rel=preload' })
      response.writeHead(200).end('done')
    }
    const answer = await rawRequest(server.edge, { lines: [`Authorization: Bearer ${issued.credential}`] })
    expect(answer.text.match(/HTTP\/1\.1/g)).toHaveLength(1)
    expect(answer.status).toBe(200)
  })

  it('nobody is told to go on sending before the key was looked at', async () => {
    respond = (request, response) => void request.pipe(response)
    const head = 'POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n'
    const refused = await sendRaw(server.edge, `${head}\r\n`)
    expect(parseAnswer(refused)).toMatchObject({ status: 401, headers: { connection: 'close' } })

    const socket = connectTo(server.edge)
    socket.write(`${head}Authorization: Bearer ${issued.credential}\r\n\r\n`)
    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\n/)
    socket.write('ok')
    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 200 OK/)
    socket.destroy()
  })

  it('two requests sent at once are answered in order, and what follows them unreadable is not', async () => {
    respond = (request, response) => void setTimeout(() => response.end(request.url), request.url === '/a' ? 50 : 0)
    const one = (path: string) =>
      `GET ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${issued.credential}\r\n\r\n`
    const text = await sendRaw(server.edge, `${one('/a')}${one('/b')}`, { quietMs: 300 })
    expect(text.indexOf('/a')).toBeGreaterThan(0)
    expect(text.indexOf('/b')).toBeGreaterThan(text.indexOf('/a'))
    const broken = await sendRaw(server.edge, `${one('/a')}no HTTP at all\r\n\r\n`, { quietMs: 300 })
    expect(broken).toMatch(/^HTTP\/1\.1 200 /)
  })

  it.each([
    ['a request that is answered already', 'GET /health HTTP/1.1\r\nHost: a\r\n\r\nno HTTP at all\r\n\r\n', 2],
    ['an upload', 'POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nno chunk\r\n', 1],
  ])('what is unreadable in or behind %s is not answered in place of the request before', async (_, behind, count) => {
    respond = (request, response) => response.end(`answer to ${request.url}`)
    const first = `GET /a HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${issued.credential}\r\n\r\n`
    const text = await sendRaw(server.edge, first + behind, { quietMs: 300 })
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(Array(count).fill('HTTP/1.1 200'))
    expect(text).toContain('answer to /a')
  })

  it.each([
    ['a request whose end is unsure', 'Host: b'],
    ['one that expects what nobody knows', 'Expect: something-else'],
    ['one that waits to be told to go on', 'Expect: 100-continue'],
  ])('what comes behind the last answer of a connection is not carried out: behind %s', async (_, line) => {
    const asked: (string | undefined)[] = []
    respond = (request, response) => {
      asked.push(request.url)
      response.end()
    }
    // Known by now, so that no verdict is waited for.
    await get('/known')
    const fields = `Host: a\r\nAuthorization: Bearer ${issued.credential}\r\nContent-Length: 0\r\n\r\n`
    const behind = ['/b', '/c'].map((path) => `POST ${path} HTTP/1.1\r\n${fields}`)
    await sendRaw(server.edge, `POST /a HTTP/1.1\r\n${line}\r\n${fields}${behind.join('')}`)
    await get('/after')
    expect(asked.filter((path) => path !== '/a')).toEqual(['/known', '/after'])
  })

  it.each([
    ['that nobody knows', 'GET /a', 'unknown'],
    ['that is not spoken there', 'GET /health', 'websocket'],
  ])('what comes behind a request for a protocol %s is not carried out', async (_, line, protocol) => {
    const asked: (string | undefined)[] = []
    respond = (request, response) => {
      asked.push(request.url)
      response.end()
    }
    const fields = `Host: a\r\nAuthorization: Bearer ${issued.credential}\r\n`
    const socket = connectTo(server.edge)
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
    })
    const first = `${line} HTTP/1.1\r\n${fields}Connection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`
    socket.write(`${first}GET /b HTTP/1.1\r\n${fields}X-B: `)
    await expect.poll(() => text).toContain('HTTP/1.1 200')
    // A value of a header, and no request.
    socket.write(`GET /c HTTP/1.1\r\n${fields}\r\n`)
    await expect.poll(() => socket.closed).toBe(true)
    expect(text).toContain('Connection: close')
    await get('/after')
    expect(asked).toContain('/after')
    expect(asked).not.toContain('/c')
  })

  it.each(['0.9', '2.0'])(
    'HTTP/%s in the writing of HTTP/1.1 is refused, and nothing behind it is read',
    async (version) => {
      const asked: (string | undefined)[] = []
      respond = (request, response) => {
        asked.push(request.url)
        response.end()
      }
      await get('/known')
      const fields = `Host: a\r\nAuthorization: Bearer ${issued.credential}\r\nConnection: keep-alive\r\n\r\n`
      const text = await sendRaw(server.edge, `GET /a HTTP/${version}\r\n${fields}GET /b HTTP/1.1\r\n${fields}`)
      expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 400'])
      await get('/after')
      expect(asked).toEqual(['/known', '/after'])
    },
  )

  it('an answer without a body has no length either, whatever the upstream says', async () => {
    respond = ({ socket }) => void socket.write('HTTP/1.1 204 No Content\r\nContent-Length: 4\r\nX-Kept: 1\r\n\r\n')
    const { headers } = await get()
    expect(headers.get('x-kept')).toBe('1')
    expect(headers.get('content-length')).toBeNull()
  })

  it('what comes behind the last answer of a connection does not pile up while that is under way', async () => {
    respond = ({ url }, response) => {
      if (url === '/stream') response.writeHead(200).write('begin')
      else response.end()
    }
    const socket = connectTo(server.edge)
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
    })
    const fields = `Host: a\r\nAuthorization: Bearer ${issued.credential}\r\n\r\n`
    socket.write(`GET /stream HTTP/1.1\r\nExpect: 100-continue\r\n${fields}`)
    await expect.poll(() => text).toContain('begin')
    socket.write(`GET /behind HTTP/1.1\r\n${fields}`.repeat(200))
    await expect.poll(() => socket.closed).toBe(true)
  })

  it('an upload that becomes unreadable once it is answered gets no second answer', async () => {
    const socket = connectTo(server.edge)
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.write('POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
    await expect.poll(() => text).toContain('missing_credential')
    socket.write('no chunk\r\n')
    await once(socket, 'end')
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 401'])
  })

  it('a caller who goes on with what is unreadable leaves nothing behind with each piece', async () => {
    const warnings: Error[] = []
    const onWarning = (warning: Error) => void warnings.push(warning)
    process.on('warning', onWarning)
    onTestFinished(() => void process.off('warning', onWarning))
    const arrived = new Promise<ServerResponse>((resolve) => {
      respond = (_, response) => resolve(response)
    })
    const socket = connectTo(server.edge).setNoDelay()
    const ended = once(socket.resume(), 'end')
    socket.write(`GET /a HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${issued.credential}\r\n\r\n`)
    const response = await arrived
    for (let pieces = 0; pieces < 50; pieces++) {
      await new Promise((resolve) => socket.write('no HTTP at all\r\n', resolve))
      await new Promise(setImmediate)
    }
    response.end()
    await ended
    expect(warnings.map(({ name }) => name)).not.toContain('MaxListenersExceededWarning')
  })

  it('an upload that becomes unreadable ends an answer under way, and puts no other into it', async () => {
    respond = (request, response) => {
      request.on('error', () => {})
      response.writeHead(200).write('begin')
    }
    const socket = connectTo(server.edge)
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
    })
    const chunked = 'Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n'
    socket.write(`POST /a HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${issued.credential}\r\n${chunked}`)
    await expect.poll(() => text).toContain('begin')
    const closed = new Promise((resolve) => socket.on('error', () => {}).once('close', resolve))
    socket.write('no chunk\r\n')
    await closed
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200'])
  })

  it.each(['stays', 'leaves'])(
    'a tunnel asked for behind unanswered requests is not answered: caller %s',
    async (does) => {
      const responses: ServerResponse[] = []
      const closed: Promise<unknown>[] = []
      const size = 16 * 1024 * 1024
      respond = ({ url }, response) => {
        responses.push(response)
        closed.push(once(response, 'close'))
        if (url === '/big') response.end(Buffer.alloc(size))
      }
      const one = (path: string) =>
        `GET ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${issued.credential}\r\n\r\n`
      const socket = connectTo(server.edge)
      let text = ''
      socket.on('data', (chunk) => {
        text += chunk.toString('latin1')
      })
      socket.write(`${one('/slow')}${one('/big')}${one('/big')}CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n`)
      await expect.poll(() => responses.length).toBe(3)
      if (does === 'leaves') {
        socket.resetAndDestroy()
        await Promise.all(closed)
        return
      }
      responses.find(({ req }) => req.url === '/slow')?.end()
      await once(socket, 'end')
      expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 200'])
      expect(text.length).toBeGreaterThan(2 * size)
    },
  )

  it('a stream is left with its caller, though they asked for a tunnel behind it', async () => {
    const arrived = new Promise<ServerResponse>((resolve) => {
      respond = (_, response) => {
        response.write('half')
        resolve(response)
      }
    })
    const socket = await open('GET /v1/stream', ['X: y\r\n\r\nCONNECT a:1 HTTP/1.1', 'Host: a'])
    const response = await arrived
    await once(socket, 'data')
    socket.end('said into the tunnel')
    await once(response, 'close')
  })

  describe('a WebSocket', () => {
    const handshake = (path: string, lines: string[]) =>
      [
        `GET ${path} HTTP/1.1`,
        'Host: a',
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        'Sec-WebSocket-Version: 13',
        ...lines,
        '\r\n',
      ].join('\r\n')

    it('needs a valid key', async () => {
      const count = upstream.server.listenerCount('upgrade')
      expect(count).toBe(1)
      const missing = parseAnswer(await sendRaw(server.edge, handshake('/ws', [])))
      expect(missing.status).toBe(401)
      expect(missing.headers.date).toMatch(/ GMT$/)
      const wrong = ['Authorization: Bearer kw_live_wrong']
      expect(parseAnswer(await sendRaw(server.edge, handshake('/ws', wrong))).status).toBe(401)
    })

    it('is joined to the upstream, which learns who it is and not the key', async () => {
      const socket = await joined()
      socket.write('hello')
      expect(await textFrom(socket)).toBe('hello')
      socket.destroy()
    })

    it('ends when its key is revoked', async () => {
      const socket = await joined()
      await server.revoke(issued.key.id)
      await once(socket, 'close')
    })

    it('that is joined while the instance stops is not waited for', async () => {
      const alone = await startServer({ contract: 'keywright', upstream: upstream.url })
      const { credential } = await alone.issue()
      const before = atUpstream
      const socket = connectTo(alone.edge)
      socket.write(handshake('/silent', [`Authorization: Bearer ${credential}`]))
      await expect.poll(() => atUpstream === before).toBe(false)
      const stopped = alone.stop()
      const left = once(atUpstream, 'close')
      atUpstream.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
      // What is waited for is reset in the end.
      await once(socket.resume(), 'end')
      await Promise.all([left, stopped])
    })

    /** One whose caller reads nothing, and whose upstream has said more than fits on the way, and gone. */
    async function leftWithLastWords() {
      const accepted: Socket[] = []
      const onSocket = (message: unknown) => void accepted.push((message as { socket: Socket }).socket)
      subscribe('net.server.socket', onSocket)
      onTestFinished(() => void unsubscribe('net.server.socket', onSocket))
      const before = atUpstream
      const socket = connectTo(server.edge)
      socket.write(handshake('/silent', headerLines()))
      await expect.poll(() => atUpstream === before).toBe(false)
      const atEdge = accepted.find(({ remotePort }) => remotePort === socket.localPort) as Socket
      atUpstream.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
      let sent = 0
      // Until the edge has something that it cannot pass on yet.
      for (; atEdge.writableLength === 0; sent += 4096) {
        await new Promise((resolve) => atUpstream.write('x'.repeat(4096), resolve))
        await new Promise(setImmediate)
      }
      const left = once(atUpstream, 'close')
      atUpstream.end()
      await left
      return { socket, atEdge, sent }
    }

    it('that the upstream ends has its last words reach a caller who reads slowly', async () => {
      const { socket, sent } = await leftWithLastWords()
      let text = ''
      socket.on('data', (chunk) => {
        text += chunk
      })
      await once(socket, 'end')
      expect(text.slice(text.indexOf('\r\n\r\n') + 4)).toHaveLength(sent)
    })

    it('that the upstream ends is not kept for a caller who reads nothing', { timeout: 90_000 }, async () => {
      const { socket, atEdge } = await leftWithLastWords()
      await once(atEdge, 'close')
      socket.destroy()
    })

    it('that the upstream ends has its last words reach a caller who speaks while they are on the way', async () => {
      const before = atUpstream
      const socket = connectTo(server.edge)
      socket.on('error', () => {})
      socket.write(handshake('/silent', headerLines()))
      await expect.poll(() => atUpstream === before).toBe(false)
      const left = once(atUpstream, 'close')
      atUpstream.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
      atUpstream.end(Buffer.alloc(1024 * 1024))
      await left
      // Longer than anybody waits for who has only to hear that it is over.
      await pause(1_500)
      socket.write('Are you still there?')
      await pause(100)
      const chunks: Buffer[] = []
      socket.on('data', (chunk) => chunks.push(chunk))
      await once(socket, 'close')
      const all = Buffer.concat(chunks)
      expect(all.length - all.indexOf('\r\n\r\n') - 4).toBe(1024 * 1024)
    })

    it.runIf(process.platform === 'linux')(
      'has both its ends looked after by TCP, which finds who has vanished',
      async () => {
        const socket = await joined()
        const ports = [server.edge, upstream.url].map((url) => Number(new URL(url).port)) as [number, number]
        const watched = () => {
          const all = connections()
          return [
            all.find(({ local, remote }) => local === ports[0] && remote === socket.localPort),
            ...all.filter(({ remote }) => remote === ports[1]),
          ].map((connection) => connection?.timer)
        }
        await expect.poll(watched).toSatisfy((timers: number[]) => timers.every((timer) => timer === keepAliveTimer))
        socket.destroy()
      },
    )

    it('that the upstream answers with a stream ends when its key is revoked', async () => {
      const socket = connectTo(server.edge)
      socket.write(handshake('/ignored', [`Authorization: Bearer ${issued.credential}`]))
      let text = ''
      while (!text.endsWith('beat\n')) text += await textFrom(socket)
      expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
      const closed = once(atUpstream, 'close')
      const error = once(socket, 'error')
      await server.revoke(issued.key.id)
      expect(await error).toMatchObject([{ code: 'ECONNRESET' }])
      await closed
    })

    it('that the upstream breaks off its answer to gets nothing after it, and is not mistaken for one that ended', async () => {
      const socket = connectTo(server.edge)
      let text = ''
      socket.on('data', (chunk) => {
        text += chunk
      })
      const error = once(socket, 'error')
      socket.write(handshake('/broken', headerLines()))
      expect(await error).toMatchObject([{ code: 'ECONNRESET' }])
      expect(text.match(/HTTP\/1\.1 /g)).toHaveLength(1)
      expect(text.endsWith('\r\n\r\nhello')).toBe(true)
    })

    it.each([
      ['agrees', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'],
      ['refuses', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'],
    ])('whose caller resets it at the moment the upstream %s is left by both', async (_, answer) => {
      const before = atUpstream
      const socket = connectTo(server.edge)
      socket.write(handshake('/silent', headerLines()))
      await expect.poll(() => atUpstream === before).toBe(false)
      const left = once(atUpstream, 'close')
      socket.resetAndDestroy()
      atUpstream.write(answer)
      await left
    })

    it('that the upstream answers with a stream is left by both when its caller leaves', async () => {
      const socket = connectTo(server.edge)
      socket.on('error', () => {})
      socket.write(handshake('/ignored', [`Authorization: Bearer ${issued.credential}`]))
      let text = ''
      while (!text.endsWith('beat\n')) text += await textFrom(socket)
      const closed = once(atUpstream, 'close')
      socket.end()
      await closed
    })

    it.each([
      ['leaves', (socket: Socket) => void socket.end()],
      ['is torn away', (socket: Socket) => void socket.resetAndDestroy()],
    ])('that the upstream has not answered is left by both when its caller %s', async (_, leave) => {
      const patient = await startServer({ contract: 'keywright', upstream: upstream.url })
      const { credential } = await patient.issue()
      const before = atUpstream
      const socket = connectTo(patient.edge)
      const answered = once(socket, 'data')
      answered.catch(() => {})
      socket.write(handshake('/silent', [`Authorization: Bearer ${credential}`]))
      await expect.poll(() => atUpstream === before).toBe(false)
      const closed = once(atUpstream, 'close')
      leave(socket)
      await Promise.race([closed, answered.then(([bytes]) => Promise.reject(new Error(`Answered: ${bytes}`)))])
      await patient.stop()
    })

    it('whose caller speaks before the upstream has answered loses nothing of it', async () => {
      const socket = connectTo(server.edge)
      socket.write(handshake('/slow', [`Authorization: Bearer ${issued.credential}`]))
      await expect.poll(() => atUpstream?.destroyed).toBe(false)
      const early = 'x'.repeat(200_000)
      socket.write(`${early}.`)
      let text = ''
      while (!text.endsWith('x.')) text += await textFrom(socket)
      expect(text.endsWith(`\n${early}.`)).toBe(true)
      socket.destroy()
    })

    it('may be answered later than a connection may be made', async () => {
      const timeouts = { connectMs: 100, answerMs: 10_000 }
      const patient = await startServer({ contract: 'keywright', upstream: upstream.url, timeouts })
      const { credential } = await patient.issue()
      const answer = await sendRaw(patient.edge, handshake('/slow', [`Authorization: Bearer ${credential}`]))
      expect(parseAnswer(answer).status).toBe(101)
      await patient.stop()
    })

    it('whose caller speaks on before the upstream has answered is slowed down', async () => {
      const socket = connectTo(server.edge)
      socket.on('error', () => {})
      socket.write(handshake('/silent', headerLines()))
      let written = 0
      const more = () => {
        while (!socket.destroyed && written < enough) {
          written += 0x10000
          if (!socket.write(Buffer.alloc(0x10000))) return
        }
      }
      socket.on('drain', more)
      more()
      await settled(() => written)
      expect(written).toBeLessThan(enough)
      socket.destroy()
    })

    it('whose caller has nothing more to say brings them the rest', async () => {
      const before = atUpstream
      const socket = connectTo(server.edge, { allowHalfOpen: true })
      socket.write(handshake('/ws', headerLines()))
      await expect.poll(() => atUpstream === before).toBe(false)
      await textFrom(socket)
      atUpstream.unpipe().once('end', () => atUpstream.end('the rest'))
      atUpstream.resume()
      socket.end()
      let text = ''
      socket.on('data', (chunk) => {
        text += chunk
      })
      await once(socket, 'end')
      expect(text.endsWith('the rest')).toBe(true)
    })

    it.each([
      ['agreed', '101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade'],
      ['answered with a stream', '200 OK\r\nContent-Type: text/event-stream'],
    ])('that the upstream has %s to may be silent for longer than an answer may take', async (_, answer) => {
      const timeouts = { connectMs: 200, answerMs: 200 }
      const hasty = await startServer({ contract: 'keywright', upstream: upstream.url, timeouts })
      const { credential } = await hasty.issue()
      const before = atUpstream
      const socket = connectTo(hasty.edge)
      socket.write(handshake('/silent', [`Authorization: Bearer ${credential}`]))
      await expect.poll(() => atUpstream === before).toBe(false)
      atUpstream.write(`HTTP/1.1 ${answer}\r\n\r\n`)
      expect(await textFrom(socket)).toMatch(/^HTTP\/1\.1 /)
      await pause(500)
      atUpstream.write('still there')
      expect(await textFrom(socket)).toBe('still there')
      socket.destroy()
      await hasty.stop()
    })

    it('is answered with the very bytes of the upstream', async () => {
      const lines = [`Authorization: Bearer ${issued.credential}`]
      const joined = await sendRaw(server.edge, handshake('/ws', lines))
      const refused = await sendRaw(server.edge, handshake('/refused', lines))
      expect([joined, refused].map((text) => /X-Name: (.*)\r\n/i.exec(text)?.[1])).toEqual(['\xc3\xa9', '\xe9'])
    })

    it("that the upstream does not want gets the upstream's answer", async () => {
      const limits = [{ requests: 5, windowSeconds: 60, per: 'key', kind: 'window' } as const]
      const lines = [`Authorization: Bearer ${(await server.issue({ limits })).credential}`, 'X-Request-Id: of-mine']
      const answer = parseAnswer(await sendRaw(server.edge, handshake('/refused', lines)))
      expect(answer).toMatchObject({ status: 418, body: 'no.', headers: { 'set-cookie': 'a=1', connection: 'close' } })
      const ours = { 'x-request-id': 'of-mine', ratelimit: expect.stringContaining(';r=4;') }
      expect(answer.headers).toMatchObject({
        ...ours,
        'cache-control': 'private',
        date: expect.stringMatching(/ GMT$/),
      })
    })

    it('that nobody answers costs as much as one that is joined, and its caller is told what is left', async () => {
      const limits = [{ requests: 5, windowSeconds: 60, per: 'key', kind: 'window' } as const]
      const { credential } = await server.issue({ limits })
      const lines = [`Authorization: Bearer ${credential}`]
      const silent = parseAnswer(await sendRaw(server.edge, handshake('/silent', lines)))
      expect([silent.status, silent.headers.ratelimit]).toEqual([504, expect.stringContaining(';r=4;')])
      const alone = await startServer({ contract: 'keywright' })
      const own = [`Authorization: Bearer ${(await alone.issue({ limits })).credential}`]
      const nowhere = parseAnswer(await sendRaw(alone.edge, handshake('/ws', own)))
      expect([nowhere.status, nowhere.headers.ratelimit]).toEqual([404, expect.stringContaining(';r=4;')])
      await alone.stop()
    })

    it('that HTTP/1.0 asks for is an ordinary request, which is what that version knows', async () => {
      respond = (_, response) => void response.end('plain')
      const answer = await sendRaw(server.edge, handshake('/ws', headerLines()).replace('HTTP/1.1', 'HTTP/1.0'))
      expect(parseAnswer(answer)).toMatchObject({ status: 200, body: 'plain' })
    })

    it('asked for behind a request without an answer is an ordinary request, and its answer comes second', async () => {
      respond = (request, response) =>
        void setTimeout(() => response.end(request.url), request.url === '/slow' ? 100 : 0)
      const first = `GET /slow HTTP/1.1\r\nHost: a\r\n${headerLines()[0]}\r\n\r\n`
      const text = await sendRaw(server.edge, first + handshake('/ws', headerLines()), { quietMs: 300 })
      expect(text.match(/HTTP\/1\.1 \d+|\/slow|\/ws/g)).toEqual(['HTTP/1.1 200', '/slow', 'HTTP/1.1 200', '/ws'])
    })

    it('is refused with a path that could be read in two ways, with two hosts, or with a body', async () => {
      const lines = [`Authorization: Bearer ${issued.credential}`]
      expect(parseAnswer(await sendRaw(server.edge, handshake('/a/../b', lines))).status).toBe(400)
      expect(parseAnswer(await sendRaw(server.edge, handshake('/ws', [...lines, 'Host: b']))).status).toBe(400)
      const withBody = handshake('/ws', [...lines, 'Content-Length: 2'])
      expect(parseAnswer(await sendRaw(server.edge, `${withBody}ab`)).status).toBe(400)
    })

    it.each([
      ['without a key', () => handshake('/ws', []), 401],
      ['that the upstream does not want', () => handshake('/refused', headerLines()), 418],
      ['that the upstream does not answer', () => handshake('/silent', headerLines()), 504],
      ['to tunnel', () => 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ])(
      'that is refused keeps no connection, whoever holds on to their side: %s',
      async (_, bytes, status) => {
        const answers = Array.from({ length: 100 }, () => heldOpen(bytes()))
        expect(new Set(await Promise.all(answers))).toEqual(new Set([status]))
      },
      20_000,
    )

    const headerLines = () => [`Authorization: Bearer ${issued.credential}`]

    /** The status that is answered, once the other side has thrown the connection away. */
    function heldOpen(bytes: string): Promise<number> {
      return new Promise((resolve) => {
        const socket = connectTo(server.edge, { allowHalfOpen: true })
        let text = ''
        socket.on('data', (chunk) => {
          text += chunk
        })
        let knocking: NodeJS.Timeout | undefined
        socket.on('end', () => {
          knocking = setInterval(() => socket.write('x'), 100)
        })
        socket.on('error', () => {})
        socket.on('close', () => {
          clearInterval(knocking)
          resolve(parseAnswer(text).status)
        })
        socket.write(bytes)
      })
    }

    async function joined(): Promise<Socket> {
      const socket = connectTo(server.edge)
      socket.on('error', () => {})
      socket.write(handshake('/ws', [`Authorization: Bearer ${issued.credential}`]))
      let text = ''
      while (!text.endsWith('\n')) text += await textFrom(socket)
      expect(text).toMatch(/^HTTP\/1\.1 101 /)
      expect(text).toMatch(/\r\n\r\nacme undefined\n$/)
      return socket
    }
  })

  async function open(line: string, lines: string[] = []): Promise<Socket> {
    const socket = connectTo(server.edge)
    socket.on('error', () => {})
    await once(socket, 'connect')
    const head = [`${line} HTTP/1.1`, 'Host: a', `Authorization: Bearer ${issued.credential}`, ...lines]
    socket.write(`${head.join('\r\n')}\r\n\r\n`)
    return socket
  }
})

it('a stream ends once changes were not heard of for too long, so that its key may have been revoked', async () => {
  const postgres = await testPostgres()
  onTestFinished(() => postgres.stop())
  const database = new URL(await postgres.createDatabase())
  const wire = await layWire({ address: database.hostname, port: Number(database.port) })
  database.host = `${wire.host}:${wire.port}`
  const upstream = await startUpstream((_, response) => void response.writeHead(200).write('begin'))
  const server = await startServer({
    contract: 'keywright',
    upstream: upstream.url,
    database: database.href,
    env: { KEYWRIGHT_MAX_STALENESS_SECONDS: '2' },
    timeouts: { recheckMs: 50 },
  })
  const { credential } = await server.issue()
  const headers = { authorization: `Bearer ${credential}` }
  let stream: Response | undefined
  const status = async () => {
    stream = await fetch(`${server.edge}/v1/a`, { headers })
    return stream.status
  }
  await expect.poll(status).toBe(200)
  await wire.cut()
  await expect(stream?.text()).rejects.toThrow()
  await server.stop()
  await upstream.stop()
  await wire.close()
})

describe('an upstream that fails late', () => {
  afterEach(() => void vi.useRealTimers())

  it('leaves its caller with what is left of a limit by then', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const upstream = await startUpstream((_, response) => {
      vi.setSystemTime(Date.now() + 20_000)
      response.destroy()
    })
    const server = await startServer({ contract: 'keywright', upstream: upstream.url })
    const limits = [{ requests: 5, windowSeconds: 60, per: 'key', kind: 'window' } as const]
    const { credential } = await server.issue({ limits })
    const headers = { authorization: `Bearer ${credential}` }
    const answer = await fetch(`${server.edge}/v1/late`, { method: 'POST', headers })
    expect([answer.status, answer.headers.get('ratelimit')]).toEqual([502, expect.stringContaining(';r=4;t=40')])
    await server.stop()
    await upstream.stop()
  })
})

describe('an upstream that is not there', () => {
  it('is unreachable', async () => {
    const gone = await startUpstream()
    await gone.stop()
    const server = await startServer({ contract: 'hopx', upstream: gone.url })
    const { credential } = await server.issue()
    const response = await fetch(`${server.edge}/v1/sandboxes`, { headers: { 'x-api-key': credential } })
    expect(response.status).toBe(502)
    expect(await response.json()).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' })
    expect(response.headers.get('x-ratelimit-limit')).toBe('100')
    await server.stop()
  })

  it('is given up on, by handshakes too, once it has not connected in time', async () => {
    const silent = createServer((socket) => void socket.on('error', () => {}).resume())
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const server = await startServer({
      contract: 'hopx',
      upstream: `https://127.0.0.1:${(silent.address() as AddressInfo).port}`,
      timeouts: { connectMs: 500, answerMs: 600_000 },
    })
    const { credential } = await server.issue()
    for (const lines of [[], ['Connection: Upgrade', 'Upgrade: websocket']]) {
      const fields = ['Host: a', `X-API-Key: ${credential}`, ...lines]
      const answer = await sendRaw(server.edge, `GET /ws HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n`)
      expect(parseAnswer(answer).status).toBe(504)
    }
    await server.stop()
    silent.close()
  })

  it('is not asked for: without one, what is allowed is not found', async () => {
    const server = await startServer({ contract: 'hopx' })
    const { credential } = await server.issue()
    const response = await fetch(`${server.edge}/v1/sandboxes`, { headers: { 'x-api-key': credential } })
    expect(response.status).toBe(404)
    expect(response.headers.get('x-ratelimit-remaining')).toBe('99')
    expect(await response.json()).toMatchObject({ code: 'NOT_FOUND' })
    const head = ['GET /v1/sandboxes HTTP/1.1', 'Host: a', 'Connection: Upgrade', 'Upgrade: websocket']
    const handshake = [...head, `X-API-Key: ${credential}`, '\r\n'].join('\r\n')
    const { status, headers } = parseAnswer(await sendRaw(server.edge, handshake))
    expect([status, headers['x-ratelimit-remaining']]).toEqual([404, '98'])
    expect((await fetch(`${server.edge}/v1/sandboxes`)).status).toBe(401)
    await server.stop()
  })
})

function leaveWithPeer(socket: Duplex): void {
  socket
    .on('error', () => socket.destroy())
    .on('end', () => socket.destroy())
    .resume()
}

async function textFrom(socket: Socket): Promise<string> {
  const [chunk] = await once(socket, 'data')
  return String(chunk)
}

const keepAliveTimer = 2

/** Those that are established, with the timer that Linux runs for each (proc_net_tcp). */
function connections(): { local: number; remote: number; timer: number }[] {
  const rows = readFileSync('/proc/net/tcp', 'utf8').trim().split('\n').slice(1)
  const fields = rows.map((row) => row.trim().split(/\s+/)).filter(([, , , state]) => state === '01')
  const port = (address = '') => Number.parseInt(address.split(':')[1] ?? '', 16)
  return fields.map(([, local, remote, , , timer]) => ({
    local: port(local),
    remote: port(remote),
    timer: Number.parseInt(timer ?? '', 16),
  }))
}

/** More than all that the connections and the two ends of them hold. */
const enough = 64 * 1024 * 1024

/** Waits until the value stands still. */
async function settled(value: () => number): Promise<void> {
  for (let last = -1; last !== value(); ) {
    last = value()
    await pause(200)
  }
}
