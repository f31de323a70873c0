import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Role } from '@keywright/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { controlApi } from '../support/control-api.ts'
import { becomeOperator, type SignedUp, signUp, tokenOf } from '../support/people.ts'
import { startServer, type TestServer } from '../support/start-server.ts'

const contract = {
  name: 'mine',
  title: 'Mine',
  credential: { sources: [{ header: 'Authorization', scheme: 'Bearer' }] },
  key: {
    random: { alphabet: 'base62', length: 43 },
    checksum: true,
    forms: [{ prefix: 'my_live_', environment: 'live', kind: 'secret' }],
  },
  permissions: {
    offered: { 'tasks:read': 'Read tasks', 'tasks:write': 'Change tasks' },
    byMakersRole: { owner: ['*'], admin: ['tasks:read'], member: ['tasks:read'] },
  },
  routes: [{ path: '/api/{resource}/**', permission: { read: '{resource}:read', write: '{resource}:write' } }],
  plans: {
    usual: { limits: [{ requests: 100, windowSeconds: 60, per: 'key' }], monthlyQuota: null },
    small: { limits: [{ requests: 10, windowSeconds: 60, per: 'organization' }], monthlyQuota: 1000 },
  },
}

const folder = mkdtempSync(join(tmpdir(), 'keywright-test-'))
let server: TestServer
let operator: SignedUp
let owner: SignedUp
let admin: SignedUp

beforeAll(async () => {
  const file = join(folder, 'contract.json')
  writeFileSync(file, JSON.stringify(contract))
  server = await startServer({ contract: file })
  operator = await becomeOperator(server)
  await operator.browser.call('POST', '/v1/organizations', { id: 'tenant', name: 'Tenant', plan: 'usual' })
  const come = async (role: Role) => {
    const email = `${role}@example.com`
    const { json } = await operator.browser.call('POST', '/v1/organizations/tenant/invitations', { email, role })
    return signUp(server, { email, invitation: tokenOf(json.link) })
  }
  owner = await come('owner')
  admin = await come('admin')
})
afterAll(async () => {
  await server?.stop()
  rmSync(folder, { recursive: true })
})

async function keyOf({ browser }: SignedUp, rest: object = {}) {
  return browser.call('POST', '/v1/keys', { organization: 'tenant', name: 'a key', ...rest })
}

const perMinute = (requests: number) => ({ requests, windowSeconds: 60 })

describe('the limits that a customer lives under', () => {
  const lifted = [
    [],
    [perMinute(101)],
    [{ requests: 100, windowSeconds: 59 }],
    [{ ...perMinute(10), per: 'organization' }],
    [{ ...perMinute(100), kind: 'bucket' }],
  ]
  const kept = [[perMinute(100)], [perMinute(1)], [{ requests: 50, windowSeconds: 3600 }, perMinute(1_000_000)], null]

  it.each(lifted.map((limits) => [limits]))('are not lifted by their owner, to %j', async (limits) => {
    const made = await keyOf(owner, { limits })
    expect([made.status, made.json.errors?.[0].field]).toEqual([422, 'limits'])
    const { id } = (await keyOf(owner)).json
    const patched = await owner.browser.call('PATCH', `/v1/keys/${id}`, { limits })
    expect([patched.status, patched.json.errors?.[0].field]).toEqual([422, 'limits'])
    expect(patched.json.detail).toContain('100 requests in 60 seconds')
    const keys = [{ organization: 'tenant', name: 'in bulk', limits }]
    const { json } = await owner.browser.call('POST', '/v1/keys/bulk', { keys })
    expect(json.results).toMatchObject([{ row: 0, status: 'refused' }])
  })

  it.each(kept.map((limits) => [limits]))('can be made narrower by their owner, to %j', async (limits) => {
    const { id } = (await keyOf(owner)).json
    expect((await owner.browser.call('PATCH', `/v1/keys/${id}`, { limits })).status).toBe(200)
  })

  it('are those of the plan', async () => {
    await operator.browser.call('PATCH', '/v1/organizations/tenant', { plan: 'small' })
    expect((await keyOf(owner, { limits: [perMinute(100)] })).status).toBe(422)
    expect((await keyOf(owner, { limits: [{ ...perMinute(5), per: 'organization' }] })).status).toBe(201)
    await operator.browser.call('PATCH', '/v1/organizations/tenant', { plan: 'usual' })
  })

  it('go on counting beside narrower ones, whatever these are changed to', async () => {
    const api = controlApi(server.control)
    const change = (method: string, path: string, body: object) => api(method, path, { body })
    await change('POST', '/v1/organizations', { id: 'shared', name: 'Shared', plan: 'small' })
    const { json: offer } = await operator.browser.call('POST', '/v1/organizations/shared/invitations', {
      email: 'boss@example.com',
      role: 'owner',
    })
    const { browser } = await signUp(server, { email: 'boss@example.com', invitation: tokenOf(offer.link) })
    const perOrganization = (requests: number, windowSeconds: number) => ({
      limits: [{ requests, windowSeconds, per: 'organization' }],
    })
    const body = { organization: 'shared', name: 'one', ...perOrganization(10, 61) }
    const { id, credential } = (await browser.call('POST', '/v1/keys', body)).json
    const other = (await browser.call('POST', '/v1/keys', { organization: 'shared', name: 'other' })).json
    const through = async (secret: string) => {
      const verdict = await api('POST', '/v1/verify', { body: { credential: secret } })
      return verdict.json.allowed ? 1 : 0
    }
    let admitted = 0
    for (let i = 0; i < 4; i++) admitted += (await through(credential)) + (await through(other.credential))
    for (const [requests, windowSeconds] of [
      [9, 60],
      [8, 60],
      [10, 62],
      [10, 63],
    ] as const) {
      const patched = await browser.call('PATCH', `/v1/keys/${id}`, perOrganization(requests, windowSeconds))
      expect(patched.status).toBe(200)
      for (let i = 0; i < 3; i++) admitted += await through(credential)
    }
    expect(admitted).toBe(10)
    expect((await api('GET', `/v1/keys/${id}`)).json.limitsBeside).toBe(true)
    await change('PATCH', `/v1/keys/${id}`, perOrganization(10, 60))
    expect((await api('GET', `/v1/keys/${id}`)).json.limitsBeside).toBe(false)
  })

  it('are those of the smaller plan for keys that kept those of the larger', async () => {
    const { id, credential } = (await keyOf(owner, { limits: [perMinute(100)] })).json
    const free = (await keyOf(owner)).json
    const api = controlApi(server.control)
    await api('PATCH', `/v1/keys/${free.id}`, { body: { limits: [perMinute(100)] } })
    await operator.browser.call('PATCH', '/v1/organizations/tenant', { plan: 'small' })
    const admitted = async (secret: string) => {
      let count = 0
      for (let i = 0; i < 12; i++) {
        if ((await api('POST', '/v1/verify', { body: { credential: secret } })).json.allowed) count++
      }
      return count
    }
    expect(await admitted(credential)).toBe(10)
    // What others have granted takes the place of the plan's.
    expect(await admitted(free.credential)).toBe(12)
    await operator.browser.call('PATCH', '/v1/organizations/tenant', { plan: 'usual' })
    expect((await owner.browser.call('DELETE', `/v1/keys/${id}`)).status).toBe(200)
  })

  it('are lifted by machines and operators', async () => {
    const { id } = (await keyOf(owner)).json
    const api = controlApi(server.control)
    expect((await api('PATCH', `/v1/keys/${id}`, { body: { limits: [] } })).status).toBe(200)
    const wide = { limits: [perMinute(5000)] }
    expect((await operator.browser.call('PATCH', `/v1/keys/${id}`, wide)).json.limits).toMatchObject(wide.limits)
    // What others have granted stays while something else is changed.
    const renamed = await owner.browser.call('PATCH', `/v1/keys/${id}`, { name: 'renamed' })
    expect([renamed.status, renamed.json.limits]).toMatchObject([200, wide.limits])
  })
})

it('a key of an operator who is in the organization has the usual limits, and others where they are wanted', async () => {
  const invited = { email: operator.email, role: 'admin' }
  const { json } = await operator.browser.call('POST', '/v1/organizations/tenant/invitations', invited)
  await operator.browser.call('POST', '/api/auth/invitation/accept', { invitation: tokenOf(json.link) })
  const usual = await keyOf(operator)
  expect([usual.json.createdBy, usual.json.limits]).toEqual([operator.id, null])
  expect((await keyOf(operator, { limits: [perMinute(5000)] })).json.limits).toMatchObject([perMinute(5000)])
})

it.each([
  ['everything has no list, and goes where the contract rules no route', () => owner, null, true],
  ['less has no more than that, and stays where the contract rules', () => admin, ['tasks:read'], false],
] as const)('a key of who may do %s', async (_, maker, permissions, allowed) => {
  const { json: key } = await keyOf(maker())
  expect(key.permissions).toEqual(permissions)
  const { json } = await controlApi(server.control)('POST', '/v1/verify', {
    body: { credential: key.credential, method: 'GET', path: '/elsewhere' },
  })
  expect(json.allowed).toBe(allowed)
})

describe('the secret of a key that is as good as its maker', () => {
  it('is not given to somebody who may do less', async () => {
    const owners = (await keyOf(owner)).json
    const refused = await admin.browser.call('POST', `/v1/keys/${owners.id}/rotate`, {})
    expect([refused.status, refused.json.credential]).toEqual([422, undefined])
    const verdict = await controlApi(server.control)('POST', '/v1/verify', {
      body: { credential: owners.credential, method: 'POST', path: '/api/tasks/1' },
    })
    expect(verdict.json.allowed).toBe(true)
  })

  it('is given to who may do as much, and to the maker', async () => {
    const admins = (await keyOf(admin)).json
    expect((await owner.browser.call('POST', `/v1/keys/${admins.id}/rotate`, {})).status).toBe(200)
    expect((await admin.browser.call('POST', `/v1/keys/${admins.id}/rotate`, {})).status).toBe(200)
    const readers = (await keyOf(owner, { permissions: ['tasks:read'] })).json
    expect((await admin.browser.call('POST', `/v1/keys/${readers.id}/rotate`, {})).status).toBe(200)
  })
})

it('an organization is not shown again to who ran the instance once', async () => {
  const email = 'former@example.com'
  const { json } = await operator.browser.call('POST', '/v1/operators/invitations', { email })
  const former = await signUp(server, { email, invitation: tokenOf(json.link) })
  const make = () =>
    former.browser.call('POST', '/v1/organizations', { id: 'later', name: 'Later' }, { 'idempotency-key': 'once' })
  expect((await make()).status).toBe(201)
  expect((await operator.browser.call('DELETE', `/v1/operators/${former.id}`)).status).toBeLessThan(300)
  expect((await make()).status).toBe(403)
})

it('a project is not shown again to who was taken out of its organization', async () => {
  const email = 'leaver@example.com'
  const { json } = await operator.browser.call('POST', '/v1/organizations/tenant/invitations', { email, role: 'admin' })
  const leaver = await signUp(server, { email, invitation: tokenOf(json.link) })
  const make = () =>
    leaver.browser.call(
      'POST',
      '/v1/projects',
      { organization: 'tenant', name: 'Theirs' },
      { 'idempotency-key': 'once' },
    )
  expect([(await make()).status, (await make()).status]).toEqual([201, 201])
  await operator.browser.call('DELETE', `/v1/organizations/tenant/members/${leaver.id}`)
  expect((await make()).status).toBe(404)
})
