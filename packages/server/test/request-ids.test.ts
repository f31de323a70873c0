import { afterAll, beforeAll, expect, it } from 'vitest'
import { startUpstream, type Upstream } from './support/echo-upstream.ts'
import { serviceKey, startServer, type TestServer } from './support/start-server.ts'

let server: TestServer
let upstream: Upstream
beforeAll(async () => {
  upstream = await startUpstream()
  server = await startServer({ contract: 'keywright', upstream: upstream.url })
})
afterAll(async () => {
  await server.stop()
  await upstream.stop()
})

const api = async (path: string, headers: Record<string, string> = {}, body?: object) => {
  const response = await fetch(server.control + path, {
    method: body ? 'POST' : 'GET',
    headers: { authorization: `Bearer ${serviceKey}`, 'content-type': 'application/json', ...headers },
    ...(body && { body: JSON.stringify(body) }),
  })
  return { response, text: await response.text() }
}

it('a request id with a credential in it is another one, in answers, logs and records', async () => {
  const { credential } = await server.issue({ permissions: [] })
  const headers = { authorization: `Bearer ${credential}`, 'x-request-id': `trace-${credential}` }
  const refused = await fetch(`${server.edge}/v1/things`, { method: 'POST', headers })
  expect(refused.headers.get('x-request-id')).toMatch(/^req_/)

  const made = await api('/v1/keys', { 'x-request-id': credential }, { organization: 'acme', name: 'made' })
  expect([made.response.status, made.response.headers.get('x-request-id')]).toEqual([
    201,
    expect.stringMatching(/^req_/),
  ])
  const plain = await api('/v1/keys', { 'x-request-id': 'trace-1' }, { organization: 'acme', name: 'plain' })
  expect(plain.response.headers.get('x-request-id')).toBe('trace-1')

  const secret = credential.slice(8)
  expect((await api('/v1/audit')).text).toContain('trace-1')
  expect((await api('/v1/audit')).text).not.toContain(secret)
  expect((await api('/v1/decisions')).text).not.toContain(secret)
  expect(JSON.stringify(upstream.received)).not.toContain(secret)
  expect(server.log()).not.toContain(secret)
})
