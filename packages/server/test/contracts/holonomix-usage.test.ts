import { monthOf } from '@keywright/core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { controlApi } from '../support/control-api.ts'
import { type Holonomix, startHolonomix } from '../support/holonomix.ts'

let holonomix: Holonomix
let gate: Holonomix['gate']
let data: Holonomix['data']
let onboard: Holonomix['onboard']
let list: Holonomix['list']

beforeAll(async () => {
  holonomix = await startHolonomix()
  ;({ gate, data, onboard, list } = holonomix)
})
afterAll(() => holonomix.stop())

const useOf = async (id: string) => (await gate('GET', `/gate/admin/usage/${id}`)).json
const period = () => monthOf(new Date()).name

it('of a tenant that has done nothing is nothing', async () => {
  const { id } = await onboard()
  expect(await useOf(id)).toEqual({
    tenant_id: id,
    period: period(),
    used: 0,
    monthly_quota: 1_000,
    utilization: 0,
    breakdown: {},
  })
})

it('counts what was let through, by route, as soon as it happened', async () => {
  const { id, key } = await onboard({ plan: 'builder' })
  const headers = { 'X-Api-Key': key }
  await Promise.all([list(key), list(key), list(key)])
  await data('GET', '/v1/get/default/my-key', { headers })
  await data('POST', '/v1/put', { headers, body: { key: 'a' } })
  expect((await list(key, 'staging')).status).toBe(403)
  expect((await list(`${key}x`)).status).toBe(401)
  expect(await useOf(id)).toEqual({
    tenant_id: id,
    period: period(),
    used: 5,
    monthly_quota: 50_000,
    utilization: 0.0001,
    breakdown: { '/v1/list/{namespace}/**': 3, '/v1/get/{namespace}/**': 1, '/v1/**': 1 },
  })
})

it('is measured against the quota that holds for the tenant, where there is one', async () => {
  const { id, key } = await onboard()
  const control = controlApi(holonomix.server.control)
  await control('PATCH', `/v1/organizations/${id}`, { body: { monthlyQuota: 4 } })
  await list(key)
  expect(await useOf(id)).toMatchObject({ used: 1, monthly_quota: 4, utilization: 0.25 })
  for (let i = 0; i < 5; i++) await list(key)
  expect(await useOf(id)).toMatchObject({ used: 4, monthly_quota: 4, utilization: 1 })
  await control('PATCH', `/v1/organizations/${id}`, { body: { monthlyQuota: null } })
  await gate('POST', '/gate/onboard/update-tier', { body: { tenant_id: id, plan: 'enterprise' } })
  expect(await useOf(id)).toMatchObject({ used: 4, monthly_quota: null, utilization: null })
})

it("survives a rotation of the key, and is nobody else's", async () => {
  const { id, key } = await onboard()
  const other = await onboard()
  await list(key)
  const { json } = await gate('POST', '/gate/onboard/rotate-key', { body: { tenant_id: id } })
  await list(json.api_key)
  expect([(await useOf(id)).used, (await useOf(other.id)).used]).toEqual([2, 0])
})

it('of all tenants is theirs, one by one', async () => {
  const { id, key } = await onboard()
  await list(key)
  const { status, json } = await gate('GET', '/gate/admin/usage')
  const { json: all } = await gate('GET', '/gate/admin/tenants')
  const idOf = ({ tenant_id }: { tenant_id: string }) => tenant_id
  expect(status).toBe(200)
  expect(json.usage.map(idOf)).toEqual(all.tenants.map(idOf))
  expect(json.usage.find((use: { tenant_id: string }) => use.tenant_id === id)).toEqual(await useOf(id))
})
