import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { controlApi } from '../support/control-api.ts'
import { holdBody } from '../support/held-body.ts'
import { type Holonomix, startHolonomix } from '../support/holonomix.ts'
import { rawRequest } from '../support/raw-request.ts'
import { serviceKey } from '../support/start-server.ts'
import { bearer } from '../support/wire.ts'

let holonomix: Holonomix
let server: Holonomix['server']
let upstream: Holonomix['upstream']
let gate: Holonomix['gate']
let data: Holonomix['data']
let onboard: Holonomix['onboard']
let tenantOf: Holonomix['tenantOf']

beforeAll(async () => {
  holonomix = await startHolonomix()
  ;({ server, upstream, gate, data, onboard, tenantOf } = holonomix)
})
afterAll(() => holonomix.stop())

describe('the service key', () => {
  const routes = [
    ['POST', '/gate/onboard/create'],
    ['POST', '/gate/onboard/rotate-key'],
    ['POST', '/gate/onboard/add-namespace'],
    ['POST', '/gate/onboard/update-tier'],
    ['GET', '/gate/admin/tenants'],
    ['GET', '/gate/admin/usage'],
    ['GET', '/gate/admin/usage/acme'],
    ['GET', '/gate'],
    ['GET', '/gate/'],
    ['DELETE', '/gate/anything/below'],
    ['OPTIONS', '/gate/admin/tenants'],
  ] as const
  const invalid = [401, 'Bearer realm="holonomix", error="invalid_token"', { detail: 'Invalid service key' }]

  async function seen(method: string, path: string, headers: Record<string, string>) {
    const answer = await data(method, path, { headers, ...(method === 'POST' && { body: { tenant_id: 'acme' } }) })
    return [answer.status, answer.headers.get('www-authenticate'), answer.json]
  }

  it.each(routes)('is asked for by %s %s', async (method, path) => {
    const missing = { detail: 'Missing service key. Send it as Authorization: Bearer.' }
    const challenged = [401, 'Bearer realm="holonomix"', missing]
    const { key } = await onboard()
    expect(await seen(method, path, {})).toEqual(challenged)
    expect(await seen(method, path, { 'X-Api-Key': serviceKey })).toEqual(challenged)
    expect(await seen(method, path, { 'X-Api-Key': key })).toEqual(challenged)
    expect(await seen(method, path, { authorization: `Basic ${serviceKey}` })).toEqual(challenged)
    for (const wrong of [key, `${serviceKey}x`, serviceKey.slice(0, -1), serviceKey.toUpperCase(), 'kwc_nobody']) {
      expect(await seen(method, path, bearer(wrong))).toEqual(invalid)
    }
    expect(await seen(method, path, { ...bearer(key), 'X-Api-Key': serviceKey })).toEqual(invalid)
  })

  it('counts alone: X-Api-Key beside it is not looked at', async () => {
    const { status } = await gate('GET', '/gate/admin/tenants', { headers: { 'X-Api-Key': 'hx_live_nonsense' } })
    expect(status).toBe(200)
  })

  it.each(['bearer', 'BEARER', 'Bearer   '])('is read behind %s', async (scheme) => {
    const lines = [`Authorization: ${scheme} ${serviceKey}`]
    expect((await rawRequest(server.edge, { target: '/gate/admin/tenants', lines })).status).toBe(200)
  })

  it.each([
    ['twice', [`Authorization: Bearer ${serviceKey}`, `Authorization: Bearer ${serviceKey}`]],
    ['behind a tab', [`Authorization: Bearer\t${serviceKey}`]],
    ['with a space inside', [`Authorization: Bearer ${serviceKey.slice(0, 9)} ${serviceKey.slice(9)}`]],
    ['with a byte that is not ASCII', [`Authorization: Bearer ${serviceKey}\xe9`]],
    ['with 600 characters behind it', [`Authorization: Bearer ${serviceKey}${'x'.repeat(600)}`]],
    ['as nothing', ['Authorization: Bearer ']],
  ])('sent %s is invalid', async (_, lines) => {
    const { status, headers, body } = await rawRequest(server.edge, { target: '/gate/admin/tenants', lines })
    expect([status, headers['www-authenticate'], JSON.parse(body)]).toEqual(invalid)
  })

  it('is no credential on /v1, and never reaches the upstream', async () => {
    const count = upstream.received.length
    for (const headers of [bearer(serviceKey), { 'X-Api-Key': serviceKey }]) {
      const answer = await data('GET', '/v1/list/default', { headers })
      expect([answer.status, answer.json]).toEqual([401, { detail: 'Invalid API key' }])
    }
    expect(upstream.received).toHaveLength(count)
    const { key } = await onboard()
    await data('GET', '/v1/list/default', { headers: { 'X-Api-Key': key, ...bearer(serviceKey) } })
    expect(JSON.stringify(upstream.received.at(-1))).not.toContain(serviceKey)
  })

  it('may be one that was made, as long as it may manage the whole instance', async () => {
    const control = controlApi(server.control)
    const make = async (permissions: string[], organization?: string) => {
      const body = { name: 'Provisioning', permissions, ...(organization !== undefined && { organization }) }
      return (await control('POST', '/v1/service-keys', { body })).json
    }
    const may = await make(['manage'])
    expect((await seen('GET', '/gate/admin/tenants', bearer(may.credential)))[0]).toBe(200)
    const others = [await make(['verify', 'metrics']), await make(['manage'], 'acme')]
    for (const { credential } of others) {
      const forbidden = [403, null, { detail: 'This service key may not manage all tenants.' }]
      expect(await seen('GET', '/gate/admin/tenants', bearer(credential))).toEqual(forbidden)
    }
    await control('POST', `/v1/service-keys/${may.id}/revoke`)
    expect(await seen('GET', '/gate/admin/tenants', bearer(may.credential))).toEqual(invalid)
  })

  it('that is revoked before the body of its call is there makes no tenant', async () => {
    const control = controlApi(server.control)
    const { json } = await control('POST', '/v1/service-keys', { body: { name: 'Late', permissions: ['manage'] } })
    const lines = [`Authorization: Bearer ${json.credential}`]
    const held = await holdBody(server.edge, { target: '/gate/onboard/create', lines, body: { tenant_id: 'late' } })
    await control('POST', `/v1/service-keys/${json.id}/revoke`)
    const { status, text } = await held.send()
    expect([status, text.includes('Invalid service key')]).toEqual([401, true])
    expect(await tenantOf('late')).toBeUndefined()
  })
})

describe('a call that is malformed', () => {
  const routes = ['create', 'rotate-key', 'add-namespace', 'update-tier'].map((name) => `/gate/onboard/${name}`)

  it.each([
    ['no body', ''],
    ['no JSON', 'tenant_id=acme'],
    ['a list', '["acme"]'],
    ['text behind it', '{"tenant_id":"acme"} {}'],
    ['a trailing comma', '{"tenant_id":"acme",}'],
    ['a byte order mark', '\ufeff{"tenant_id":"acme"}'],
    ['the tenant twice', '{"tenant_id":"acme","tenant_id":"other"}'],
    ['the tenant twice, once escaped', '{"tenant_id":"acme","tenant_\\u0069d":"other"}'],
    ['no tenant', '{}'],
    ['null for a tenant', '{"tenant_id":null}'],
    ['a number for a tenant', '{"tenant_id":7}'],
    ['a member nobody knows', '{"tenant_id":"acme","plan":"pro","namespace":"a","active":true}'],
    ['__proto__', '{"tenant_id":"acme","plan":"pro","namespace":"a","__proto__":{}}'],
  ])('by %s is 400 on every route, and changes nothing', async (_, raw) => {
    for (const route of routes) {
      const answer = await gate('POST', route, { raw })
      expect([route, answer.status]).toEqual([route, 400])
      expect(answer.json).toEqual({ detail: expect.stringMatching(/\.$/) })
    }
    expect(await tenantOf('acme')).toMatchObject({ plan: 'starter', namespaces: ['default'] })
  })

  it('by bytes that are not UTF-8 is 400', async () => {
    const raw = Uint8Array.from(Buffer.from('{"tenant_id":"acme\xff"}', 'latin1'))
    expect((await gate('POST', '/gate/onboard/rotate-key', { raw })).status).toBe(400)
  })

  it.each(['', 'ACME', 'Acme', '-acme', '_acme', 'acme corp', 'acme/', 'acme.', 'ácme', 'a'.repeat(64), 'a\u0000'])(
    'by the name %j is 400, for a tenant and a namespace alike',
    async (name) => {
      for (const route of routes) {
        const more = { plan: 'pro', namespace: 'staging' }
        const fits = route.endsWith('create') || route.endsWith('tier') ? { plan: more.plan } : {}
        const rest = route.endsWith('namespace') ? { namespace: more.namespace } : fits
        expect((await gate('POST', route, { body: { tenant_id: name, ...rest } })).status).toBe(400)
      }
      const added = await gate('POST', '/gate/onboard/add-namespace', { body: { tenant_id: 'acme', namespace: name } })
      expect(added.status).toBe(400)
      const made = await gate('POST', '/gate/onboard/create', { body: { tenant_id: 'named', namespaces: [name] } })
      expect(made.status).toBe(400)
      expect(await tenantOf('named')).toBeUndefined()
    },
  )

  it.each([
    ['/gate/onboard/create', { tenant_id: 'x', plan: 'gold' }],
    ['/gate/onboard/create', { tenant_id: 'x', plan: 'constructor' }],
    ['/gate/onboard/create', { tenant_id: 'x', plan: ['pro'] }],
    ['/gate/onboard/create', { tenant_id: 'x', namespaces: 'default' }],
    ['/gate/onboard/create', { tenant_id: 'x', namespaces: [1] }],
    ['/gate/onboard/create', { tenant_id: 'x', email: 'nobody' }],
    ['/gate/onboard/create', { tenant_id: 'x', email: 'a@b\r\nBcc: c@d' }],
    ['/gate/onboard/update-tier', { tenant_id: 'acme', plan: 'gold' }],
    ['/gate/onboard/update-tier', { tenant_id: 'acme', plan: '' }],
    ['/gate/onboard/update-tier', { tenant_id: 'acme' }],
    ['/gate/onboard/add-namespace', { tenant_id: 'acme' }],
  ])('to %s with %j is 400', async (route, body) => {
    const { status, json } = await gate('POST', route, { body })
    expect([status, json]).toEqual([400, { detail: expect.any(String) }])
    expect(await tenantOf('x')).toBeUndefined()
  })

  it('by its size is 413', async () => {
    const raw = `{"tenant_id":"acme","email":"${'a'.repeat(64 * 1024)}"}`
    const answer = await gate('POST', '/gate/onboard/create', { raw })
    expect([answer.status, answer.json]).toEqual([413, { detail: expect.any(String) }])
  })
})

describe('a tenant that is not there', () => {
  it.each([
    ['POST', '/gate/onboard/rotate-key', {}],
    ['POST', '/gate/onboard/add-namespace', { namespace: 'staging' }],
    ['POST', '/gate/onboard/update-tier', { plan: 'pro' }],
  ])('is a 404 for %s %s', async (method, path, more) => {
    const { status, json } = await gate(method, path, { body: { tenant_id: 'nobody', ...more } })
    expect([status, json]).toEqual([404, { detail: "Tenant 'nobody' not found" }])
  })

  it('has no use', async () => {
    const { status, json } = await gate('GET', '/gate/admin/usage/nobody')
    expect([status, json]).toEqual([404, { detail: "Tenant 'nobody' not found" }])
    expect((await gate('GET', '/gate/admin/usage/Nobody')).status).toBe(400)
  })
})

describe('what is not in the table', () => {
  it.each([
    ['GET', '/gate'],
    ['GET', '/gate/'],
    ['GET', '/gate/admin'],
    ['GET', '/gate/admin/tenants/'],
    ['GET', '/gate/admin/tenants/acme'],
    ['GET', '/gate/admin/usage/acme/more'],
    ['GET', '/gate/Admin/tenants'],
    ['POST', '/gate/onboard'],
    ['POST', '/gate/onboard/create/'],
    ['GET', '/gate/onboard/create'],
    ['POST', '/gate/admin/tenants'],
    ['DELETE', '/gate/admin/tenants'],
    ['OPTIONS', '/gate/admin/tenants'],
  ])("is a 404 for whoever holds the service key, and never the upstream's: %s %s", async (method, path) => {
    const count = upstream.received.length
    const { status, json } = await gate(method, path)
    expect([status, json]).toEqual([404, { detail: expect.any(String) }])
    expect(upstream.received).toHaveLength(count)
  })

  it.each(['/GATE/admin/tenants', '/gate./admin/tenants', '/gatex', '/gate%20/admin/tenants'])(
    'is the same 404 for whoever holds a key: %s',
    async (path) => {
      const count = upstream.received.length
      const { key } = await onboard()
      expect((await data('GET', path, { headers: { 'X-Api-Key': key } })).status).toBe(404)
      expect((await data('GET', path, { headers: bearer(serviceKey) })).status).toBe(401)
      expect(upstream.received).toHaveLength(count)
    },
  )

  it('says which method there is', async () => {
    expect((await gate('GET', '/gate/onboard/create')).json).toEqual({ detail: 'There is no GET here. Use POST.' })
  })

  it('is reached by no WebSocket either', async () => {
    const count = upstream.received.length
    const handshake = ['Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==']
    const { key } = await onboard()
    const ask = (credential: string) =>
      rawRequest(server.edge, {
        target: '/gate/admin/tenants',
        lines: [`Authorization: Bearer ${credential}`, ...handshake, 'Connection: Upgrade'],
      })
    expect((await ask(key)).status).toBe(401)
    expect((await ask(serviceKey)).status).toBe(200)
    expect(upstream.received).toHaveLength(count)
  })
})

it('answers HEAD with the headers of GET and no body', async () => {
  const lines = [`Authorization: Bearer ${serviceKey}`, 'X-Request-Id: mine']
  const head = await rawRequest(server.edge, { method: 'HEAD', target: '/gate/admin/usage/acme', lines })
  const get = await rawRequest(server.edge, { target: '/gate/admin/usage/acme', lines })
  expect([head.status, head.body]).toEqual([200, ''])
  expect({ ...head.headers, date: '' }).toEqual({ ...get.headers, date: '' })
  expect(head.headers['x-request-id']).toBe('mine')
})

it('asks for a body only where one is needed, of whoever may send it', async () => {
  const send = (credential: string, target: string) =>
    rawRequest(server.edge, {
      method: 'POST',
      target,
      lines: [`Authorization: Bearer ${credential}`, 'Expect: 100-continue', 'Content-Length: 20'],
      body: '',
    })
  expect((await send('nobody', '/gate/onboard/create')).text).toMatch(/^HTTP\/1\.1 401 /)
  expect((await send(serviceKey, '/gate/onboard/unknown')).text).toMatch(/^HTTP\/1\.1 404 /)
  expect((await send(serviceKey, '/gate/onboard/create')).text).toMatch(/^HTTP\/1\.1 100 /)
})
