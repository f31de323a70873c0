import {
  type Attempt,
  createOrganization,
  deleteOrganization,
  type Issued,
  revoke,
  rotate,
  updateOrganization,
} from '@keywright/core'
import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type TestPostgres, testPostgres } from '../support/postgres.ts'
import { tester } from '../support/start-server.ts'
import { type Node, type Recorded, startRecorded } from './recorded.ts'

const hour = { stepMs: 3_600_000, skip: 0, limit: 100 }
const day = { ...hour, stepMs: 86_400_000 }

let postgres: TestPostgres
beforeAll(async () => {
  postgres = await testPostgres()
})
afterAll(() => postgres.stop())

describe.each([
  { on: 'SQLite', database: async () => undefined },
  { on: 'PostgreSQL', database: () => postgres.createDatabase() },
])('on $on', ({ database }) => {
  let recorded: Recorded
  let node: Node
  let key: Issued
  beforeEach(async () => {
    const url = await database()
    recorded = await startRecorded(url === undefined ? {} : { database: url })
    node = recorded.node()
    key = await recorded.issue()
  })
  afterEach(() => recorded.close())

  async function use(on: Node, { credential }: { credential: string }, attempt: Attempt = {}) {
    const request = { method: 'GET', path: '/v1/items/7', ip: '192.0.2.1', ...attempt }
    return on.verifier.verify({
      headers: ['authorization', `Bearer ${credential}`, 'User-Agent', 'curl/8'],
      ...request,
    })
  }

  describe('counts', () => {
    it('are by key, secret version, verdict, route and hour', async () => {
      await use(node, key)
      await use(node, key, { path: '/v1/items/8/parts' })
      await use(node, key, { method: 'DELETE', permissions: ['items:purge'] })
      recorded.clock.nowMs += 3_600_000
      await use(node, key, { path: '/v1/orders/2026/7' })
      const by = ['key', 'version', 'verdict', 'route'] as const
      const about = { key: key.key.id, version: 1 }
      expect(await node.usage.counts({ ...hour, by })).toEqual([
        { ...about, at: new Date('2026-11-20T08:00Z'), verdict: 'allowed', route: '/v1/items/{item}/**', count: 3 },
        { ...about, at: new Date('2026-11-20T09:00Z'), verdict: 'allowed', route: '/v1/orders/**', count: 1 },
      ])
      expect(await node.usage.counts({ ...day, by: [] })).toEqual([{ at: new Date('2026-11-20'), count: 4 }])
    })

    it('tell the key of a refusal once its secret matched, and nobody before', async () => {
      await revoke(recorded.lifecycle, tester, key.key.id)
      await use(node, key)
      await use(node, { credential: 'kw_live_nonsense' })
      expect(await node.usage.counts({ ...hour, by: ['organization', 'key', 'verdict'] })).toMatchObject([
        { organization: null, key: null, verdict: 'malformed_credential', count: 1 },
        { organization: 'acme', key: key.key.id, verdict: 'revoked_key', count: 1 },
      ])
    })

    it('of two nodes on one database add up', async () => {
      const other = recorded.node()
      for (const on of [node, other, other]) await use(on, key)
      await Promise.all([node.usage.counts({ ...hour, by: [] }), other.usage.counts({ ...hour, by: [] })])
      await use(other, key)
      await other.usage.stop()
      expect(await node.usage.counts({ ...hour, by: ['key'] })).toMatchObject([{ key: key.key.id, count: 4 }])
      expect(await node.usage.month('acme', new Date(recorded.clock.nowMs))).toBe(4)
      expect(await node.usage.callers({ key: key.key.id })).toMatchObject([{ allowed: 4, refused: 0 }])
    })

    it('can be filtered by organization, project, key, verdict and time, and read page by page', async () => {
      const other = await recorded.issue('other')
      await use(node, key)
      await use(node, other)
      await use(node, other)
      recorded.clock.nowMs += 86_400_000
      await use(node, key)
      const countsOf = async (filter: object) =>
        (await node.usage.counts({ ...day, by: [], ...filter })).reduce((sum, { count }) => sum + count, 0)
      expect(await countsOf({})).toBe(4)
      expect(await countsOf({ organization: 'other' })).toBe(2)
      expect(await countsOf({ key: key.key.id })).toBe(2)
      expect(await countsOf({ project: 'prj_none' })).toBe(0)
      expect(await countsOf({ isAllowed: false })).toBe(0)
      expect(await countsOf({ since: new Date('2026-11-21') })).toBe(1)
      expect(await countsOf({ until: new Date('2026-11-21') })).toBe(3)
      const page = { ...day, by: ['key'] as const, limit: 1 }
      const [first] = await node.usage.counts(page)
      const [second] = await node.usage.counts({ ...page, skip: 1 })
      expect(first).not.toEqual(second)
    })
  })

  describe('who called', () => {
    it('is known for each secret version: who still uses the old one, from where, with what', async () => {
      const rotated = await rotate(recorded.lifecycle, tester, key.key.id, { graceSeconds: 3600 })
      await use(node, key, { ip: '192.0.2.7' })
      recorded.clock.nowMs += 1000
      await use(node, key, { ip: '192.0.2.7' })
      await use(node, rotated, { ip: '198.51.100.2' })
      recorded.clock.nowMs += 3_600_000
      await use(node, key, { ip: '192.0.2.7' })
      expect(await node.usage.callers({ key: key.key.id, version: 1 })).toEqual([
        {
          version: 1,
          route: '/v1/items/{item}/**',
          address: '192.0.2.7',
          userAgent: 'curl/8',
          allowed: 2,
          refused: 1,
          firstSeenAt: new Date('2026-11-20T08:30:00Z'),
          lastSeenAt: new Date('2026-11-20T09:30:01Z'),
        },
      ])
      expect(await node.usage.callers({ key: key.key.id })).toHaveLength(2)
    })

    it('says when each secret was last let in, which later news from a slower node does not undo', async () => {
      const slow = recorded.node()
      await use(slow, key)
      recorded.clock.nowMs += 5000
      await use(node, key)
      const later = { key: key.key.id, version: 1, at: new Date('2026-11-20T08:30:05Z') }
      expect(await node.usage.lastUses([key.key.id])).toEqual([later])
      expect(await slow.usage.lastUses([key.key.id])).toEqual([later])
    })

    it('never holds a credential, wherever the caller put one', async () => {
      const headers = (userAgent: string) => ['Authorization', `Bearer ${key.credential}`, 'User-Agent', userAgent]
      const firstSeenAt = new Date(recorded.clock.nowMs)
      await use(node, key, { headers: headers(`curl ${key.credential}`) })
      recorded.clock.nowMs += 1000
      const lastSeenAt = new Date(recorded.clock.nowMs)
      await use(node, key, { headers: headers(`curl ${(await recorded.issue()).credential}`) })
      await use(
        node,
        { credential: 'kw_live_' },
        { path: `/${key.credential}`, headers: ['User-Agent', key.credential] },
      )
      const told = [
        await node.usage.callers({ key: key.key.id }),
        await node.usage.decisions({ limit: 10 }),
        await node.usage.counts({ ...hour, by: ['route'] }),
      ]
      expect(JSON.stringify(told)).not.toContain(key.credential.slice(8))
      expect(told[0]).toMatchObject([{ userAgent: 'curl kw_live_[redacted]', allowed: 2, firstSeenAt, lastSeenAt }])
    })

    it('never holds a credential that reads like a word of the path', async () => {
      await use(node, key, { path: '/kw_live_onlyLettersInIt/x' })
      const told = [
        await node.usage.counts({ ...hour, by: ['route'] }),
        await node.usage.callers({ key: key.key.id }),
        await node.usage.decisions({ limit: 10 }),
      ]
      for (const records of told) expect(records).toMatchObject([{ route: '/kw_live_[redacted]/**' }])
    })
  })

  describe('decisions', () => {
    it('of an organization are gone with it, those in memory too', async () => {
      const other = await recorded.issue('other')
      await use(node, key)
      await use(node, key, { method: 'DELETE', permissions: ['items:purge'] })
      await use(node, other)
      await use(node, { credential: 'kw_live_nonsense' })
      await deleteOrganization(recorded.lifecycle, tester, 'acme')
      const decisions = await node.usage.decisions({ limit: 10 })
      expect(decisions.map(({ organization }) => organization).sort()).toEqual([null, 'other'])
    })

    it('are the latest of this node, and the refusals of all', async () => {
      const other = recorded.node()
      await use(node, key, { requestId: 'req_a' })
      recorded.clock.nowMs += 10
      await use(other, key, { requestId: 'req_b' })
      await revoke(recorded.lifecycle, tester, key.key.id)
      recorded.clock.nowMs += 10
      await use(other, key, { requestId: 'req_c' })
      await use(node, key, { requestId: 'req_d' })
      await other.usage.stop()
      const decisions = await node.usage.decisions({ limit: 10 })
      expect(decisions.map(({ requestId }) => requestId).sort()).toEqual(['req_a', 'req_c', 'req_d'])
      expect(decisions.at(-1)).toEqual({
        id: expect.stringMatching(/^dec_/),
        at: new Date('2026-11-20T08:30:00Z'),
        verdict: 'allowed',
        key: key.key.id,
        version: 1,
        organization: 'acme',
        project: null,
        user: null,
        route: '/v1/items/{item}/**',
        method: 'GET',
        address: '192.0.2.1',
        userAgent: 'curl/8',
        requestId: 'req_a',
      })
    })

    it('can be read page by page, each once', async () => {
      for (let i = 0; i < 7; i++) {
        if (i % 3 === 0) recorded.clock.nowMs += 1
        await use(node, i % 2 ? key : { credential: 'x' }, { requestId: `req_${i}` })
      }
      const seen: (string | null)[] = []
      let page = await node.usage.decisions({ limit: 2 })
      while (page.length > 0) {
        seen.push(...page.map(({ requestId }) => requestId))
        page = await node.usage.decisions({ limit: 2, before: page.at(-1) })
      }
      expect(seen).toEqual(['req_6', 'req_5', 'req_4', 'req_3', 'req_2', 'req_1', 'req_0'])
    })

    it('are kept of a request that was denied before its body was read', async () => {
      await node.verifier.authenticate({ credential: 'x', method: 'POST', path: '/v1/items' })
      await node.verifier.authenticate({ credential: key.credential, method: 'POST', path: '/v1/items' })
      await node.verifier.authenticate({ credential: 'x' })
      expect(await node.usage.decisions({ limit: 10 })).toMatchObject([
        { verdict: 'malformed_credential', method: 'POST' },
      ])
    })
  })

  describe('a quota of the month', () => {
    const agree = async (monthlyQuota: number) => {
      await updateOrganization(recorded.lifecycle, tester, 'acme', { monthlyQuota })
    }

    it('goes on where an earlier process stopped', async () => {
      await agree(3)
      await use(node, key)
      await use(node, key)
      await node.usage.stop()
      const next = recorded.node()
      expect(await use(next, key)).toMatchObject({ allowed: true })
      expect(await use(next, key)).toMatchObject({ reason: 'quota_exceeded' })
      recorded.clock.nowMs = Date.UTC(2026, 11, 1)
      expect(await use(next, key)).toMatchObject({ allowed: true })
      expect(await next.usage.month('acme', new Date(Date.UTC(2026, 10, 30)))).toBe(3)
      expect(await next.usage.month('acme', new Date(Date.UTC(2026, 11, 31)))).toBe(1)
    })

    it('is shared by all nodes, which learn of each other as they write', async () => {
      await agree(4)
      const other = recorded.node()
      for (const on of [node, other, node]) expect(await use(on, key)).toMatchObject({ allowed: true })
      await node.usage.month('acme', new Date())
      await other.usage.month('acme', new Date())
      expect(await use(other, key)).toMatchObject({ allowed: true })
      expect(await use(other, key)).toMatchObject({ reason: 'quota_exceeded' })
    })

    it('is gone with its organization, whose id nobody else can take', async () => {
      await agree(1)
      await use(node, key)
      await deleteOrganization(recorded.lifecycle, tester, 'acme')
      expect(await node.usage.counts({ ...hour, organization: 'acme', by: ['verdict'] })).toEqual([])
      const again = createOrganization(recorded.lifecycle, tester, { id: 'acme', name: 'Another' })
      await expect(again).rejects.toMatchObject({ code: 'conflict', field: 'id' })
    })
  })
})

it('a month that ends while a node writes about it, in vain, is counted in full', async () => {
  const database = await postgres.createDatabase()
  const recorded = await startRecorded({ database })
  const node = recorded.node()
  const { credential } = await recorded.issue()
  const use = async (times: number) => {
    for (let i = 0; i < times; i++) await node.verifier.verify({ credential })
  }
  const [november, december] = [new Date(Date.UTC(2026, 10, 30, 23)), new Date(Date.UTC(2026, 11, 1))]
  recorded.clock.nowMs = november.getTime()
  const other = new Client({ connectionString: database })
  await other.connect()
  await use(2)
  await other.query('begin; lock table kw_months')
  const writing = node.usage.month('acme', november)
  const failed = expect(writing).rejects.toThrow('terminating connection')
  const end = `select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`
  for (let hasWaited = false; !hasWaited; ) {
    const { rows } = await other.query(end.replace('pg_terminate_backend(pid)', 'pid'))
    hasWaited = rows.length > 0
  }
  await use(5)
  recorded.clock.nowMs = december.getTime()
  await use(1)
  await other.query(end)
  await failed
  await other.end()
  expect([await node.usage.month('acme', november), await node.usage.month('acme', december)]).toEqual([7, 1])
  await recorded.close()
})
