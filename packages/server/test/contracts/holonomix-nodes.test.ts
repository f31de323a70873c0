import { afterAll, beforeAll, expect, it } from 'vitest'
import { type TestPostgres, testPostgres } from '../support/postgres.ts'
import { startNode, type TestNode } from '../support/start-node.ts'
import { serviceKey } from '../support/start-server.ts'
import { bearer, type Wire, wireTo } from '../support/wire.ts'

let postgres: TestPostgres
let nodes: TestNode[]
/** Each asks the node whose turn it is. */
let gate: Wire
let data: Wire[]

beforeAll(async () => {
  postgres = await testPostgres()
  const database = await postgres.createDatabase()
  const env = { KEYWRIGHT_CONTRACT: 'holonomix', HX_GATE_ENGINE_SERVICE_KEY: serviceKey }
  nodes = await Promise.all([1, 2].map(() => startNode(database, env)))
  const gates = nodes.map(({ edge }) => wireTo(edge, bearer(serviceKey)))
  let turn = 0
  gate = (...request) => (gates[turn++ % gates.length] as Wire)(...request)
  data = nodes.map(({ edge }) => wireTo(edge))
}, 60_000)
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop()))
  await postgres.stop()
})

/** What each node makes of a key. It lets through to an upstream that is not there. */
const statuses = (key: string, namespace = 'default') =>
  Promise.all(
    data.map(async (ask) => (await ask('GET', `/v1/list/${namespace}`, { headers: { 'X-Api-Key': key } })).status),
  )

async function onboard(id: string): Promise<string> {
  const body = { tenant_id: id, plan: 'enterprise' }
  return (await gate('POST', '/gate/onboard/create', { body })).json.api_key
}

it('of tenants made at once on two nodes there is one, with one key', async () => {
  for (let round = 0; round < 5; round++) {
    const body = { tenant_id: `contested-${round}` }
    const answers = await Promise.all(Array.from({ length: 6 }, () => gate('POST', '/gate/onboard/create', { body })))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409])
    const made = answers.find(({ status }) => status === 201)
    expect(await statuses(made?.json.api_key)).toEqual([404, 404])
  }
})

it('of namespaces added at once on two nodes none is lost', async () => {
  await onboard('namespaced')
  const names = Array.from({ length: 20 }, (_, i) => `ns-${i}`)
  const add = (namespace: string) =>
    gate('POST', '/gate/onboard/add-namespace', { body: { tenant_id: 'namespaced', namespace } })
  for (const { status } of await Promise.all(names.map(add))) expect(status).toBe(200)
  const { json } = await gate('GET', '/gate/admin/tenants')
  const tenant = json.tenants.find(({ tenant_id }: { tenant_id: string }) => tenant_id === 'namespaced')
  expect(new Set(tenant.namespaces)).toEqual(new Set(['default', ...names]))
})

it('of keys rotated at once on two nodes one works, and every other is soon refused on both', async () => {
  const first = await onboard('rotated')
  const body = { tenant_id: 'rotated' }
  const answers = await Promise.all(Array.from({ length: 6 }, () => gate('POST', '/gate/onboard/rotate-key', { body })))
  const keys = [first, ...answers.map(({ json }) => json.api_key)]
  const works = (list: number[][]) => list.map(([a, b]) => `${a} ${b}`).toSorted()
  const one = ['401 401', '401 401', '401 401', '401 401', '401 401', '401 401', '404 404']
  await expect
    .poll(async () => works(await Promise.all(keys.map((key) => statuses(key)))), { timeout: 10_000 })
    .toEqual(one)
})
