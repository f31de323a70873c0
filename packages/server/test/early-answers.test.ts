import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { createVerifier, remote } from '@keywright/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectTo } from './support/connect-to.ts'
import { startUpstream, type Upstream } from './support/echo-upstream.ts'
import { freePort } from './support/free-port.ts'
import { type GuardedApp, guardedApps } from './support/guarded-app.ts'
import { rawRequest } from './support/raw-request.ts'
import { serviceKey, startServer, type TestServer } from './support/start-server.ts'

const contract = {
  name: 'shop',
  credential: { sources: [{ header: 'X-Shop-Key' }] },
  key: { forms: [{ prefix: 'shop_' }] },
  namespaces: { default: ['main'], body: { under: '/named', maxBytes: 65_536 } },
  routes: [{ path: '/named/in/{namespace}/**' }, { path: '/named/**' }, { path: '/**', namespace: 'none' }],
}

let folder: string
let upstream: Upstream
let respond: RequestListener
let server: TestServer
let alone: TestServer
let keys: ReturnType<typeof remote>
const apps: Record<string, GuardedApp> = {}
let own: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keywright-early-'))
  const file = join(folder, 'contract.json')
  writeFileSync(file, JSON.stringify(contract))
  upstream = await startUpstream((request, response) => respond(request, response))
  server = await startServer({ contract: file, upstream: upstream.url })
  alone = await startServer({ contract: file, upstream: `http://127.0.0.1:${await freePort()}` })
  keys = remote({ url: server.control, serviceKey })
  for (const [framework, start] of Object.entries(guardedApps)) {
    apps[framework] = await start(createVerifier({ contract: server.lifecycle.contract, keys }))
  }
  own = `X-Shop-Key: ${(await server.issue({ namespaces: ['main'] })).credential}`
})
afterAll(async () => {
  for (const app of Object.values(apps)) await app.close()
  await keys.close()
  await server.stop()
  await alone.stop()
  await upstream.stop()
  rmSync(folder, { recursive: true })
})

const second = 'GET /named/in/other/second HTTP/1.1\r\nHost: a\r\n\r\n'

/** The answers to a request that is sent whole before any is read, and to another one `behind` it. */
async function sendWhole(
  url: string,
  path: string,
  lines: string[],
  framing: 'length' | 'chunks',
  behind = second,
): Promise<string[]> {
  const chunk = Buffer.alloc(100_000, ' ')
  const chunks = 80
  const socket = connectTo(url)
  const left = once(socket, 'close').then(() => Promise.reject(new Error('The connection was closed.')))
  left.catch(() => {})
  const send = async (bytes: Buffer | string) => {
    if (!socket.write(bytes)) await Promise.race([once(socket, 'drain'), left])
  }
  const sized = framing === 'length' ? `Content-Length: ${chunks * chunk.length}` : 'Transfer-Encoding: chunked'
  await send(`${[`POST ${path} HTTP/1.1`, 'Host: a', ...lines, sized].join('\r\n')}\r\n\r\n`)
  for (let sent = 0; sent < chunks; sent++) {
    if (framing === 'chunks') await send(`${chunk.length.toString(16)}\r\n`)
    await send(chunk)
    if (framing === 'chunks') await send('\r\n')
  }
  if (framing === 'chunks') await send('0\r\n\r\n')
  if (behind !== '') await send(behind)
  const expected = behind === '' ? 1 : 2
  let text = ''
  while (statusesIn(text).length < expected) text += ((await Promise.race([once(socket, 'data'), left])) as [Buffer])[0]
  socket.destroy()
  return statusesIn(text)
}

function statusesIn(text: string): string[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status = '']) => status)
}

describe.each(['length', 'chunks'] as const)(
  'an answer before the end of a long upload that is framed by %s',
  (framing) => {
    const json = 'Content-Type: application/json'

    it('of the edge arrives, and the connection goes on', async () => {
      respond = (_, response) => void response.end()
      expect(await sendWhole(server.edge, '/named/a', [own, json], framing)).toEqual(['413', '401'])
      expect(await sendWhole(server.edge, '/a', [], framing)).toEqual(['401', '401'])
    })

    it('of an upstream that reads none of it arrives, and the connection goes on', async () => {
      respond = (_, response) => void response.writeHead(413).end('too much')
      expect(await sendWhole(server.edge, '/a', [own], framing)).toEqual(['413', '401'])
    })

    it('for an upstream that is not there arrives, and the connection goes on', async () => {
      const { credential } = await alone.issue({})
      expect(await sendWhole(alone.edge, '/a', [`X-Shop-Key: ${credential}`], framing)).toEqual(['502', '401'])
    })

    it('of the verify endpoint arrives, and the connection goes on', async () => {
      const lines = [`Authorization: Bearer ${serviceKey}`, json]
      expect(await sendWhole(server.control, '/v1/verify', lines, framing)).toEqual(['413', '404'])
    })

    it.each(['Connection: close', 'Expect: 100-continue'])('arrives also where it is the last: %s', async (last) => {
      respond = (_, response) => void response.writeHead(413).end('too much')
      expect(await sendWhole(server.edge, '/a', [last], framing, '')).toEqual(['401'])
      const close = 'Connection: close'
      expect(await sendWhole(server.edge, '/a', [own, close], framing, '')).toEqual(['413'])
      expect(await sendWhole(server.control, '/v1/verify', [close], framing, '')).toEqual(['401'])
    })

    // Hono's own server closes such a connection after half a second.
    const others = Object.keys(guardedApps).filter((framework) => framework !== 'Hono')
    it.each(others)('of a guard in %s arrives, and the connection goes on', async (framework) => {
      const { url } = apps[framework] as GuardedApp
      expect(await sendWhole(url, '/a', [], framing)).toEqual(['401', '401'])
      expect(await sendWhole(url, '/named/a', [own, json], framing)).toEqual(['413', '401'])
    })
  },
)

it.each([
  ['100-continue', 'Expect: 100-continue'],
  ['something-else', 'Expect: something-else'],
  ['100-continue', 'Connection: Upgrade\r\nUpgrade: websocket'],
])('what comes behind the last answer ends the connection: behind %s, %j', async (expected, lines) => {
  const socket = connectTo(server.edge, { allowHalfOpen: true })
  socket.write(`POST /a HTTP/1.1\r\nHost: a\r\nExpect: ${expected}\r\nContent-Length: 1\r\n\r\n`)
  await once(socket.resume(), 'end')
  socket.write('x')
  for (let behind = 0; !socket.destroyed; behind++) {
    expect(behind).toBeLessThan(10_000)
    socket.write(`GET /a HTTP/1.1\r\nHost: a\r\n${lines}\r\n\r\n`)
    await setImmediate()
  }
})

describe('an empty body where one may name a namespace', () => {
  const framings: [string, string[], string][] = [
    ['of length 0', ['Content-Length: 0'], ''],
    ['that is not announced', [], ''],
    ['in no chunks', ['Transfer-Encoding: chunked'], '0\r\n\r\n'],
  ]

  it.each(Object.keys(guardedApps))('is to the guard in %s what it is to the edge', async (framework) => {
    respond = (_, response) => void response.end()
    const { url } = apps[framework] as GuardedApp
    for (const [, framed, body] of framings) {
      for (const target of ['/named/a', '/named/in/main/a']) {
        const request = { method: 'POST', target, lines: [own, 'Content-Type: application/json', ...framed], body }
        const atEdge = await rawRequest(server.edge, request)
        expect((await rawRequest(url, request)).status, `${target} ${framed}`).toBe(atEdge.status)
      }
    }
  })
})

describe('a file name in another writing than ASCII', () => {
  it.each([
    ['UTF-8', Buffer.from('日本 é')],
    ['latin1', Buffer.from('é', 'latin1')],
  ])('reaches the caller as it was sent, in %s', async (_, name) => {
    const line = Buffer.concat([Buffer.from('Content-Disposition: attachment; filename="'), name, Buffer.from('"')])
    for (const before of ['Content-Length: 2\r\n', '']) {
      respond = ({ socket }) => {
        const after = before === '' ? 'Content-Length: 2\r\n' : ''
        socket.write(`HTTP/1.1 200 OK\r\n${before}`)
        socket.end(Buffer.concat([line, Buffer.from(`\r\n${after}\r\nok`)]))
      }
      const { status, text, body } = await rawRequest(server.edge, { lines: [own], target: '/file' })
      expect([status, body]).toEqual([200, 'ok'])
      expect(text).toContain(name.toString('latin1'))
    }
  })
})
