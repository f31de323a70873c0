import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { layWire, type Wire } from '../support/cuttable-wire.ts'
import { type OwnPostgres, startPostgres } from '../support/postgres.ts'
import { startNode, type TestNode } from '../support/start-node.ts'

/** Let through, to an upstream that is not there. */
const letThrough = 404

let primary: OwnPostgres
let standby: OwnPostgres
let wire: Wire
let nodes: TestNode[]

beforeEach(async () => {
  primary = await startPostgres()
  const database = await primary.createDatabase()
  standby = await primary.startStandby()
  wire = await layWire(primary.port)
  const wired = Object.assign(new URL(database), { port: String(wire.port) }).href
  nodes = await Promise.all([1, 2].map(() => startNode(wired, { KEYWRIGHT_MAX_STALENESS_SECONDS: '3' })))
  await nodes[0]?.api('POST', '/v1/organizations', { body: { id: 'acme', name: 'Acme' } })
}, 120_000)
afterEach(async () => {
  await Promise.all(nodes.map((node) => node.stop()))
  await wire.close()
  await standby.stop()
  await primary.stop()
}, 60_000)

async function makeKey(): Promise<{ id: string; credential: string }> {
  const [node] = nodes as [TestNode]
  const { status, json } = await node.api('POST', '/v1/keys', {
    body: { organization: 'acme', name: 'key', limits: [] },
  })
  expect(status).toBe(201)
  expect(await nodes[1]?.ask(json.credential)).toBe(letThrough)
  return json
}

async function promote(): Promise<void> {
  await primary.kill()
  await standby.sql('select pg_promote()')
  wire.leadTo(standby.port)
}

/** Whatever else it is answered meanwhile, it is never told that it is not valid. */
async function untilLetThrough(credential: string): Promise<void> {
  for (const node of nodes) {
    for (let status = 0; status !== letThrough; await sleep(20)) {
      status = await node.ask(credential)
      expect([letThrough, 503]).toContain(status)
    }
  }
}

async function untilChangesAreTaken(): Promise<void> {
  const body = { organization: 'acme', name: 'after' }
  while ((await nodes[0]?.api('POST', '/v1/keys', { body }))?.status !== 201) await sleep(100)
}

describe('where a standby takes over', { timeout: 120_000 }, () => {
  it('nothing that was acknowledged is lost when it was synchronous', async () => {
    await primary.sql(`alter system set synchronous_standby_names = 'standby'`)
    await primary.sql('select pg_reload_conf()')
    const [kept, revoked] = [await makeKey(), await makeKey()]
    expect((await nodes[0]?.api('POST', `/v1/keys/${revoked.id}/revoke`))?.status).toBe(200)
    await promote()
    await untilLetThrough(kept.credential)
    // One that had not heard of it yet goes on within its lease, and no longer.
    for (const node of nodes) while ((await node.ask(revoked.credential)) !== 401) await sleep(20)
    await untilChangesAreTaken()
    await untilLetThrough(kept.credential)
    for (const node of nodes) expect(node.log()).not.toContain('all is read anew')
  })

  it('nodes that still reach the primary it replaced stop by themselves', async () => {
    await primary.sql(`alter system set synchronous_standby_names = 'standby'`)
    await primary.sql('select pg_reload_conf()')
    const { credential } = await makeKey()
    await standby.sql('select pg_promote()')
    for (const node of nodes) while ((await node.ask(credential)) !== 503) await sleep(50)
  })

  it('nodes forget what it does not know, when it was behind', async () => {
    const [kept, revoked] = [await makeKey(), await makeKey()]
    await standby.sql(`alter system set primary_conninfo = ''`)
    await standby.sql('select pg_reload_conf()')
    while ((await standby.sql('select from pg_stat_wal_receiver')).length > 0) await sleep(20)
    const [node] = nodes as [TestNode]
    expect((await node.api('POST', `/v1/keys/${revoked.id}/revoke?wait=all`)).status).toBe(200)
    await promote()
    await untilLetThrough(kept.credential)
    for (const each of nodes) while (!each.log().includes('all is read anew')) await sleep(20)
    // The revocation is gone with the primary: all nodes agree on what the database says, and can be told again.
    await untilLetThrough(revoked.credential)
    expect((await node.api('POST', `/v1/keys/${revoked.id}/revoke?wait=all`)).status).toBe(200)
    for (const each of nodes) expect(await each.ask(revoked.credential)).toBe(401)
  })
})
