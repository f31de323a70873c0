import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openapiDocument } from '../../src/control/openapi.ts'
import { connectTo } from '../support/connect-to.ts'
import { type Api, controlApi } from '../support/control-api.ts'
import { serviceKey, startServer, type TestServer } from '../support/start-server.ts'

let server: TestServer
let api: Api

beforeAll(async () => {
  server = await startServer({ contract: 'keywright' })
  api = controlApi(server.control)
})
afterAll(() => server.stop())

const post = (raw: string, headers?: Record<string, string>) =>
  api('POST', '/v1/organizations', { raw, ...(headers && { headers }) })

describe('a body', () => {
  it.each([
    ['{"name":"a","name":"b"}', 'name'],
    ['{"name":"a","n\\u0061me":"b"}', 'name'],
    ['{"name":"a","namespaces":[{"x":1,"x":2}]}', 'x'],
    ['{"id":"\\"","name":"a","name":"b","plan":"\\""}', 'name'],
  ])('with a member twice is refused: %s', async (raw, member) => {
    const { status, json } = await post(raw)
    expect([status, json.code]).toEqual([400, 'malformed_body'])
    expect(json.detail).toBe(`The member "${member}" is there twice.`)
  })

  it.each(['{', '{"name":}', "{'name':'a'}", '{"name":"a"} {}', '{"name":"a",}', '\ufeff{"name":"a"}', 'name=a'])(
    'that is not JSON is refused: %s',
    async (raw) => {
      const { status, json } = await post(raw)
      expect([status, json.code]).toEqual([400, 'malformed_body'])
    },
  )

  it.each(['null', '[]', '"name"', '7', 'true'])('that is no object is refused: %s', async (raw) => {
    const { status, json } = await post(raw)
    expect([status, json.detail]).toEqual([400, 'The body must be a JSON object: { … }.'])
  })

  it.each([
    ...[' ', '  \u00a0 ', '\u3000'],
    ...['\u200b', '\u2060\u200d', '\u00ad', '\u034f', '\u3164', ' \u2800 ', '\u{e0041}'],
  ])('in which a name shows nothing is refused: %j', async (name) => {
    const spaces = [{ field: 'name', message: 'must not be spaces alone' }]
    const { status, json } = await post(JSON.stringify({ name }))
    expect([status, json.errors]).toEqual([422, spaces])
    const key = await api('POST', '/v1/service-keys', { body: { name, permissions: ['verify'] } })
    expect([key.status, key.json.errors]).toEqual([422, spaces])
    const account = { email: 'ann@example.com', password: 'correct horse battery', name }
    const person = await api('POST', '/api/auth/sign-up/email', { body: account })
    expect([person.status, person.json.errors]).toEqual([422, spaces])
  })

  it('never comes back in a message', async () => {
    const { text } = await post('{"name": kw_live_canarycanarycanary')
    expect(text).not.toContain('canary')
  })

  it.each(['{"__proto__":{"name":"a"}}', '{"name":"a","__proto__":null}', '{"name":"a","\\u005f_proto__":1}'])(
    'with a member that would change what an object is, is refused: %s',
    async (raw) => {
      const { status, json } = await post(raw)
      expect([status, json.errors]).toEqual([422, [{ field: '__proto__', message: 'is not a known member' }]])
    },
  )

  it('too deep is refused', async () => {
    const { status, json } = await post(`{"name":${'['.repeat(5000)}${']'.repeat(5000)}}`)
    expect([status, json.code]).toEqual([400, 'malformed_body'])
  })

  it('that is not UTF-8 is refused', async () => {
    const response = await fetch(`${server.control}/v1/organizations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${serviceKey}`, 'content-type': 'application/json' },
      body: Buffer.from('{"name":"\xff\xfe"}', 'latin1'),
    })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ code: 'malformed_body' })
  })

  it('of more than 256 KiB is refused, whether it says so or not', async () => {
    const large = `{"name":"${'x'.repeat(256 * 1024)}"}`
    expect((await post(large)).status).toBe(413)
    const response = await fetch(`${server.control}/v1/organizations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${serviceKey}`, 'content-type': 'application/json' },
      body: new Blob([large]).stream(),
      duplex: 'half',
    } as RequestInit)
    expect(response.status).toBe(413)
  })

  it('of more than that is refused where nothing of it would be taken, as the OpenAPI document says', async () => {
    const { status } = await api('POST', '/api/auth/sign-out', { credential: null, raw: 'x'.repeat(256 * 1024 + 1) })
    expect(status).toBe(413)
    expect(openapiDocument().paths?.['/api/auth/sign-out']?.post?.responses).toHaveProperty('413')
  })

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    'application/json-patch+json',
    'application/json; charset=utf-16',
  ])('declared as %s is refused', async (type) => {
    const { status, json } = await post('{"name":"a"}', { 'content-type': type })
    expect([status, json.code]).toEqual([415, 'unsupported_media_type'])
  })

  it.each(['/v1/organizations', '/v1/verify', '/v1/leaks', '/api/auth/sign-up/email'])(
    'whose sender leaves in the middle of it fills no log: %s',
    async (path) => {
      const socket = connectTo(server.control)
      const fields = `Authorization: Bearer ${serviceKey}\r\nContent-Type: application/json\r\nContent-Length: 100`
      socket.write(`POST ${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n{"half":`)
      await pause(100)
      socket.resetAndDestroy()
      await pause(100)
      expect(server.log()).not.toContain('"level":"error"')
    },
  )

  it('compressed is refused', async () => {
    expect((await post('{"name":"a"}', { 'content-encoding': 'gzip' })).status).toBe(415)
  })

  it.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"'])(
    'declared as %s is read',
    async (type) => {
      expect((await post('{"name":"a"}', { 'content-type': type })).status).toBe(201)
    },
  )

  it('that holds something is refused where nothing is asked for', async () => {
    const { status } = await api('POST', '/v1/keys/key_x/suspend', { body: { force: true } })
    expect(status).toBe(422)
  })

  it('left out is as good as an empty one where nothing is needed', async () => {
    const { key } = await server.issue()
    expect((await api('POST', `/v1/keys/${key.id}/rotate`)).status).toBe(200)
    expect((await api('POST', `/v1/keys/${key.id}/rotate`, { body: {} })).status).toBe(200)
  })

  it('left out where something is needed names what is missing', async () => {
    const { status, json } = await api('POST', '/v1/organizations')
    expect([status, json.errors]).toEqual([422, [{ field: 'name', message: 'is missing' }]])
  })
})

describe('a query', () => {
  it.each([
    ['?limit=0', 'limit'],
    ['?limit=201', 'limit'],
    ['?limit=1e1', 'limit'],
    ['?limit=', 'limit'],
    ['?limit=5&limit=6', 'limit'],
    ['?cursor=nonsense', 'cursor'],
    ['?cursor=../../x', 'cursor'],
    ['?state=dead', 'state'],
    ['?organisation=acme', 'organisation'],
    ['?__proto__=x', '__proto__'],
    ['?constructor=x', 'constructor'],
  ])('%s is refused by the name of the parameter', async (query, field) => {
    const { status, json } = await api('GET', `/v1/keys${query}`)
    expect([status, json.errors?.[0]?.field]).toEqual([422, field])
  })
})

describe('an answer', () => {
  it('repeats a sane request id and replaces any other', async () => {
    const id = async (value: string) =>
      (await api('GET', '/v1/keys', { headers: { 'x-request-id': value } })).headers.get('x-request-id')
    expect(await id('order-7.a_B')).toBe('order-7.a_B')
    expect(await id('two words')).toMatch(/^req_/)
    expect(await id('x'.repeat(129))).toMatch(/^req_/)
  })

  it('to a problem is RFC 9457 with a stable code and the request id', async () => {
    const { json, headers } = await api('GET', '/v1/keys/key_x', { headers: { 'x-request-id': 'r1' } })
    expect(headers.get('content-type')).toBe('application/problem+json')
    expect(json).toEqual({
      type: 'urn:keywright:problem:not_found',
      title: expect.any(String),
      status: 404,
      code: 'not_found',
      detail: expect.any(String),
      requestId: 'r1',
    })
  })

  it('gives no other site leave to read it', async () => {
    const { headers } = await api('GET', '/v1/keys', { headers: { origin: 'https://evil.example' } })
    expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
  })
})
