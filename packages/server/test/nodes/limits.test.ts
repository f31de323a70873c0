import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OwnPostgres, startPostgres } from '../support/postgres.ts'
import { startRedis } from '../support/redis.ts'
import { startNode, type TestNode } from '../support/start-node.ts'

/** Let through, to an upstream that is not there. */
const letThrough = 404

let postgres: OwnPostgres
let nodes: TestNode[]

beforeAll(async () => {
  postgres = await startPostgres()
  const database = await postgres.createDatabase()
  nodes = await Promise.all([1, 2, 3].map(() => startNode(database)))
  await nodes[0]?.api('POST', '/v1/organizations', { body: { id: 'acme', name: 'Acme' } })
}, 60_000)
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop()))
  await postgres.stop()
})

async function makeKey(requests: number, at = nodes[0]): Promise<string> {
  const limits = [{ requests, windowSeconds: 3600 }]
  const answer = await at?.api('POST', '/v1/keys', { body: { organization: 'acme', name: 'limited', limits } })
  expect(answer?.status).toBe(201)
  return answer?.json.credential
}

async function flood(credential: string, times: number, on = nodes): Promise<number> {
  const asking = on.map(async (node) => {
    let admitted = 0
    for (let count = 0; count < times; count++) {
      const status = await node.ask(credential)
      expect([letThrough, 429]).toContain(status)
      if (status === letThrough) admitted++
    }
    return admitted
  })
  return (await Promise.all(asking)).reduce((sum, count) => sum + count, 0)
}

/** On a machine that is very busy, answers come too late, and nodes count alone for a moment: a limit more at most. */
function limitsOf(some: readonly TestNode[]): number {
  return some.some((node) => node.log().includes('limits cannot be counted together')) ? 2 : 1
}

describe('a limit in Redis', { timeout: 60_000 }, () => {
  it('is exact across nodes that share nothing else than their database', async () => {
    const redis = await startRedis()
    const database = await postgres.createDatabase()
    const env = { KEYWRIGHT_REDIS_URL: redis.url }
    const counting = await Promise.all([1, 2].map(() => startNode(database, env)))
    const [first] = counting as [TestNode]
    await first.api('POST', '/v1/organizations', { body: { id: 'acme', name: 'Acme' } })
    const [credential, fresh] = [await makeKey(40, first), await makeKey(40, first)]
    const admitted = await flood(credential, 45, counting)
    expect(admitted).toBeGreaterThanOrEqual(40)
    expect(admitted).toBeLessThanOrEqual(40 * limitsOf(counting))
    redis.child.kill('SIGKILL')
    expect(await flood(fresh, 5, counting)).toBe(10)
    await Promise.all(counting.map((node) => node.stop()))
    await redis.stop()
  })
})

describe('a limit', { timeout: 60_000 }, () => {
  it('holds for three nodes together, and small ones to the last request', async () => {
    const admitted = await flood(await makeKey(10), 10)
    const limits = limitsOf(nodes)
    // Those that count alone admit 3 each, a third of it.
    expect(admitted).toBeGreaterThanOrEqual(limits > 1 ? 9 : 10)
    expect(admitted).toBeLessThanOrEqual(10 * limits)
  })

  it('is never exceeded by the shares that nodes hold of it, and hardly refused early', async () => {
    const admitted = await flood(await makeKey(200), 150)
    expect(admitted).toBeLessThanOrEqual(200 * limitsOf(nodes))
    expect(admitted).toBeGreaterThan(200 - 2 * (200 / 16))
  })

  it('is kept by each node for its part while the database is away', async () => {
    const credential = await makeKey(9)
    // So that no node is in the middle of reading what it was told of it, and forgets it.
    const last = await nodes[0]?.api('POST', '/v1/keys', { body: { organization: 'acme', name: 'last' } })
    await nodes[0]?.api('POST', `/v1/keys/${last?.json.id}/revoke?wait=all`)
    expect(await Promise.all(nodes.map((node) => node.ask(credential)))).toEqual([letThrough, letThrough, letThrough])
    await postgres.kill()
    const admitted = await flood(credential, 6)
    expect(admitted).toBeLessThanOrEqual(9)
    expect(admitted).toBeGreaterThan(0)
    await postgres.start()
  })
})
