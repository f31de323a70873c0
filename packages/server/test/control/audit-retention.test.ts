import { type Change, createMemoryStore, verifyChain } from '@keywright/core'
import { someEvent } from '@keywright/core/testing'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startAuditRetention } from '../../src/audit/retention.ts'
import { type Api, controlApi } from '../support/control-api.ts'
import { testPostgres } from '../support/postgres.ts'
import { startServer, type TestServer } from '../support/start-server.ts'

const dayMs = 86_400_000

let server: TestServer
let api: Api
let pruned: Change[]

beforeAll(async () => {
  server = await startServer({ contract: 'keywright', env: { KEYWRIGHT_RETENTION: 'auditDays=30' } })
  api = controlApi(server.control)
  for (let i = 0; i < 600; i++) await server.issue({ name: `old ${i}` })
  pruned = await server.lifecycle.store.changes(0, 1000)
  await inDays(31)
})
afterAll(() => server.stop())

async function inDays(days: number): Promise<void> {
  const now = () => new Date(Date.now() + days * dayMs)
  await startAuditRetention({ store: server.lifecycle.store, now, days: 30, onError: () => {} }).run()
}

describe('an audit log that is kept for 30 days', () => {
  it('begins behind a checkpoint, from which its chain can be checked', async () => {
    const { json } = await api('GET', '/v1/audit?first=oldest&limit=200')
    const last = pruned.at(-1)
    expect(json.checkpoint).toMatchObject({ number: expect.any(Number), hash: expect.any(String) })
    expect(json.checkpoint.number).toBeGreaterThanOrEqual(last?.number ?? 0)
    const changes = json.events.map((event: { at: string }) => ({ ...event, at: new Date(event.at) }))
    expect(verifyChain(json.checkpoint, changes)).toEqual({ ok: true, head: await server.lifecycle.store.head() })
  })

  it('holds in an event of its own where it begins', async () => {
    const { json } = await api('GET', '/v1/audit?action=audit.pruned')
    const [event] = json.events
    expect(event.details).toEqual({ through: json.checkpoint.number, hash: json.checkpoint.hash })
    expect(event.actor).toMatchObject({ type: 'system', id: 'retention' })
  })

  it('is deleted from by whole days, so that it says so once a day at most', async () => {
    const before = await server.lifecycle.store.head()
    await inDays(31)
    expect(await server.lifecycle.store.head()).toEqual(before)
  })

  it('keeps everything else: keys work, and are changed and recorded as before', async () => {
    const { key } = await server.issue()
    await api('POST', `/v1/keys/${key.id}/suspend`)
    const { json } = await api('GET', `/v1/audit?key=${key.id}`)
    expect(json.events.map(({ action }: { action: string }) => action)).toEqual(['key.suspended', 'key.created'])
  })

  it('knows no receipt of what it has deleted, and tells followers to begin anew', async () => {
    const [first] = pruned
    expect((await api('GET', `/v1/receipts/${first?.number}.${first?.hash.slice(0, 16)}`)).status).toBe(404)
    const place = `after=${first?.number}&hash=${first?.hash}`
    const { json } = await api('GET', `/v1/changes?follower=f&maxStaleness=10&${place}`)
    expect(json).toMatchObject({ reset: true, ...(await server.lifecycle.store.head()) })
  })

  it('tells followers that have applied the last change before what has come since, and nothing else', async () => {
    const { number, hash } = await server.lifecycle.store.head()
    await inDays(62)
    expect((await server.lifecycle.store.checkpoint()).number).toBe(number)
    const { json } = await api('GET', `/v1/changes?follower=f&maxStaleness=10&after=${number}&hash=${hash}`)
    expect(json).toMatchObject({ reset: false, changes: [{ number: number + 1, action: 'audit.pruned' }] })
  })

  it('keeps nothing shorter than its days say', async () => {
    const before = await server.lifecycle.store.checkpoint()
    await inDays(29)
    expect(await server.lifecycle.store.checkpoint()).toEqual(before)
  })
})

it('an instance that is never up for long deletes what is due, too', async () => {
  const store = createMemoryStore()
  await store.transact(async (transaction) => transaction.record(someEvent({ at: new Date(0) })))
  vi.useFakeTimers()
  const retention = startAuditRetention({ store, now: () => new Date(), days: 30, onError: () => {} })
  await vi.advanceTimersByTimeAsync(60_000)
  retention.stop()
  vi.useRealTimers()
  expect((await store.checkpoint()).number).toBe(1)
})

it('a node whose clock is ahead deletes by that of the database', async () => {
  const now = Date.now()
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'], now: now - 40 * dayMs })
  const postgres = await testPostgres()
  const node = await startServer({
    contract: 'keywright',
    database: await postgres.createDatabase(),
    env: { KEYWRIGHT_RETENTION: 'auditDays=30' },
  })
  const { store } = node.lifecycle
  const due = await store.head()
  vi.setSystemTime(now)
  await node.issue()
  vi.setSystemTime(now + 40 * dayMs)
  vi.advanceTimersByTime(3_600_000)
  await vi.waitFor(async () => expect((await store.checkpoint()).number).toBeGreaterThan(0), 10_000)
  expect(await store.checkpoint()).toEqual(due)
  await node.stop()
  await postgres.stop()
  vi.useRealTimers()
}, 60_000)
