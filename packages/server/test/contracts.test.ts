import type { builtIn } from '@keywright/contracts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startUpstream, type Upstream } from './support/echo-upstream.ts'
import { startServer, type TestServer } from './support/start-server.ts'

interface Case {
  contract: keyof typeof builtIn
  /** The header that carries the credential. */
  header: (credential: string) => Record<string, string>
  path: string
  missing: { status: number; body: unknown }
  invalid: { status: number; body: unknown }
}

const bearer = (credential: string) => ({ authorization: `Bearer ${credential}` })
const xApiKey = (credential: string) => ({ 'X-Api-Key': credential })
const operateError = (message: string) => ({ success: false, error: { type: 'authentication_error', message } })
const hopxUnauthorized = {
  error: 'Unauthorized',
  code: 'AUTHENTICATION_REQUIRED',
  request_id: expect.stringMatching(/^req_/),
}

const cases: Case[] = [
  {
    contract: 'keywright',
    header: bearer,
    path: '/v1/things',
    missing: { status: 401, body: expect.objectContaining({ status: 401, code: 'missing_credential' }) },
    invalid: { status: 401, body: expect.objectContaining({ status: 401, code: 'invalid_credential' }) },
  },
  {
    contract: 'holocron',
    header: bearer,
    path: '/api/chat',
    missing: { status: 401, body: { error: 'unauthorized', message: expect.any(String) } },
    invalid: { status: 401, body: { error: 'unauthorized', message: expect.any(String) } },
  },
  {
    contract: 'holonomix',
    header: xApiKey,
    path: '/v1/list/default',
    missing: { status: 401, body: { detail: expect.any(String) } },
    invalid: { status: 401, body: { detail: expect.any(String) } },
  },
  {
    contract: 'hopx',
    header: xApiKey,
    path: '/v1/sandboxes',
    missing: { status: 401, body: hopxUnauthorized },
    invalid: { status: 401, body: hopxUnauthorized },
  },
  {
    contract: 'operate',
    header: xApiKey,
    path: '/v1/orders',
    missing: { status: 400, body: operateError('Missing API Key') },
    invalid: { status: 401, body: operateError('Invalid API Key') },
  },
  {
    contract: 'handinger',
    header: bearer,
    path: '/api/workers',
    missing: { status: 401, body: { error: expect.any(String) } },
    invalid: { status: 401, body: { error: expect.any(String) } },
  },
]

describe.each(cases)('behind the gateway, the contract $contract', ({ contract, header, path, missing, invalid }) => {
  let upstream: Upstream
  let server: TestServer

  beforeAll(async () => {
    upstream = await startUpstream()
    server = await startServer({ contract, upstream: upstream.url })
  })

  afterAll(async () => {
    await server.stop()
    await upstream.stop()
  })

  const get = (headers: Record<string, string>) => fetch(server.edge + path, { headers })

  it('lets a valid key through and tells the upstream who calls, but not the credential', async () => {
    const { key, credential } = await server.issue()
    const response = await get(header(credential))
    expect(response.status).toBe(200)
    expect(response.headers.get('x-request-id')).toMatch(/^req_/)
    expect(upstream.received.at(-1)).toMatchObject({ method: 'GET', url: path })
    expect(upstream.lastHeader('X-Key-Id')).toEqual([key.id])
    expect(upstream.lastHeader('X-Organization-Id')).toEqual(['acme'])
    expect(upstream.lastHeader('X-Triggered-By')).toEqual(['api'])
    expect(upstream.lastHeader('X-Request-Id')).toEqual([response.headers.get('x-request-id')])
    expect(JSON.stringify(upstream.received)).not.toContain(credential)
    await server.revoke(key.id)
  })

  it('refuses a request without a key', async () => {
    const response = await get({})
    expect(response.status).toBe(missing.status)
    expect(await response.json()).toEqual(missing.body)
    if (missing.status === 401) expect(response.headers.get('www-authenticate')).toBe(`Bearer realm="${contract}"`)
  })

  it('refuses malformed, unknown and revoked keys with the very same answer', async () => {
    const { key, credential } = await server.issue()
    await server.revoke(key.id)
    const { format } = server.lifecycle
    const unknown = format.mint({ environment: key.environment, kind: key.kind }).credential
    const answers = []
    for (const wrong of [credential, unknown, 'nonsense', `${credential}x`, credential.toUpperCase()]) {
      const response = await get({ ...header(wrong), 'x-request-id': 'the-same' })
      expect(response.status).toBe(invalid.status)
      const text = await response.text()
      const body = JSON.parse(text)
      expect({ ...body, ...('request_id' in body && { request_id: 'req_' }) }).toEqual(invalid.body)
      answers.push({ text, headers: [...response.headers].filter(([name]) => name !== 'date') })
    }
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
    expect(answers[0]?.headers).toContainEqual([
      'www-authenticate',
      `Bearer realm="${contract}", error="invalid_token"`,
    ])
  })

  it('answers HEAD as GET, without a body', async () => {
    const asGet = await get({ 'x-request-id': 'a' })
    const asHead = await fetch(server.edge + path, { method: 'HEAD', headers: { 'x-request-id': 'a' } })
    const perConnection = ['connection', 'date', 'keep-alive']
    const comparable = ({ headers }: Response) => [...headers].filter(([name]) => !perConnection.includes(name))
    expect(asHead.status).toBe(asGet.status)
    expect(comparable(asHead)).toEqual(comparable(asGet))
    expect(await asHead.text()).toBe('')
  })

  it('answers its health without a key', async () => {
    expect((await fetch(`${server.edge}/health`)).status).toBe(200)
  })

  it('repeats a sane request id and replaces any other', async () => {
    const idOf = async (id: string) => (await get({ 'x-request-id': id })).headers.get('x-request-id')
    expect(await idOf('Trace.1_a-b')).toBe('Trace.1_a-b')
    expect(await idOf('a'.repeat(128))).toBe('a'.repeat(128))
    expect(await idOf('a'.repeat(129))).toMatch(/^req_/)
    expect(await idOf('a b')).toMatch(/^req_/)
  })

  it('answers bad paths in its own words', async () => {
    const response = await fetch(`${server.edge}/v1/a%2fb`)
    expect(response.status).toBe(400)
    expect(await response.json()).toBeTypeOf('object')
  })
})
