import { once } from 'node:events'
import { createServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { controlApi } from './support/control-api.ts'
import { startUpstream, type Upstream } from './support/echo-upstream.ts'
import { freePort } from './support/free-port.ts'
import { sendRaw } from './support/raw-request.ts'
import { serviceKey, startServer, type TestServer } from './support/start-server.ts'

describe('metrics', () => {
  let server: TestServer
  let upstream: Upstream | null = null

  afterEach(async () => {
    await server.stop()
    await upstream?.stop()
    upstream = null
  })

  async function metrics(): Promise<string> {
    const response = await fetch(`${server.control}/metrics`, { headers: { authorization: `Bearer ${serviceKey}` } })
    return response.text()
  }

  async function askWithKey(): Promise<number> {
    const { credential } = await server.issue()
    const response = await fetch(`${server.edge}/v1/things`, { headers: { authorization: `Bearer ${credential}` } })
    await response.text().catch(() => {})
    return response.status
  }

  it('count verdicts by what they were and where they were asked for', async () => {
    server = await startServer({ contract: 'holonomix' })
    const asked = { 'x-forwarded-method': 'GET', 'x-forwarded-uri': '/v1/list/default' }
    await fetch(`${server.control}/v1/forward-auth`, { headers: asked })
    await fetch(`${server.control}/v1/verify`, {
      method: 'POST',
      headers: { authorization: `Bearer ${serviceKey}`, 'content-type': 'application/json' },
      body: '{"credential":"nonsense"}',
    })
    await fetch(`${server.edge}/v1/put/default`, { method: 'POST', body: '{}' })
    // Whoever asks again is told no more.
    await metrics()
    const text = await metrics()
    for (const line of [
      '{verdict="missing_credential",route="forward_auth"} 1',
      '{verdict="malformed_credential",route="verify"} 1',
      '{verdict="missing_credential",route="gateway"} 1',
    ]) {
      expect(text).toContain(`keywright_verdicts_total${line}`)
    }
    for (const kind of ['callers', 'refusals', 'counts']) {
      expect(text).toContain(`keywright_usage_dropped_total{kind="${kind}"} 0`)
    }
  })

  it('count one verdict where the verify endpoint looks at a key twice', async () => {
    server = await startServer({ contract: 'keywright' })
    const { credential } = await server.issue()
    const api = controlApi(server.control)
    const body = { name: 'API', permissions: ['verify'], organization: 'acme' }
    const bound = (await api('POST', '/v1/service-keys', { body })).json.credential
    const unknown = credential.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a'))
    const verdict = await api('POST', '/v1/verify', { credential: bound, body: { credential: unknown } })
    expect(verdict.json.allowed).toBe(false)
    expect(await metrics()).toContain(`{verdict="${verdict.json.reason}",route="verify"} 1`)
  })

  it('are not for a service key that is bound to one organization', async () => {
    server = await startServer({ contract: 'keywright' })
    await server.issue()
    const api = controlApi(server.control)
    const answers = []
    for (const organization of [null, 'acme']) {
      const body = { name: 'Prometheus', permissions: ['metrics'], ...(organization && { organization }) }
      const made = await api('POST', '/v1/service-keys', { body })
      expect(made.status).toBe(201)
      const headers = { authorization: `Bearer ${made.json.credential}` }
      const answer = await fetch(`${server.control}/metrics`, { headers })
      answers.push([answer.status, (await answer.text()).includes('keywright_verdicts_total')])
    }
    expect(answers).toEqual([
      [200, true],
      [403, false],
    ])
  })

  it('tell how the upstream answers', async () => {
    const statuses = [200, 204, 404, 500]
    upstream = await startUpstream((_, response) => response.writeHead(statuses.pop() ?? 200).end())
    server = await startServer({ contract: 'keywright', upstream: upstream.url })
    for (const status of [500, 404, 204, 200]) expect(await askWithKey()).toBe(status)
    const text = await metrics()
    expect(text).toContain('keywright_upstream_seconds_count{status="2xx"} 2')
    expect(text).toContain('keywright_upstream_seconds_count{status="4xx"} 1')
    expect(text).toContain('keywright_upstream_seconds_bucket{le="+Inf",status="5xx"} 1')
    expect(text).toContain('keywright_upstream_failures_total{reason="unreachable"} 0')
  })

  it('tell of handshakes as of other requests', async () => {
    const answers = ['101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket', '403 Forbidden']
    upstream = await startUpstream(undefined, (_, socket) => {
      socket.on('error', () => {})
      socket.end(`HTTP/1.1 ${answers.shift()}\r\n\r\n`)
    })
    server = await startServer({ contract: 'keywright', upstream: upstream.url })
    const { credential } = await server.issue()
    const fields = ['Host: a', 'Connection: Upgrade', 'Upgrade: websocket', `Authorization: Bearer ${credential}`]
    for (const status of ['101', '403']) {
      const answer = await sendRaw(server.edge, `GET /ws HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n`)
      expect(answer).toContain(`HTTP/1.1 ${status} `)
    }
    const text = await metrics()
    expect(text).toContain('keywright_upstream_seconds_count{status="1xx"} 1')
    expect(text).toContain('keywright_upstream_seconds_count{status="4xx"} 1')
  })

  it('tell of no failure of it where a caller leaves', async () => {
    let left = 0
    upstream = await startUpstream((request, response) => {
      response.on('close', () => left++)
      if (request.url === '/begun') response.write('begun')
    })
    server = await startServer({ contract: 'keywright', upstream: upstream.url })
    const { credential } = await server.issue()
    for (const path of ['/begun', '/silent']) {
      const asked = new AbortController()
      const headers = { authorization: `Bearer ${credential}` }
      const answer = fetch(server.edge + path, { headers, signal: asked.signal })
      if (path === '/begun') await answer
      else await once(upstream.server, 'request')
      asked.abort()
      await answer.catch(() => {})
    }
    await expect.poll(() => left).toBe(2)
    const text = await metrics()
    for (const reason of ['unreachable', 'timeout', 'broken']) {
      expect(text).toContain(`keywright_upstream_failures_total{reason="${reason}"} 0`)
    }
  })

  it('tell when it cannot be reached, is late, or breaks off', async () => {
    const port = await freePort()
    server = await startServer({
      contract: 'keywright',
      upstream: `http://127.0.0.1:${port}`,
      timeouts: { answerMs: 2_000 },
    })
    expect(await askWithKey()).toBe(502)
    let answer = ''
    const silent = createServer((socket) => {
      socket.on('error', () => {})
      if (answer !== '') socket.end(answer)
    })
    await new Promise<void>((resolve) => silent.listen(port, '127.0.0.1', resolve))
    expect(await askWithKey()).toBe(504)
    answer = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'
    expect(await askWithKey()).toBe(200)
    silent.close()
    const text = await metrics()
    for (const reason of ['unreachable', 'timeout', 'broken']) {
      expect(text).toContain(`keywright_upstream_failures_total{reason="${reason}"} 1`)
    }
  })
})
