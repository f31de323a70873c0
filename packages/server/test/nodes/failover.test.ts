import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Machine } from '../support/network/machine.ts'
import { layNetwork, type Network, over, type Wire } from '../support/network/network.ts'
import { layWire } from '../support/network/relayed-wire.ts'
import { type OwnPostgres, startPostgres } from '../support/postgres.ts'
import { startNode, type TestNode, verdictOf } from '../support/start-node.ts'

/** Let through, to an upstream that is not there. */
const letThrough = 404
const staleSeconds = 3

let network: Network
let primary: OwnPostgres
let standby: OwnPostgres
let wires: Wire[]
let nodes: TestNode[]
let database: string

beforeEach(async () => {
  network = await layNetwork()
  primary = await startPostgres({}, network.machine())
  database = await primary.createDatabase()
  const beside = network.machine()
  standby = await primary.startStandby(beside, await network.wire(beside, primary))
  const machines = [network.machine(), network.machine()]
  wires = await Promise.all(machines.map((machine) => network.wire(machine, primary)))
  const start = (machine: Machine, index: number) =>
    startNode(over(database, wires[index] as Wire), { KEYWRIGHT_MAX_STALENESS_SECONDS: String(staleSeconds) }, machine)
  nodes = await Promise.all(machines.map(start))
  await nodes[0]?.api('POST', '/v1/organizations', { body: { id: 'acme', name: 'Acme' } })
}, 120_000)
afterEach(async () => {
  await Promise.all(nodes.map((node) => node.stop()))
  await standby.stop()
  await primary.stop()
  await network.close()
}, 60_000)

async function makeKey(): Promise<{ id: string; credential: string }> {
  const [node] = nodes as [TestNode]
  const { status, json } = await node.api('POST', '/v1/keys', {
    body: { organization: 'acme', name: 'key', limits: [] },
  })
  expect(status).toBe(201)
  expect(await verdictOf(nodes[1] as TestNode, json.credential)).toBe(letThrough)
  return json
}

async function promote(): Promise<void> {
  await primary.kill()
  await standby.sql('select pg_promote()')
  for (const wire of wires) await wire.leadTo(standby)
}

/** From here on the standby is behind. */
async function cutOff(): Promise<void> {
  await standby.sql(`alter system set primary_conninfo = ''`)
  await standby.sql('select pg_reload_conf()')
  while ((await standby.sql('select from pg_stat_wal_receiver')).length > 0) await sleep(20)
}

/** Whatever else it is answered meanwhile, it is never told that it is not valid. */
async function untilLetThrough(credential: string, on = nodes): Promise<void> {
  for (const node of on) {
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

  it('a node that still reaches the primary it replaced stops by itself, and the other goes on', async () => {
    await primary.sql(`alter system set synchronous_standby_names = 'standby'`)
    await primary.sql('select pg_reload_conf()')
    const [kept, revoked] = [await makeKey(), await makeKey()]
    const [behind, ahead] = nodes as [TestNode, TestNode]
    await standby.sql('select pg_promote()')
    await wires[1]?.leadTo(standby)
    const revocation = { headers: { 'idempotency-key': 'revocation' } }
    while ((await ahead.api('POST', `/v1/keys/${revoked.id}/revoke`, revocation)).status !== 200) await sleep(50)
    const revokedAt = performance.now()
    let lateMs = 0
    for (let status = 0; status !== 503; await sleep(20)) {
      const askedAt = performance.now()
      status = await behind.ask(revoked.credential)
      if (status === letThrough) lateMs = askedAt - revokedAt
    }
    expect(lateMs).toBeLessThanOrEqual(staleSeconds * 1000)
    expect(await behind.ask(kept.credential)).toBe(503)
    await untilLetThrough(kept.credential, [ahead])
    await wires[0]?.leadTo(standby)
    await untilLetThrough(kept.credential)
    for (const node of nodes) while ((await node.ask(revoked.credential)) !== 401) await sleep(20)
  })

  it('a node leaves the primary it replaced, also where a proxy keeps the connections to it', async () => {
    await primary.sql(`alter system set synchronous_standby_names = 'standby'`)
    await primary.sql('select pg_reload_conf()')
    const proxy = await layWire({ address: primary.machine.address, port: primary.port })
    const settings = { KEYWRIGHT_MAX_STALENESS_SECONDS: String(staleSeconds) }
    const held = await startNode(over(database, proxy), settings)
    nodes.push(held)
    const before = await makeKey()
    expect(await verdictOf(held, before.credential)).toBe(letThrough)
    await standby.sql('select pg_promote()')
    proxy.leadNewTo({ address: standby.machine.address, port: standby.port })
    for (const wire of wires) await wire.leadTo(standby)
    await untilChangesAreTaken()
    const after = await makeKey()
    const { receipt } = (await (nodes[0] as TestNode).api('POST', `/v1/keys/${before.id}/revoke`)).json
    const appliedBy = async () => (await nodes[0]?.api('GET', `/v1/receipts/${receipt}`))?.json.appliedBy
    while ((await appliedBy()).length < nodes.length) await sleep(100)
    expect(await verdictOf(held, after.credential)).toBe(letThrough)
    expect(await verdictOf(held, before.credential)).toBe(401)
    await proxy.close()
  })

  it('a node forgets what it changed itself or read in the last moment, when the standby was behind', async () => {
    const [node, other] = nodes as [TestNode, TestNode]
    const kept = await makeKey()
    // Which the other node has not seen.
    const suspended = (await node.api('POST', '/v1/keys', { body: { organization: 'acme', name: 'key' } })).json
    await node.api('POST', `/v1/keys/${suspended.id}/suspend`)
    expect(await verdictOf(node, suspended.credential)).toBe(401)
    const [{ end } = {}] = await primary.sql('select pg_current_wal_lsn() as end')
    while (!(await standby.sql(`select pg_last_wal_receive_lsn() >= '${end}' as has`))[0]?.has) await sleep(20)
    await cutOff()
    // It is told of nothing any more, its own change included.
    const locked = new Client({ connectionString: database })
    locked.on('error', () => {})
    await locked.connect()
    await locked.query('begin; lock table kw_nodes in exclusive mode')
    expect((await node.api('POST', `/v1/keys/${suspended.id}/resume`)).status).toBe(200)
    expect([letThrough, 503]).toContain(await other.ask(suspended.credential))
    await promote()
    await untilLetThrough(kept.credential)
    await untilChangesAreTaken()
    expect((await node.api('POST', `/v1/keys/${kept.id}/revoke?wait=all`)).status).toBe(200)
    for (const each of nodes) expect(await verdictOf(each, suspended.credential)).toBe(401)
  })

  it('nodes forget what it does not know, when it was behind', async () => {
    const [kept, revoked] = [await makeKey(), await makeKey()]
    await cutOff()
    const [node] = nodes as [TestNode]
    expect((await node.api('POST', `/v1/keys/${revoked.id}/revoke?wait=all`)).status).toBe(200)
    await promote()
    await untilLetThrough(kept.credential)
    for (const each of nodes) while (!each.log().includes('all is read anew')) await sleep(20)
    // The revocation is gone with the primary: all nodes agree on what the database says, and can be told again.
    await untilLetThrough(revoked.credential)
    expect((await node.api('POST', `/v1/keys/${revoked.id}/revoke?wait=all`)).status).toBe(200)
    for (const each of nodes) expect(await verdictOf(each, revoked.credential)).toBe(401)
  })
})
