import { type Issued, rotate } from '@keywright/core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { keywright } from '../support/command-line.ts'
import { type Api, controlApi } from '../support/control-api.ts'
import { startUpstream, type Upstream } from '../support/echo-upstream.ts'
import { serviceKey, startServer, type TestServer, tester } from '../support/start-server.ts'

let upstream: Upstream
let server: TestServer
let api: Api
let key: Issued
let rotated: Awaited<ReturnType<typeof rotate>>
let foreign: Issued
let foreignMachine: string

beforeAll(async () => {
  upstream = await startUpstream()
  server = await startServer({ contract: 'keywright', upstream: upstream.url })
  api = controlApi(server.control)
  key = await server.issue({ limits: [{ requests: 4, windowSeconds: 3600, per: 'key', kind: 'window' }] })
  foreign = await server.issueElsewhere()
  const body = { name: 'CI', permissions: ['manage'], organization: foreign.key.organization }
  foreignMachine = (await api('POST', '/v1/service-keys', { body })).json.credential

  for (let i = 0; i < 3; i++) await ask(key.credential, `/v1/things/${i}`)
  rotated = await rotate(server.lifecycle, tester, key.key.id, { graceSeconds: 3600 })
  await ask(rotated.credential, '/v1/things/9')
  await ask(rotated.credential, '/v1/things/9', { 'x-request-id': 'req_limited' })
  await ask(key.credential.replace(/.$/, '!'), '/v1/things/9', { 'x-request-id': 'req_stranger' })
  await ask(foreign.credential, '/v1/things/1')
})
afterAll(async () => {
  await server.stop()
  await upstream.stop()
})

async function ask(credential: string, path: string, headers: Record<string, string> = {}): Promise<number> {
  const all = { authorization: `Bearer ${credential}`, 'user-agent': 'shop/1.0', ...headers }
  const response = await fetch(server.edge + path, { headers: all })
  await response.text()
  return response.status
}

describe('GET /v1/usage', () => {
  it('counts by day and outcome unless it is asked otherwise', async () => {
    const { json } = await api('GET', `/v1/usage?key=${key.key.id}`)
    const at = `${new Date().toISOString().slice(0, 10)}T00:00:00.000Z`
    expect(json).toEqual({
      usage: [
        { at, outcome: 'allowed', reason: null, count: 4 },
        { at, outcome: 'denied', reason: 'rate_limited', count: 1 },
      ],
      nextCursor: null,
      dropped: 0,
    })
  })

  it('counts several keys at once, and none that the caller does not reach', async () => {
    const both = `key=${key.key.id},${foreign.key.id}&by=key`
    const countOf = async (query: string, credential?: string) => {
      const { json } = await api('GET', `/v1/usage?${query}`, credential === undefined ? {} : { credential })
      return json.usage.map((count: { key: string; count: number }) => [count.key, count.count]).sort()
    }
    const all = [
      [key.key.id, 5],
      [foreign.key.id, 1],
    ].sort()
    expect(await countOf(both)).toEqual(all)
    expect(await countOf(both, foreignMachine)).toEqual([[foreign.key.id, 1]])
    const tooMany = Array.from({ length: 201 }, () => key.key.id).join()
    expect((await api('GET', `/v1/usage?key=${tooMany}`)).status).toBe(422)
  })

  it('counts by whatever it is asked for, page by page', async () => {
    const path = '/v1/usage?organization=acme&interval=hour&by=version,route,outcome&limit=2'
    const first = (await api('GET', path)).json
    expect(first.usage).toMatchObject([
      { version: 1, route: '/v1/things/**', outcome: 'allowed', count: 3 },
      { version: 2, route: '/v1/things/**', outcome: 'allowed', count: 1 },
    ])
    const second = (await api('GET', `${path}&cursor=${first.nextCursor}`)).json
    expect(second.usage).toMatchObject([{ version: 2, reason: 'rate_limited', count: 1 }])
    expect(second.nextCursor).toBeNull()
  })

  it('can be narrowed by outcome, reason, time and how it was triggered', async () => {
    const sum = async (query: string) => {
      const { usage } = (await api('GET', `/v1/usage?organization=acme&${query}`)).json
      return usage.reduce((total: number, { count }: { count: number }) => total + count, 0)
    }
    expect(await sum('outcome=denied')).toBe(1)
    expect(await sum('outcome=allowed')).toBe(4)
    expect(await sum('reason=rate_limited')).toBe(1)
    expect(await sum('triggeredBy=api')).toBe(5)
    expect(await sum('triggeredBy=ui')).toBe(0)
    expect(await sum('until=2020-01-01T00:00:00Z')).toBe(0)
    expect(await sum('since=2020-01-01T00:00:00Z')).toBe(5)
  })

  it('reaches as far back as counts are kept by day, and 31 days by hour', async () => {
    const sum = async (interval: string) => {
      const path = `/v1/usage?organization=acme&since=2020-01-01T00:00:00Z&interval=${interval}`
      return (await api('GET', path)).json.usage.reduce(
        (total: number, { count }: { count: number }) => total + count,
        0,
      )
    }
    expect(await sum('hour')).toBe(5)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 500 * 86_400_000 })
    const sums = [await sum('day'), await sum('hour')]
    vi.useRealTimers()
    expect(sums).toEqual([5, 0])
  })

  it.each(['by=secret', 'interval=year', 'outcome=maybe', 'reason=none', 'since=yesterday', 'cursor=x', 'who=me'])(
    'says what is wrong with %s',
    async (query) => {
      const { status, json } = await api('GET', `/v1/usage?${query}`)
      expect([status, json.code, json.errors[0].field.split('.')[0]]).toEqual([
        422,
        'invalid_request',
        query.split('=')[0],
      ])
    },
  )
})

describe('GET /v1/decisions', () => {
  it('has the newest first, with what a person asks about a request', async () => {
    const { json } = await api('GET', `/v1/decisions?key=${key.key.id}`)
    expect(json.decisions).toHaveLength(5)
    expect(json.decisions[0]).toEqual({
      id: expect.stringMatching(/^dec_/),
      at: expect.any(String),
      outcome: 'denied',
      reason: 'rate_limited',
      key: key.key.id,
      version: 2,
      organization: 'acme',
      project: null,
      user: null,
      route: '/v1/things/**',
      method: 'GET',
      address: '127.0.0.1',
      userAgent: 'shop/1.0',
      triggeredBy: 'api',
      requestId: 'req_limited',
    })
  })

  it('shows strangers to the operator, and page after page each decision once', async () => {
    const seen: string[] = []
    let cursor = ''
    do {
      const { json } = await api('GET', `/v1/decisions?limit=3${cursor && `&cursor=${cursor}`}`)
      seen.push(...json.decisions.map(({ id }: { id: string }) => id))
      cursor = json.nextCursor ?? ''
    } while (cursor !== '')
    expect(new Set(seen).size).toBe(7)
    expect(seen).toHaveLength(7)
    const strangers = await api('GET', '/v1/decisions?reason=malformed_credential')
    expect(strangers.json.decisions).toMatchObject([{ requestId: 'req_stranger', key: null, organization: null }])
  })
})

describe('last use', () => {
  it('stands with each secret of a key, wherever the key is answered', async () => {
    const { json } = await api('GET', `/v1/keys/${key.key.id}`)
    const [old, current] = json.versions
    expect(Date.parse(old.lastUsedAt)).toBeLessThan(Date.parse(current.lastUsedAt))
    expect(json.lastUsedAt).toBe(current.lastUsedAt)
    const list = await api('GET', '/v1/keys?organization=acme')
    expect(list.json.keys[0]).toEqual(json)
    const changed = await api('PATCH', `/v1/keys/${key.key.id}`, { body: { name: 'renamed' } })
    expect(changed.json.versions).toEqual(json.versions)
  })

  it('is null for a key that nobody has used', async () => {
    const unused = await server.issue()
    const { json } = await api('GET', `/v1/keys/${unused.key.id}`)
    expect([json.lastUsedAt, json.versions[0].lastUsedAt]).toEqual([null, null])
  })
})

describe('GET /v1/keys/{key}/callers', () => {
  it('tells who still uses the old secret', async () => {
    const { json } = await api('GET', `/v1/keys/${key.key.id}/callers?version=1`)
    expect(json.callers).toEqual([
      {
        version: 1,
        route: '/v1/things/**',
        address: '127.0.0.1',
        userAgent: 'shop/1.0',
        allowed: 3,
        refused: 0,
        firstSeenAt: expect.any(String),
        lastSeenAt: expect.any(String),
      },
    ])
    const both = await api('GET', `/v1/keys/${key.key.id}/callers?limit=1`)
    expect(both.json.callers).toMatchObject([{ version: 2, allowed: 1, refused: 1 }])
    const next = await api('GET', `/v1/keys/${key.key.id}/callers?limit=1&cursor=${both.json.nextCursor}`)
    expect(next.json.callers).toMatchObject([{ version: 1 }])
    expect(next.json.nextCursor).toBeNull()
  })
})

describe('a machine bound to another organization', () => {
  const as = (path: string) => api('GET', path, { credential: foreignMachine })

  it('sees its own use and nobody else’s, not even strangers', async () => {
    const usage = (await as('/v1/usage?by=organization')).json.usage
    expect(usage).toMatchObject([{ organization: foreign.key.organization, count: 1 }])
    const { decisions } = (await as('/v1/decisions')).json
    expect(decisions).toMatchObject([{ key: foreign.key.id }])
    expect((await as(`/v1/usage?key=${key.key.id}`)).json.usage).toEqual([])
    expect((await as(`/v1/decisions?key=${key.key.id}`)).json.decisions).toEqual([])
  })

  it.each([
    () => '/v1/usage?organization=acme',
    () => '/v1/decisions?organization=acme',
    () => `/v1/keys/${key.key.id}/callers`,
  ])('finds nothing at %s', async (path) => {
    const { status, json } = await as(path())
    expect([status, json.code]).toEqual([404, 'not_found'])
  })
})

describe('the command line', () => {
  const run = (...args: string[]) =>
    keywright(args, { env: { KEYWRIGHT_URL: server.control, KEYWRIGHT_SERVICE_KEY: serviceKey } })

  it('prints what was counted', async () => {
    const { stdout, code } = await run('usage', '--key', key.key.id, '--by', 'version,outcome', '--since', '24h')
    expect(code).toBe(0)
    const lines = stdout.trim().split('\n')
    expect(lines.map((line) => line.split(/\s+/).slice(1))).toEqual([
      ['VERSION', 'OUTCOME', 'REASON', 'COUNT'],
      ['1', 'allowed', '–', '3'],
      ['2', 'allowed', '–', '1'],
      ['2', 'denied', 'rate_limited', '1'],
    ])
  })

  it('prints exactly what the API answered, with --json', async () => {
    for (const [args, path] of [
      [['usage', '--organization', 'acme', '--json'], '/v1/usage?organization=acme&interval=day&by=outcome&limit=50'],
      [['decisions', '--json', '--outcome', 'denied'], '/v1/decisions?outcome=denied&limit=50'],
      [['keys', 'callers', key.key.id, '--secret', '1', '--json'], `/v1/keys/${key.key.id}/callers?version=1&limit=50`],
    ] as const) {
      expect(JSON.parse((await run(...args)).stdout)).toEqual((await api('GET', path)).json)
    }
  })

  it('prints decisions and callers for people', async () => {
    expect((await run('decisions', '--key', key.key.id, '--reason', 'rate_limited')).stdout).toContain('req_limited')
    expect((await run('keys', 'callers', key.key.id)).stdout).toContain('shop/1.0')
    const unused = await server.issue()
    expect((await run('keys', 'callers', unused.key.id)).stderr).toContain('Nobody has used this key')
  })
})

describe('GET /v1/organizations/{organization}/month', () => {
  it('counts what requests cost, as the quota does and as a key is told', async () => {
    const { credential, key: own } = await server.issueElsewhere()
    const address = `/v1/organizations/${own.organization}`
    const month = async () => (await api('GET', `${address}/month`)).json
    expect(await month()).toEqual({ used: 0, quota: null, resetAt: expect.stringMatching(/-01T00:00:00\.000Z$/) })
    await api('PATCH', address, { body: { monthlyQuota: 1000 } })
    for (const cost of [700, 299, 2]) await api('POST', '/v1/verify', { body: { credential, cost } })
    const { used, quota, resetAt } = await month()
    expect([used, quota]).toEqual([999, 1000])
    expect((await api('GET', '/v1/whoami', { credential })).json.monthlyQuota).toEqual({
      requests: quota,
      remaining: quota - used,
      resetAt,
    })
  })
})
