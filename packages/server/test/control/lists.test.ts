import { verifyChain } from '@keywright/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { verifyDescription } from '../../src/routes/verify/describe.ts'
import { type Api, controlApi } from '../support/control-api.ts'
import { serviceKey, startServer, type TestServer } from '../support/start-server.ts'

let server: TestServer
let api: Api

beforeAll(async () => {
  server = await startServer({ contract: 'keywright' })
  api = controlApi(server.control)
})
afterAll(() => server.stop())

describe('a list read page by page', () => {
  it('shows every key once, in order, while others are added', async () => {
    await api('POST', '/v1/organizations', { body: { id: 'paged', name: 'Paged' } })
    const make = async (name: string) =>
      (await api('POST', '/v1/keys', { body: { organization: 'paged', name } })).json.id as string
    const ids: string[] = []
    for (let i = 0; i < 7; i++) ids.push(await make(`k${i}`))

    const seen: string[] = []
    let cursor: string | null = null
    do {
      const next = cursor === null ? '' : `&cursor=${cursor}`
      const { json } = await api('GET', `/v1/keys?organization=paged&limit=3${next}`)
      expect(json.keys.length).toBeLessThanOrEqual(3)
      seen.push(...json.keys.map(({ id }: { id: string }) => id))
      cursor = json.nextCursor
      if (seen.length === 3) ids.push(await make('late'))
    } while (cursor !== null)
    expect(seen).toEqual(ids)
  })

  it('keeps its filter by state', async () => {
    const { key } = await server.issue({ name: 'to be suspended' })
    await api('POST', `/v1/keys/${key.id}/suspend`)
    const { json } = await api('GET', '/v1/keys?state=suspended')
    expect(json.keys.map(({ id }: { id: string }) => id)).toEqual([key.id])
  })
})

describe('a list of organizations', () => {
  const ids = async (query: string, credential: string = serviceKey) => {
    const { json } = await api('GET', `/v1/organizations?${query}`, { credential })
    return json.organizations.map(({ id }: { id: string }) => id)
  }

  beforeAll(async () => {
    for (const [id, name] of [
      ['north', 'Øster & Co'],
      ['south', 'Vester 50%'],
    ]) {
      await api('POST', '/v1/organizations', { body: { id, name } })
    }
  })

  it('is searched by a part of the name or the id, in any case', async () => {
    expect(await ids('q=STER')).toEqual(['north', 'south'])
    expect(await ids('q=%C3%B8ster')).toEqual(['north'])
    expect(await ids('q=Sout')).toEqual(['south'])
    expect(await ids('q=0%25')).toEqual(['south'])
    expect(await ids('q=nobody')).toEqual([])
    const { json } = await api('GET', '/v1/organizations?q=ster&limit=1')
    expect(json.organizations).toHaveLength(1)
    expect(await ids(`q=ster&cursor=${json.nextCursor}`)).toEqual(['south'])
  })

  it('finds nothing beyond the one organization of a service key', async () => {
    const body = { name: 'north alone', permissions: ['manage'], organization: 'north' }
    const { json } = await api('POST', '/v1/service-keys', { body })
    expect(await ids('q=ster', json.credential)).toEqual(['north'])
    expect(await ids('q=vester', json.credential)).toEqual([])
  })

  it('goes on behind the cursor for a service key of one organization, and from nothing else', async () => {
    const body = { name: 'north again', permissions: ['manage'], organization: 'north' }
    const { credential } = (await api('POST', '/v1/service-keys', { body })).json
    const behind = (id: string) => `cursor=${Buffer.from(id).toString('base64url')}`
    expect(await ids(behind('a'), credential)).toEqual(['north'])
    expect(await ids(behind('north'), credential)).toEqual([])
    const { status, json } = await api('GET', '/v1/organizations?cursor=!!!', { credential })
    expect([status, json.errors?.[0]?.field]).toEqual([422, 'cursor'])
  })
})

describe('a list of keys', () => {
  const names = async (query: string) => {
    const found: string[] = []
    let cursor: string | null = null
    do {
      const next: string = cursor === null ? '' : `&cursor=${cursor}`
      const { json } = await api('GET', `/v1/keys?organization=sorted&limit=2${query}${next}`)
      found.push(...json.keys.map(({ name }: { name: string }) => name))
      cursor = json.nextCursor
    } while (cursor !== null)
    return found
  }

  beforeAll(async () => {
    await api('POST', '/v1/organizations', { body: { id: 'sorted', name: 'Sorted' } })
    const expiries = {
      bravo: '2040-01-02',
      DELTA: null,
      alpha: '2040-01-03',
      charlie: '2040-01-01',
      Echo: null,
    }
    const made: Record<string, string> = {}
    for (const [name, day] of Object.entries(expiries)) {
      const body = { organization: 'sorted', name, ...(day && { expiresAt: `${day}T00:00:00Z` }) }
      made[name] = (await api('POST', '/v1/keys', { body })).json.credential
    }
    for (const name of ['charlie', 'alpha', 'DELTA']) {
      await api('POST', '/v1/verify', { body: { credential: made[name] } })
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  })

  it.each([
    ['', ['bravo', 'DELTA', 'alpha', 'charlie', 'Echo']],
    ['&direction=desc', ['Echo', 'charlie', 'alpha', 'DELTA', 'bravo']],
    ['&order=name', ['alpha', 'bravo', 'charlie', 'DELTA', 'Echo']],
    ['&order=name&direction=desc', ['Echo', 'DELTA', 'charlie', 'bravo', 'alpha']],
    ['&order=expires', ['charlie', 'bravo', 'alpha', 'DELTA', 'Echo']],
    ['&order=expires&direction=desc', ['Echo', 'DELTA', 'alpha', 'bravo', 'charlie']],
    ['&order=lastUsed', ['bravo', 'Echo', 'charlie', 'alpha', 'DELTA']],
    ['&order=lastUsed&direction=desc', ['DELTA', 'alpha', 'charlie', 'Echo', 'bravo']],
    ['&order=lastUsed&q=delta', ['DELTA']],
    ['&q=ELT', ['DELTA']],
    ['&q=kw_live', ['bravo', 'DELTA', 'alpha', 'charlie', 'Echo']],
    ['&q=nothing', []],
  ])('is answered as %j asks for it', async (query, expected) => {
    expect(await names(query)).toEqual(expected)
  })

  it('counts the last use of any secret of a key, which it shows once', async () => {
    const { json } = await api('GET', '/v1/keys?organization=sorted&order=lastUsed&direction=desc&limit=1')
    const [{ id }] = json.keys
    const rotated = await api('POST', `/v1/keys/${id}/rotate`, { body: { graceSeconds: 600 } })
    await api('POST', '/v1/verify', { body: { credential: rotated.json.credential } })
    expect(await names('&order=lastUsed&direction=desc')).toEqual(['DELTA', 'alpha', 'charlie', 'Echo', 'bravo'])
  })

  it('of all organizations finds a hint or the beginning of an id', async () => {
    const { key } = await server.issue({ name: 'needle' })
    const find = async (q: string) =>
      (await api('GET', `/v1/keys?q=${encodeURIComponent(q)}`)).json.keys.map(({ id }: { id: string }) => id)
    expect(await find(key.id)).toEqual([key.id])
    expect(await find(key.id.slice(0, 27))).toContain(key.id)
    expect(await find(key.versions[0]?.hint ?? '')).toContain(key.id)
  })

  it.each(['?q=needle', '?order=name', '?order=lastUsed', '?order=expires'])(
    'of all organizations is asked for with %s in vain',
    async (query) => {
      const { status, json } = await api('GET', `/v1/keys${query}`)
      expect([status, json.errors?.[0]?.field]).toEqual([422, 'organization'])
    },
  )

  const orders = ['created', 'name', 'lastUsed', 'expires']
  const pairs = orders.flatMap((first) => orders.filter((second) => second !== first).map((second) => [first, second]))
  it.each(pairs)('goes on in no other order than it began: %s, %s', async (first, second) => {
    const start = await api('GET', `/v1/keys?organization=sorted&limit=1&order=${first}`)
    const next = `/v1/keys?organization=sorted&order=${second}&cursor=${start.json.nextCursor}`
    expect((await api('GET', next)).json.errors?.[0]?.field).toBe('cursor')
  })

  it('goes on behind no place in another list', async () => {
    const { json } = await api('GET', '/v1/audit?limit=1')
    expect((await api('GET', `/v1/keys?cursor=${json.nextCursor}`)).json.errors?.[0]?.field).toBe('cursor')
  })

  it.each(['?q=', `?q=${'x'.repeat(101)}`, '?q=%00', '?q=a%0Ab'])('is not searched for %s', async (query) => {
    expect((await api('GET', `/v1/keys${query}`)).json.errors?.[0]?.field).toBe('q')
  })
})

describe('the audit log', () => {
  it('names who did what to what, from where, in which request', async () => {
    const headers = { 'x-request-id': 'audit-7' }
    const made = await api('POST', '/v1/keys', { body: { organization: 'acme', name: 'Audited' }, headers })
    const { json } = await api('GET', `/v1/audit?key=${made.json.id}`)
    expect(json.events).toMatchObject([
      {
        action: 'key.created',
        organization: 'acme',
        target: made.json.id,
        actor: {
          type: 'service_key',
          id: 'configured',
          triggeredBy: 'api',
          address: '127.0.0.1',
          requestId: 'audit-7',
        },
        details: { name: 'Audited' },
      },
    ])
  })

  it('is read newest first, or oldest first, a page at a time', async () => {
    const all = async (first: string) => {
      const numbers: number[] = []
      let cursor: string | null = null
      do {
        const next = cursor === null ? '' : `&cursor=${cursor}`
        const { json } = await api('GET', `/v1/audit?limit=4&first=${first}${next}`)
        numbers.push(...json.events.map((event: { number: number }) => event.number))
        cursor = json.nextCursor
      } while (cursor !== null)
      return numbers
    }
    const { number } = await server.lifecycle.store.head()
    const ascending = Array.from({ length: number }, (_, i) => i + 1)
    expect(await all('oldest')).toEqual(ascending)
    expect(await all('newest')).toEqual(ascending.toReversed())
  })

  it('is filtered by action, trigger and time', async () => {
    const list = async (query: string) => (await api('GET', `/v1/audit?${query}`)).json.events
    const actions = await list('action=key.suspended')
    expect(actions.length).toBeGreaterThan(0)
    expect(new Set(actions.map(({ action }: { action: string }) => action))).toEqual(new Set(['key.suspended']))
    expect(await list('triggeredBy=ui')).toEqual([])
    expect(await list('actor=nobody')).toEqual([])
    const actors = await list('actor=configured&organization=sorted')
    expect(actors.length).toBeGreaterThan(0)
    for (const { actor, organization } of actors) expect([actor.id, organization]).toEqual(['configured', 'sorted'])
    expect(await list('since=2999-01-01T00:00:00Z')).toEqual([])
    expect(await list('until=2000-01-01T00:00:00Z')).toEqual([])
  })

  it('holds everything its hashes were made of', async () => {
    const { json } = await api('GET', '/v1/audit?first=oldest&limit=200')
    const changes = json.events.map((event: { at: string }) => ({ ...event, at: new Date(event.at) }))
    expect(verifyChain({ number: 0, hash: '0'.repeat(64) }, changes)).toMatchObject({ ok: true })
    changes[1].details = { name: 'altered' }
    expect(verifyChain({ number: 0, hash: '0'.repeat(64) }, changes)).toEqual({ ok: false, number: 2 })
  })
})

describe('a receipt', () => {
  it('tells which nodes have applied the change', async () => {
    const { key } = await server.issue()
    const { receipt } = (await api('POST', `/v1/keys/${key.id}/suspend`)).json
    const { json } = await api('GET', `/v1/receipts/${receipt}`)
    expect(json).toMatchObject({ receipt, pending: [], complete: true })
    expect(json.appliedBy).toHaveLength(1)
    const event = (await api('GET', `/v1/audit?key=${key.id}`)).json.events[0]
    expect(json.change).toBe(event.number)
  })

  it.each(['1.0000000000000000', '1', '0.0000000000000000', '999999.9f86d081884c7d65', 'x', '1.zz'])(
    '%s that was never given is 404',
    async (receipt) => {
      expect((await api('GET', `/v1/receipts/${receipt}`)).status).toBe(404)
    },
  )
})

describe('the verify endpoint', () => {
  it('answers what the OpenAPI document says', async () => {
    const { schema } = verifyDescription.answer
    const { key, credential } = await server.issue({
      limits: [{ requests: 5, windowSeconds: 60, per: 'key', kind: 'window' }],
    })
    const allowed = await api('POST', '/v1/verify', { body: { credential } })
    await server.revoke(key.id)
    const denied = await api('POST', '/v1/verify', { body: { credential } })
    expect([allowed.json.allowed, denied.json.allowed]).toEqual([true, false])
    for (const { json } of [allowed, denied]) expect(schema.safeParse(json)).toMatchObject({ success: true })
  })
})

describe('whoami', () => {
  it('tells a service key its permissions', async () => {
    const made = await api('POST', '/v1/service-keys', { body: { name: 'CI', permissions: ['verify'] } })
    const { json } = await api('GET', '/v1/whoami', { credential: made.json.credential })
    expect(json).toEqual({
      type: 'service_key',
      id: made.json.id,
      name: 'CI',
      permissions: ['verify'],
      organization: null,
    })
  })

  it('tells an API key about itself, and when its rotated secret ends', async () => {
    const { key, credential } = await server.issue({ name: 'Mine', permissions: [] })
    const rotated = await api('POST', `/v1/keys/${key.id}/rotate`, { body: { graceSeconds: 600 } })
    const { json } = await api('GET', '/v1/whoami', { credential })
    expect(json).toMatchObject({ type: 'api_key', id: key.id, name: 'Mine', organization: 'acme', permissions: [] })
    expect(json.retiresAt).toBe(rotated.json.retiring[0].retiresAt)
    const current = await api('GET', '/v1/whoami', { credential: rotated.json.credential })
    expect(current.json.retiresAt).toBeNull()
  })

  it('tells an API key what is left of its limits, its permissions and its expiry, and spends nothing', async () => {
    const { credential } = await server.issue({
      permissions: ['reports:read'],
      expiresAt: new Date('2040-01-01T00:00:00Z'),
      limits: [{ requests: 5, windowSeconds: 3600, per: 'key', kind: 'window' }],
    })
    for (let i = 0; i < 2; i++) await api('POST', '/v1/verify', { body: { credential } })
    for (let i = 0; i < 7; i++) {
      const { json } = await api('GET', '/v1/whoami', { credential })
      expect(json).toMatchObject({
        permissions: ['reports:read'],
        expiresAt: '2040-01-01T00:00:00.000Z',
        limits: [{ requests: 5, windowSeconds: 3600, per: 'key', kind: 'window', remaining: 3 }],
      })
    }
  })

  it('tells an API key what its organization has left of the month, and spends nothing of it', async () => {
    const { credential } = await server.issue()
    const own = async () => (await api('GET', '/v1/whoami', { credential })).json.monthlyQuota
    expect(await own()).toBeNull()
    await api('PATCH', '/v1/organizations/acme', { body: { monthlyQuota: 1_000_000 } })
    const before = await own()
    await api('POST', '/v1/verify', { body: { credential, cost: 5 } })
    const after = await own()
    expect(after).toEqual({ requests: 1_000_000, remaining: before.remaining - 5, resetAt: before.resetAt })
    expect(new Date(after.resetAt).toISOString()).toMatch(/-01T00:00:00\.000Z$/)
    await api('PATCH', '/v1/organizations/acme', { body: { monthlyQuota: 1 } })
    expect((await own()).remaining).toBe(0)
    await api('PATCH', '/v1/organizations/acme', { body: { monthlyQuota: null } })
  })

  it('takes an API key where its contract puts it', async () => {
    const other = await startServer({ contract: 'operate' })
    const { key, credential } = await other.issue()
    const call = controlApi(other.control)
    const { json } = await call('GET', '/v1/whoami', { credential: null, headers: { 'x-api-key': credential } })
    expect(json.id).toBe(key.id)
    await other.stop()
  })

  it('refuses an unknown, a suspended and a revoked key alike', async () => {
    const { key, credential } = await server.issue()
    const stranger = await server.issue()
    await server.revoke(stranger.key.id)
    await api('POST', `/v1/keys/${key.id}/suspend`)
    const ask = async (value: string) => {
      const { status, json } = await api('GET', '/v1/whoami', { credential: value, headers: { 'x-request-id': 'r' } })
      return { status, json }
    }
    const answers = [await ask(credential), await ask(stranger.credential), await ask('garbage')]
    expect(answers[0]).toMatchObject({ status: 401, json: { code: 'invalid_credential' } })
    expect(answers[1]).toEqual(answers[0])
    expect(answers[2]).toEqual(answers[0])
  })

  it('without any credential asks for one', async () => {
    const { status, json } = await api('GET', '/v1/whoami', { credential: null })
    expect([status, json.code]).toEqual([401, 'missing_credential'])
  })
})
