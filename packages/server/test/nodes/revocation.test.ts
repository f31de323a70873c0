import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OwnPostgres, startPostgres } from '../support/postgres.ts'
import { startNode, type TestNode } from '../support/start-node.ts'

/** Let through, to an upstream that is not there. */
const letThrough = 404

let postgres: OwnPostgres
let nodes: TestNode[]
let a: TestNode
let b: TestNode
let c: TestNode

beforeAll(async () => {
  postgres = await startPostgres()
  const database = await postgres.createDatabase()
  nodes = await Promise.all([1, 2, 3].map(() => startNode(database)))
  ;[a, b, c] = nodes as [TestNode, TestNode, TestNode]
  await a.api('POST', '/v1/organizations', { body: { id: 'acme', name: 'Acme' } })
}, 60_000)
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop()))
  await postgres.stop()
})

async function makeKey(): Promise<{ id: string; credential: string }> {
  const { status, json } = await a.api('POST', '/v1/keys', { body: { organization: 'acme', name: 'test', limits: [] } })
  expect(status).toBe(201)
  return json
}

describe('three nodes on one database', () => {
  it('accept a key on each, from the moment it is made on one', async () => {
    const { credential } = await makeKey()
    expect(await Promise.all(nodes.map((node) => node.ask(credential)))).toEqual([letThrough, letThrough, letThrough])
  })

  it('say within how long every one of them refuses a revoked key', async () => {
    const { json } = await b.api('GET', '/v1/contract', { credential: null })
    expect(json.revocation).toEqual({ withinSeconds: 10 })
  })

  it('refuse a revoked key on every node once revoking it with wait=all was answered', async () => {
    const { id, credential } = await makeKey()
    await Promise.all(nodes.map((node) => node.ask(credential)))
    const { status, json } = await b.api('POST', `/v1/keys/${id}/revoke?wait=all`)
    expect(status).toBe(200)
    expect(await Promise.all(nodes.map((node) => node.ask(credential)))).toEqual([401, 401, 401])
    const receipt = await c.api('GET', `/v1/receipts/${json.receipt}`)
    expect(receipt.json).toMatchObject({ pending: [], complete: true })
    expect(receipt.json.appliedBy).toHaveLength(3)
  })

  it('refuse it on the node that made the change before that answers, and soon on the others', async () => {
    const { id, credential } = await makeKey()
    await Promise.all(nodes.map((node) => node.ask(credential)))
    await a.api('POST', `/v1/keys/${id}/revoke`)
    expect(await a.ask(credential)).toBe(401)
    while ((await b.ask(credential)) !== 401 || (await c.ask(credential)) !== 401) await sleep(10)
  })

  it('accept a service key on each, and on none once it is revoked', async () => {
    const made = await a.api('POST', '/v1/service-keys', { body: { name: 'machine', permissions: ['manage'] } })
    const { id, credential } = made.json
    for (const node of nodes) expect((await node.api('GET', '/v1/keys', { credential })).status).toBe(200)
    const { json } = await a.api('POST', `/v1/service-keys/${id}/revoke`)
    while (!(await a.api('GET', `/v1/receipts/${json.receipt}`)).json.complete) await sleep(10)
    for (const node of nodes) expect((await node.api('GET', '/v1/keys', { credential })).status).toBe(401)
  })

  it('keep one chain when all of them change keys at once', async () => {
    const make = async (node: TestNode) => {
      for (let i = 0; i < 15; i++) {
        const { json } = await node.api('POST', '/v1/keys', { body: { organization: 'acme', name: 'many' } })
        expect((await node.api('POST', `/v1/keys/${json.id}/rotate`)).status).toBe(200)
      }
    }
    await Promise.all(nodes.flatMap((node) => [make(node), make(node)]))
    const numbers: number[] = []
    let cursor: string | null = null
    do {
      const query: string = cursor === null ? '' : `&cursor=${cursor}`
      const { json } = await c.api('GET', `/v1/audit?limit=100${query}`)
      numbers.push(...json.events.map(({ number }: { number: number }) => number))
      cursor = json.nextCursor
    } while (cursor !== null)
    numbers.sort((x, y) => x - y)
    expect(numbers).toEqual(numbers.map((_, index) => index + 1))
  })

  it('make one organization of two that are asked for at once under the same name', async () => {
    const body = { id: 'contested', name: 'Contested' }
    const answers = await Promise.all(nodes.map((node) => node.api('POST', '/v1/organizations', { body })))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409])
  })

  it('carry out once what is sent to all of them with the same Idempotency-Key', async () => {
    const call = {
      body: { organization: 'acme', name: 'once', limits: [] },
      headers: { 'idempotency-key': 'the-same' },
    }
    const answers = await Promise.all(nodes.map((node) => node.api('POST', '/v1/keys', call)))
    const made = answers.filter(({ status }) => status === 201)
    expect(made.length).toBeGreaterThan(0)
    expect(new Set(made.map(({ json }) => json.id)).size).toBe(1)
    for (const { status } of answers) expect([201, 409]).toContain(status)
  })
})
