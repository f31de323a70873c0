import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Machine } from '../support/network/machine.ts'
import { layNetwork, type Network, over, type Wire } from '../support/network/network.ts'
import { type OwnPostgres, startPostgres } from '../support/postgres.ts'
import { startNode, type TestNode } from '../support/start-node.ts'

/** Let through, to an upstream that is not there. */
const letThrough = 404
const maxStalenessSeconds = 2

let network: Network
let postgres: OwnPostgres
let database: string
let beyond: Machine
let wire: Wire
const nodes: TestNode[] = []

beforeEach(async () => {
  network = await layNetwork()
  postgres = await startPostgres({}, network.machine())
  database = await postgres.createDatabase()
  beyond = network.machine()
  wire = await network.wire(beyond, postgres)
}, 60_000)
afterEach(async () => {
  await wire.mend()
  await Promise.all(nodes.splice(0).map((node) => node.stop()))
  await postgres.stop()
  await network.close()
}, 60_000)

/** The second one is on a machine whose way to the database is `wire`. */
async function startTwo(env: Record<string, string> = {}): Promise<[near: TestNode, far: TestNode]> {
  const settings = { KEYWRIGHT_MAX_STALENESS_SECONDS: String(maxStalenessSeconds), ...env }
  const far = startNode(over(database, wire), settings, beyond)
  const started = await Promise.all([startNode(database, settings), far])
  nodes.push(...started)
  await started[0].api('POST', '/v1/organizations', { body: { id: 'acme', name: 'Acme' } })
  return started
}

async function makeKey(node: TestNode): Promise<{ id: string; credential: string }> {
  const { status, json } = await node.api('POST', '/v1/keys', {
    body: { organization: 'acme', name: 'test', limits: [] },
  })
  expect(status).toBe(201)
  return json
}

/** Asks until the answer is none of these, and tells which. */
async function untilNot(statuses: number | readonly number[], node: TestNode, credential: string): Promise<number> {
  const passing = [statuses].flat()
  for (;;) {
    const answer = await node.ask(credential)
    if (!passing.includes(answer)) return answer
    await sleep(10)
  }
}

/** Every connection that listens, so that no hint arrives for a while. */
async function killListeners(): Promise<number> {
  const client = new Client({ connectionString: database })
  await client.connect()
  const { rowCount } = await client.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'keywright hints'`,
  )
  await client.end()
  return rowCount ?? 0
}

describe('a node', { timeout: 60_000 }, () => {
  it('learns of a revocation by polling where no hint arrives', async () => {
    const [near, far] = await startTwo()
    const { id, credential } = await makeKey(near)
    expect(await untilNot(503, far, credential)).toBe(letThrough)
    expect(await killListeners()).toBe(2)
    await near.api('POST', `/v1/keys/${id}/revoke`)
    expect(await untilNot([letThrough, 503], far, credential)).toBe(401)
  })

  it('answers 503 and never 401 once it was cut off for longer than it may be, and recovers by itself', async () => {
    const [near, far] = await startTwo()
    const { id, credential } = await makeKey(near)
    const other = await makeKey(near)
    for (const key of [credential, other.credential]) expect(await untilNot(503, far, key)).toBe(letThrough)
    await wire.cut()
    const { json } = await near.api('POST', `/v1/keys/${id}/revoke`)
    expect((await near.api('GET', `/v1/receipts/${json.receipt}`)).json).toMatchObject({ complete: false })
    expect(await untilNot(letThrough, far, other.credential)).toBe(503)
    const refusal = await fetch(`${far.edge}/x`, { headers: { authorization: `Bearer ${other.credential}` } })
    expect(Number(refusal.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await far.ask(credential)).toBe(503)
    expect((await fetch(`${far.control}/ready`)).status).toBe(503)
    await wire.mend()
    expect(await untilNot(503, far, other.credential)).toBe(letThrough)
    // A poll sent before the cut and answered after it renews the lease from when it was sent: within the bound.
    expect(await untilNot([503, letThrough], far, credential)).toBe(401)
  })

  it('is not waited for any more once it may accept nothing', async () => {
    const [near, far] = await startTwo()
    const { id, credential } = await makeKey(near)
    expect(await untilNot(503, far, credential)).toBe(letThrough)
    await wire.cut()
    const { status, json } = await near.api('POST', `/v1/keys/${id}/revoke?wait=all`)
    expect(status).toBe(200)
    expect(await far.ask(credential)).toBe(503)
    expect((await near.api('GET', `/v1/receipts/${json.receipt}`)).json).toMatchObject({ pending: [], complete: true })
  })

  it('completes receipts by having been killed, once its lease has run out', async () => {
    const [near, far] = await startTwo()
    const { id, credential } = await makeKey(near)
    expect(await untilNot(503, far, credential)).toBe(letThrough)
    far.child.kill('SIGKILL')
    const { status, json } = await near.api('POST', `/v1/keys/${id}/revoke?wait=all`)
    expect(status).toBe(200)
    const receipt = (await near.api('GET', `/v1/receipts/${json.receipt}`)).json
    expect(receipt).toMatchObject({ pending: [], complete: true })
    expect(receipt.appliedBy).toHaveLength(1)
  })

  it('goes on with the keys it knows where it was told to, and counts as pending', async () => {
    const [near, far] = await startTwo({ KEYWRIGHT_WHEN_STORE_UNAVAILABLE: 'keepServing(600)' })
    const { id, credential } = await makeKey(near)
    const unseen = await makeKey(near)
    // So that it is not in the middle of reading what it was told of the others.
    const { id: last } = await makeKey(near)
    await near.api('POST', `/v1/keys/${last}/revoke?wait=all`)
    expect(await untilNot(503, far, credential)).toBe(letThrough)
    await wire.cut()
    const { json } = await near.api('POST', `/v1/keys/${id}/revoke`)
    await sleep(maxStalenessSeconds * 1000 + 1500)
    expect(await far.ask(credential)).toBe(letThrough)
    expect(await far.ask(unseen.credential)).toBe(503)
    const receipt = await near.api('GET', `/v1/receipts/${json.receipt}`)
    expect(receipt.json.pending).toHaveLength(1)
    await wire.mend()
    // Told of the revocation, it reads the key, and cannot tell while its connections are only being made anew.
    expect(await untilNot([letThrough, 503], far, credential)).toBe(401)
  })

  it('that was stopped for a while refuses before it accepts anything', async () => {
    const [near, far] = await startTwo()
    const { id, credential } = await makeKey(near)
    expect(await untilNot(503, far, credential)).toBe(letThrough)
    far.child.kill('SIGSTOP')
    await near.api('POST', `/v1/keys/${id}/revoke?wait=all`)
    const asked = Array.from({ length: 20 }, () => far.ask(credential))
    await sleep(100)
    far.child.kill('SIGCONT')
    for (const status of await Promise.all(asked)) expect([401, 503]).toContain(status)
  })

  it('goes on after its database was killed, with every change that was acknowledged', async () => {
    const [near, far] = await startTwo()
    const { id, credential } = await makeKey(near)
    const kept = await makeKey(near)
    expect(await untilNot(503, far, credential)).toBe(letThrough)
    expect(await untilNot(503, far, kept.credential)).toBe(letThrough)
    const answers: { id: string; credential: string }[] = []
    const making = (async () => {
      for (;;) {
        const answer = await near.api('POST', '/v1/keys', { body: { organization: 'acme', name: 'test', limits: [] } })
        if (answer.status !== 201) return answer.status
        answers.push(answer.json)
      }
    })()
    await sleep(300)
    await near.api('POST', `/v1/keys/${id}/revoke`)
    await postgres.kill()
    expect(await making).toBe(503)
    expect([letThrough, 503]).toContain(await near.ask(kept.credential))
    await postgres.start()
    expect(await untilNot(503, near, kept.credential)).toBe(letThrough)
    // Until it hears of the revocation it may go on, within its lease; then never again.
    while ((await far.ask(credential)) !== 401) await sleep(10)
    for (let time = 0; time < 50; time++) expect([401, 503]).toContain(await far.ask(credential))
    for (const key of answers) expect(await untilNot(503, far, key.credential)).toBe(letThrough)
  })

  it('says what keeps it from letting anything through, also where its database was away before', async () => {
    const [a, b] = [`a:${'a'.repeat(40)}`, `b:${'b'.repeat(40)}`]
    const [near, far] = await startTwo({ KEYWRIGHT_PEPPERS: a })
    const { credential } = await makeKey(near)
    await wire.cut()
    while (!far.log().includes('the database is not heard')) await sleep(50)
    await near.stop()
    nodes.splice(nodes.indexOf(near), 1)
    const env = { KEYWRIGHT_PEPPERS: `${b},${a}`, KEYWRIGHT_MAX_STALENESS_SECONDS: String(maxStalenessSeconds) }
    let newest: TestNode | null = null
    while (newest === null) newest = await startNode(database, env).catch(() => null)
    nodes.push(newest)
    await wire.mend()
    while (!far.log().includes('makes keys under a pepper that was not given here')) await sleep(50)
    expect(await far.ask(credential)).toBe(503)
    expect(await untilNot(503, newest, credential)).toBe(letThrough)
  })

  it('starts before its database, and lets nothing through until that is there', async () => {
    const [near] = await startTwo()
    const { credential } = await makeKey(near)
    await postgres.kill()
    const early = await startNode(database, { KEYWRIGHT_SECRET: 'the-same-secret-on-every-node-of-the-tests' })
    nodes.push(early)
    expect(await early.ask(credential)).toBe(503)
    expect((await fetch(`${early.control}/ready`)).status).toBe(503)
    await postgres.start()
    expect(await untilNot(503, early, credential)).toBe(letThrough)
    expect(early.log()).toContain('start this again once the database is back')
  })
})
