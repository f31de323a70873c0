import { monthOf } from '@keywright/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { controlApi } from '../support/control-api.ts'
import { type Holonomix, startHolonomix } from '../support/holonomix.ts'
import { rawRequest } from '../support/raw-request.ts'
import { bearer } from '../support/wire.ts'

let holonomix: Holonomix
let server: Holonomix['server']
let upstream: Holonomix['upstream']
let gate: Holonomix['gate']
let data: Holonomix['data']
let onboard: Holonomix['onboard']
let list: Holonomix['list']
let unlimited: { id: string; key: string }

beforeAll(async () => {
  holonomix = await startHolonomix()
  ;({ server, upstream, gate, data, onboard, list } = holonomix)
  unlimited = await onboard({ plan: 'enterprise' })
})
afterAll(() => holonomix.stop())

const notPermitted = (namespace: string, id = unlimited.id) => ({
  detail: `Namespace '${namespace}' not permitted for tenant '${id}'`,
})

describe('a tenant key', () => {
  it('is taken in either header, and X-Api-Key alone counts where both are there', async () => {
    const { key } = unlimited
    const statuses = []
    for (const headers of [
      { 'X-Api-Key': key },
      bearer(key),
      { 'X-Api-Key': key, ...bearer('hx_live_wrong') },
      { 'X-Api-Key': 'hx_live_wrong', ...bearer(key) },
      { 'X-Api-Key': '', ...bearer(key) },
    ]) {
      statuses.push((await data('GET', '/v1/list/default', { headers })).status)
    }
    expect(statuses).toEqual([200, 200, 200, 401, 401])
  })

  it("of another tenant in X-Api-Key makes the call that tenant's", async () => {
    const other = await onboard()
    await data('GET', '/v1/list/default', { headers: { 'X-Api-Key': other.key, ...bearer(unlimited.key) } })
    expect(upstream.lastHeader('X-HX-Tenant')).toEqual([other.id])
  })

  it('is told to the upstream as X-HX-Tenant, whatever a caller says there', async () => {
    for (const name of ['X-HX-Tenant', 'x-hx-tenant', 'X_HX_Tenant', 'X-HX_TENANT']) {
      const answer = await data('GET', '/v1/list/default', {
        headers: { 'X-Api-Key': unlimited.key, [name]: 'somebody-else', 'X-Request-Id': 'mine' },
      })
      expect(answer.status).toBe(200)
      expect(upstream.lastHeader('X-HX-Tenant')).toEqual([unlimited.id])
      expect(upstream.lastHeader('X-Request-Id')).toEqual(['mine'])
    }
  })
})

describe('a namespace', () => {
  it.each([
    ['GET', '/v1/get/{ns}/my-key'],
    ['GET', '/v1/get/{ns}/deep/er/key'],
    ['GET', '/v1/list/{ns}'],
    ['HEAD', '/v1/list/{ns}'],
    ['DELETE', '/v1/delete/{ns}/my-key'],
  ])('is the one in the path of %s %s', async (method, path) => {
    const headers = { 'X-Api-Key': unlimited.key }
    expect((await data(method, path.replace('{ns}', 'default'), { headers })).status).toBe(200)
    const count = upstream.received.length
    const refused = await data(method, path.replace('{ns}', 'staging'), { headers })
    expect(refused.status).toBe(403)
    if (method !== 'HEAD') expect(refused.json).toEqual(notPermitted('staging'))
    for (const name of ['Default', 'DEFAULT', 'default.', '-default', 'default%20', `${'a'.repeat(64)}`]) {
      expect((await data(method, path.replace('{ns}', name), { headers })).status).toBe(400)
    }
    expect(upstream.received).toHaveLength(count)
  })

  it.each(['POST', 'PUT', 'PATCH'])('is the one in the body of %s, whatever its Content-Type', async (method) => {
    const send = (body: unknown, type: string) =>
      data(method, '/v1/put', { headers: { 'X-Api-Key': unlimited.key, 'content-type': type }, body })
    for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded', 'application/xml']) {
      const raw = { key: 'a', value: 1, namespace: 'default' }
      expect((await send(raw, type)).status).toBe(200)
      expect(upstream.received.at(-1)?.body).toBe(JSON.stringify(raw))
      expect((await send({ key: 'a' }, type)).status).toBe(200)
      const refused = await send({ ...raw, namespace: 'staging' }, type)
      expect([refused.status, refused.json]).toEqual([403, notPermitted('staging')])
      expect((await send({ ...raw, namespace: 'Staging' }, type)).status).toBe(400)
    }
  })

  it('named by neither is refused, and outside /v1 there is nothing', async () => {
    const headers = { 'X-Api-Key': unlimited.key }
    for (const [method, path] of [
      ['GET', '/v1'],
      ['GET', '/v1/query'],
      ['DELETE', '/v1/delete'],
      ['GET', '/v1/get'],
      ['GET', '/v1/get/'],
      ['OPTIONS', '/v1/query'],
    ]) {
      expect((await data(method ?? '', path ?? '', { headers })).status).toBe(403)
    }
    for (const path of ['/', '/v2/get/default/k', '/v1x/get/default/k', '/V1/get/default/k', '/metrics']) {
      const answer = await data('GET', path, { headers })
      expect([answer.status, answer.json]).toEqual([404, { detail: expect.any(String) }])
    }
  })

  it('no spelling of a path or body reaches another one than was checked', async () => {
    const seen = new Set<string>()
    const spellings = ['staging', '%73taging', 'STAGING', 'staging.', 'default/../staging', 'default%2f..%2fstaging']
    const more = ['default%252f..%252fstaging', './staging', '%2e/staging', '/staging', 'default%5c..%5cstaging']
    const prefixes = [
      '/v1/get/',
      '/v1//get/',
      '/v1/get./',
      '/v1/GET/',
      '/V1/get/',
      '/v1/./get/',
      '/v1/%67et/',
      '/v1/list/',
    ]
    for (const prefix of prefixes) {
      for (const spelling of [...spellings, ...more]) {
        for (const method of ['GET', 'POST', 'DELETE']) {
          const count = upstream.received.length
          const body = method === 'POST' ? '{"namespace":"default"}' : ''
          await rawRequest(server.edge, {
            method,
            target: `${prefix}${spelling}/k`,
            lines: [`X-Api-Key: ${unlimited.key}`, ...(body && [`Content-Length: ${body.length}`])],
            body,
          })
          if (upstream.received.length > count) seen.add(`${method} ${upstream.received.at(-1)?.url}`)
        }
      }
    }
    expect([...seen].filter((line) => /staging/i.test(line))).toEqual([])
  })
})

describe('the limit of a tenant', () => {
  const told = ({ headers }: { headers: Headers }) => [
    headers.get('x-ratelimit-limit'),
    headers.get('x-ratelimit-remaining'),
    headers.get('x-ratelimit-reset'),
  ]
  const unixSeconds = expect.stringMatching(/^\d{10}$/)

  it('is 10 requests in 60 s for a starter, told on every answer, and past it 429', async () => {
    const { id, key } = await onboard()
    for (let left = 9; left >= 0; left--) {
      const answer = await list(key)
      expect([answer.status, ...told(answer)]).toEqual([200, '10', String(left), unixSeconds])
      const refused = await list(key, 'staging')
      expect([refused.status, ...told(refused)]).toEqual([403, '10', String(left), unixSeconds])
    }
    const over = await list(key)
    const wait = over.headers.get('retry-after')
    expect([over.status, ...told(over)]).toEqual([429, '10', '0', unixSeconds])
    expect(Number(wait)).toBeGreaterThanOrEqual(1)
    expect(Number(wait)).toBeLessThanOrEqual(60)
    expect(over.json).toEqual({ detail: `Rate limit exceeded for tenant '${id}'. Retry after ${wait}s.` })
  })

  it('is told on what is refused as well, and on what the upstream cannot answer', async () => {
    const { key } = await onboard()
    const headers = { 'X-Api-Key': key }
    const refused = [
      await data('POST', '/v1/put', { headers, raw: 'no JSON' }),
      await data('POST', '/v1/put', { headers, raw: 'a'.repeat(1024 * 1024 + 1) }),
      await data('GET', '/v1/get/Default/k', { headers }),
      await data('GET', '/v1', { headers }),
      await data('GET', '/v2', { headers }),
    ]
    expect(refused.map((answer) => [answer.status, ...told(answer)])).toEqual(
      [400, 413, 400, 403, 404].map((status) => [status, '10', '10', unixSeconds]),
    )
  })

  it('outlives a rotation of its key, and ends with a larger plan', async () => {
    const { id, key } = await onboard()
    for (let i = 0; i < 10; i++) await list(key)
    const { json } = await gate('POST', '/gate/onboard/rotate-key', { body: { tenant_id: id } })
    expect((await list(json.api_key)).status).toBe(429)
    await gate('POST', '/gate/onboard/update-tier', { body: { tenant_id: id, plan: 'builder' } })
    expect((await list(json.api_key)).headers.get('x-ratelimit-limit')).toBe('100')
  })

  it('is not spent by /gate, by wrong keys or by other tenants', async () => {
    const { id, key } = await onboard()
    const other = await onboard()
    for (let i = 0; i < 12; i++) await list(other.key)
    await list(`${key}x`)
    await gate('GET', `/gate/admin/usage/${id}`)
    expect(told(await list(key))).toEqual(['10', '9', unixSeconds])
  })
})

describe('the quota of the month', () => {
  it('past it is 429 until the month ends in UTC', async () => {
    const { id, key } = await onboard()
    const control = controlApi(server.control)
    await control('PATCH', `/v1/organizations/${id}`, { body: { monthlyQuota: 2 } })
    expect([(await list(key)).status, (await list(key)).status]).toEqual([200, 200])
    const over = await list(key)
    expect([over.status, over.json]).toEqual([429, { detail: `Monthly quota exceeded for tenant '${id}'.` }])
    const wait = Number(over.headers.get('retry-after'))
    const left = (monthOf(new Date()).endMs - Date.now()) / 1000
    expect(wait).toBeGreaterThanOrEqual(Math.floor(left))
    expect(wait).toBeLessThanOrEqual(Math.ceil(left) + 60)
    await control('PATCH', `/v1/organizations/${id}`, { body: { monthlyQuota: null } })
    expect((await list(key)).status).toBe(200)
  })
})
