import { operate } from '@keywright/contracts'
import { createOrganization, issue, revoke, suspend } from '@keywright/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { controlApi } from '../support/control-api.ts'
import { type Holonomix, startHolonomix } from '../support/holonomix.ts'
import { serviceKey, startServer, tester } from '../support/start-server.ts'
import { bearer, wireTo } from '../support/wire.ts'

let holonomix: Holonomix
let server: Holonomix['server']
let upstream: Holonomix['upstream']
let gate: Holonomix['gate']
let onboard: Holonomix['onboard']
let list: Holonomix['list']
let tenantOf: Holonomix['tenantOf']

beforeAll(async () => {
  holonomix = await startHolonomix()
  ;({ server, upstream, gate, onboard, list, tenantOf } = holonomix)
})
afterAll(() => holonomix.stop())

describe('onboarding a tenant', () => {
  it('answers 201 with the key, once, and the terms of the starter plan', async () => {
    const answer = await gate('POST', '/gate/onboard/create', { body: { tenant_id: 'acme-corp' } })
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([201, 'no-store'])
    expect(answer.json).toEqual({
      tenant_id: 'acme-corp',
      api_key: expect.stringMatching(/^hx_live_[0-9A-Za-z]{49}$/),
      plan: 'starter',
      namespaces: ['default'],
      monthly_quota: 1_000,
      rate_limit: { requests: 10, window_s: 60 },
    })
    expect((await list(answer.json.api_key)).status).toBe(200)
    expect(upstream.lastHeader('X-HX-Tenant')).toEqual(['acme-corp'])
  })

  it.each([
    ['starter', 1_000, { requests: 10, window_s: 60 }],
    ['builder', 50_000, { requests: 100, window_s: 60 }],
    ['pro', 500_000, { requests: 1_000, window_s: 60 }],
    ['enterprise', null, null],
  ])('puts it on the plan %s', async (plan, quota, limit) => {
    const body = { tenant_id: `on-${plan}`, plan, namespaces: ['default', 'eu_1'], email: 'ops@example.com' }
    const { status, json } = await gate('POST', '/gate/onboard/create', { body })
    expect(status).toBe(201)
    expect(json).toMatchObject({ plan, monthly_quota: quota, rate_limit: limit, namespaces: ['default', 'eu_1'] })
    const { headers } = await list(json.api_key, 'eu_1')
    expect(headers.get('x-ratelimit-limit')).toBe(limit === null ? null : String(limit.requests))
  })

  it('takes null for what is left out', async () => {
    const body = { tenant_id: 'of-nulls', plan: null, namespaces: null, email: null }
    const { status, json } = await gate('POST', '/gate/onboard/create', { body })
    expect([status, json.plan, json.namespaces]).toEqual([201, 'starter', ['default']])
    expect((await gate('POST', '/gate/onboard/create', { body: { tenant_id: null } })).status).toBe(400)
  })

  it('refuses a tenant that is there with 409, and leaves its key as it is', async () => {
    const { id, key } = await onboard()
    const { status, json } = await gate('POST', '/gate/onboard/create', { body: { tenant_id: id } })
    expect([status, json]).toEqual([409, { detail: `Tenant '${id}' already exists` }])
    expect((await list(key)).status).toBe(200)
  })

  it('makes one of five that are asked for at once', async () => {
    const body = { tenant_id: 'contested' }
    const answers = await Promise.all(Array.from({ length: 5 }, () => gate('POST', '/gate/onboard/create', { body })))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409])
    const made = answers.find(({ status }) => status === 201)
    expect((await list(made?.json.api_key)).status).toBe(200)
  })

  it('makes nothing where the key cannot be made', async () => {
    const body = { tenant_id: 'half-made', namespaces: ['default', 'default'] }
    expect((await gate('POST', '/gate/onboard/create', { body })).status).toBe(400)
    expect(await tenantOf('half-made')).toBeUndefined()
    expect((await gate('POST', '/gate/onboard/create', { body: { tenant_id: 'half-made' } })).status).toBe(201)
  })

  it('shows the key in no other answer and in no log, and leaves a trace of who did it', async () => {
    const { id, key } = await onboard({ email: 'ops@example.com' })
    const control = controlApi(server.control)
    const keys = await control('GET', `/v1/keys?organization=${id}`)
    expect(keys.json.keys).toMatchObject([{ namespaces: null, metadata: { email: 'ops@example.com' } }])
    const audit = await control('GET', `/v1/audit?organization=${id}&first=oldest`)
    expect(audit.json.events).toMatchObject([
      { action: 'organization.created', actor: { type: 'service_key', id: 'configured', triggeredBy: 'api' } },
      { action: 'key.created', actor: { type: 'service_key', id: 'configured', triggeredBy: 'api' } },
    ])
    const seen = [keys.text, audit.text, (await gate('GET', '/gate/admin/tenants')).text, server.log()]
    for (const text of seen) expect(text).not.toContain(key)
  })
})

describe('rotating a key', () => {
  it('answers the new one, and the old one is invalid at once', async () => {
    const { id, key } = await onboard()
    const answer = await gate('POST', '/gate/onboard/rotate-key', { body: { tenant_id: id } })
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(answer.json).toEqual({ tenant_id: id, api_key: expect.stringMatching(/^hx_live_/) })
    expect((await list(key)).status).toBe(401)
    expect((await list(answer.json.api_key)).status).toBe(200)
  })

  it('asked for five times at once leaves exactly one that works', async () => {
    const { id, key } = await onboard()
    const body = { tenant_id: id }
    const rotate = () => gate('POST', '/gate/onboard/rotate-key', { body })
    const answers = await Promise.all(Array.from({ length: 5 }, rotate))
    const keys = [key, ...answers.map(({ json }) => json.api_key)]
    const statuses = await Promise.all(keys.map(async (each) => (await list(each)).status))
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    expect(statuses[0]).toBe(401)
  })

  it('gives a tenant whose key was revoked another', async () => {
    const { id, key } = await onboard()
    const { items } = await server.lifecycle.store.keys({ organization: id, limit: 1 })
    await revoke(server.lifecycle, tester, items[0]?.id ?? '')
    const { status, json } = await gate('POST', '/gate/onboard/rotate-key', { body: { tenant_id: id } })
    expect(status).toBe(200)
    expect([(await list(key)).status, (await list(json.api_key)).status]).toEqual([401, 200])
  })

  it('does not lift a suspension', async () => {
    const { id, key } = await onboard()
    const { items } = await server.lifecycle.store.keys({ organization: id, limit: 1 })
    await suspend(server.lifecycle, tester, items[0]?.id ?? '')
    const { status, json } = await gate('POST', '/gate/onboard/rotate-key', { body: { tenant_id: id } })
    expect([status, json.detail]).toEqual([409, expect.stringContaining('suspended')])
    expect((await list(key)).status).toBe(401)
  })
})

describe('adding a namespace', () => {
  it('opens it to the key that the tenant has', async () => {
    const { id, key } = await onboard()
    const refused = await list(key, 'staging')
    expect([refused.status, refused.json]).toEqual([
      403,
      { detail: `Namespace 'staging' not permitted for tenant '${id}'` },
    ])
    const add = () => gate('POST', '/gate/onboard/add-namespace', { body: { tenant_id: id, namespace: 'staging' } })
    const { status, json } = await add()
    expect([status, json]).toEqual([200, { tenant_id: id, namespaces: ['default', 'staging'] }])
    expect((await list(key, 'staging')).status).toBe(200)
    expect((await list(key, 'other')).status).toBe(403)
    expect((await add()).json).toEqual({ tenant_id: id, namespaces: ['default', 'staging'] })
  })

  it('twenty times at once loses none', async () => {
    const { id, key } = await onboard({ plan: 'enterprise' })
    const names = Array.from({ length: 20 }, (_, i) => `ns-${i}`)
    const add = (namespace: string) =>
      gate('POST', '/gate/onboard/add-namespace', { body: { tenant_id: id, namespace } })
    await Promise.all(names.map(add))
    const tenant = await tenantOf(id)
    expect(new Set(tenant?.namespaces as string[])).toEqual(new Set(['default', ...names]))
    for (const name of names) expect((await list(key, name)).status).toBe(200)
  })
})

describe('changing the plan', () => {
  it('answers the new plan, quota and rate limit, which hold at once', async () => {
    const { id, key } = await onboard()
    expect((await list(key)).headers.get('x-ratelimit-limit')).toBe('10')
    const { status, json } = await gate('POST', '/gate/onboard/update-tier', { body: { tenant_id: id, plan: 'pro' } })
    expect([status, json]).toEqual([
      200,
      { tenant_id: id, plan: 'pro', monthly_quota: 500_000, rate_limit: { requests: 1_000, window_s: 60 } },
    ])
    expect((await list(key)).headers.get('x-ratelimit-limit')).toBe('1000')
    expect((await tenantOf(id))?.plan).toBe('pro')
  })

  it('to enterprise lifts limit and quota, unless they are set', async () => {
    const { id, key } = await onboard()
    const change = () => gate('POST', '/gate/onboard/update-tier', { body: { tenant_id: id, plan: 'enterprise' } })
    expect((await change()).json).toMatchObject({ plan: 'enterprise', monthly_quota: null, rate_limit: null })
    expect((await list(key)).headers.has('x-ratelimit-limit')).toBe(false)

    const control = controlApi(server.control)
    const { json } = await control('GET', `/v1/keys?organization=${id}`)
    await control('PATCH', `/v1/organizations/${id}`, { body: { monthlyQuota: 5_000_000 } })
    await control('PATCH', `/v1/keys/${json.keys[0].id}`, { body: { limits: [{ requests: 7, windowSeconds: 30 }] } })
    expect((await change()).json).toMatchObject({
      monthly_quota: 5_000_000,
      rate_limit: { requests: 7, window_s: 30 },
    })
    expect((await list(key)).headers.get('x-ratelimit-limit')).toBe('7')
  })
})

it('keeps the namespaces of a tenant from before there were any, and lists them', async () => {
  const id = 'from-before'
  await createOrganization({ ...server.lifecycle, contract: operate }, tester, { id, name: id })
  const { credential } = await issue(server.lifecycle, tester, { organization: id, name: id })
  expect((await list(credential)).status).toBe(200)
  expect(await tenantOf(id)).toMatchObject({ namespaces: ['default'] })
  const body = { tenant_id: id, namespace: 'staging' }
  const { json } = await gate('POST', '/gate/onboard/add-namespace', { body })
  expect(json.namespaces).toEqual(['default', 'staging'])
  expect([(await list(credential)).status, (await list(credential, 'staging')).status]).toEqual([200, 200])
})

describe('the list of tenants', () => {
  it('tells plan, namespaces, when it was made and whether it is active', async () => {
    const { id, key } = await onboard({ plan: 'builder' })
    expect(await tenantOf(id)).toEqual({
      tenant_id: id,
      plan: 'builder',
      namespaces: ['default'],
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      active: true,
    })
    const control = controlApi(server.control)
    await control('PATCH', `/v1/organizations/${id}`, { body: { state: 'suspended' } })
    expect((await tenantOf(id))?.active).toBe(false)
    expect((await list(key)).status).toBe(401)
  })

  it('goes on behind its first thousand', async () => {
    const others = await startServer({ contract: 'holonomix' })
    const made = Array.from({ length: 1_001 }, (_, i) => `t-${String(i).padStart(4, '0')}`)
    for (const id of made) await createOrganization(others.lifecycle, tester, { id, name: id })
    const { json } = await wireTo(others.edge, bearer(serviceKey))('GET', '/gate/admin/tenants')
    expect(json.tenants.map((tenant: { tenant_id: string }) => tenant.tenant_id).toSorted()).toEqual(['acme', ...made])
    await others.stop()
  })
})
