import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { remove } from '@keywright/core'
import { Client } from 'pg'
import Stripe from 'stripe'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { startUpstream, type Upstream } from './support/echo-upstream.ts'
import { testPostgres } from './support/postgres.ts'
import { startServer, type TestServer, tester } from './support/start-server.ts'

const secret = 'whsec_a_secret_of_the_tests'
// It asks nobody: only what it signs and checks is used.
const stripe = new Stripe('sk_test_of_the_tests')
const env = {
  KEYWRIGHT_STRIPE_WEBHOOK_SECRET: secret,
  KEYWRIGHT_STRIPE_PRICES: 'price_pro:pro',
  KEYWRIGHT_STRIPE_PAYMENT_LINKS: 'pro=https://buy.stripe.example/pro?locale=en',
}
let server: TestServer
let upstream: Upstream

beforeAll(async () => {
  upstream = await startUpstream()
  server = await startServer({
    contract: 'holonomix',
    upstream: upstream.url,
    env,
  })
})
afterAll(async () => {
  await server?.stop()
  await upstream?.stop()
})

const sign = (payload: string, options: { timestamp?: number; secret?: string } = {}) =>
  stripe.webhooks.generateTestHeaderString({ payload, secret, ...options })

function post(payload: string, signature: string, { control } = server) {
  const headers = { 'content-type': 'application/json', 'stripe-signature': signature }
  return fetch(`${control}/api/stripe/webhook`, { method: 'POST', headers, body: payload })
}

const now = () => Math.floor(Date.now() / 1000)

function paid(tenant: string): string {
  const object = {
    ...{ id: `cs_${tenant}`, object: 'checkout.session', client_reference_id: tenant, subscription: `sub_${tenant}` },
    ...{ payment_status: 'paid', metadata: { price: 'price_pro' } },
  }
  const type = 'checkout.session.completed'
  return JSON.stringify({ id: `evt_${tenant}`, object: 'event', type, created: now(), data: { object } })
}

async function start(query = 'plan=pro&tenant_id=acme-corp', before = '', { control } = server) {
  const headers = { cookie: before }
  const response = await fetch(`${control}/api/stripe/checkout?${query}`, { redirect: 'manual', headers })
  const location = response.headers.get('location')
  const tenant = location ? (new URL(location).searchParams.get('client_reference_id') ?? '') : ''
  const [line = ''] = response.headers.getSetCookie()
  return { status: response.status, location, tenant, line, cookie: line.split(';')[0] ?? '' }
}

async function success(cookie: string, { method = 'GET', headers = {} } = {}, { control } = server) {
  const response = await fetch(`${control}/api/stripe/success`, { method, headers: { cookie, ...headers } })
  const html = await response.text()
  return { status: response.status, headers: response.headers, html, key: /hx_live_\w+/.exec(html)?.[0] ?? null }
}

describe('a checkout', () => {
  it('begins with a cookie, and goes on at Stripe for a tenant that nobody can guess', async () => {
    const [one, two] = [await start(), await start()]
    expect(one.status).toBe(303)
    expect(one.location).toMatch(
      /^https:\/\/buy\.stripe\.example\/pro\?locale=en&client_reference_id=acme-corp-\w{12}$/,
    )
    expect(one.tenant).not.toBe(two.tenant)
    expect(one.line).toMatch(/^keywright\.checkout=[\w-]+; Max-Age=86400; Path=\/; HttpOnly; SameSite=Lax$/)
  })

  it.each(['', 'plan=none', 'plan=constructor', 'plan=pro&tenant_id=../x'])(
    'does not begin with "%s"',
    async (query) => {
      expect([404, 422]).toContain((await start(query)).status)
    },
  )

  it('ends with a key that is shown on the first visit, once, and opens the API', async () => {
    const { tenant, cookie } = await start()
    const early = await success(cookie)
    expect([early.status, early.key]).toEqual([202, null])
    expect((await post(paid(tenant), sign(paid(tenant)))).status).toBe(200)
    const { status, key, headers } = await success(cookie)
    expect(status).toBe(200)
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('content-security-policy')).toContain("default-src 'none'")
    const used = await fetch(`${server.edge}/v1/get/default/a`, { headers: { 'x-api-key': key ?? '' } })
    expect(used.status).toBe(200)
    expect(upstream.lastHeader('x-hx-tenant')).toEqual([tenant])
    const again = await success(cookie)
    expect([again.status, again.key]).toEqual([200, null])
    expect(server.log()).not.toContain(key)
  })

  it('shows the key to one of two visits at once', async () => {
    const { tenant, cookie } = await start()
    await post(paid(tenant), sign(paid(tenant)))
    const visits = await Promise.all(Array.from({ length: 4 }, () => success(cookie)))
    expect(visits.filter(({ key }) => key !== null)).toHaveLength(1)
  })

  it('shows it to one of them where nodes share a database, and an organization may have many keys', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'keywright-checkout-'))
    const contract = join(folder, 'acme.json')
    writeFileSync(
      contract,
      JSON.stringify({ name: 'acme', key: { forms: [{ prefix: 'hx_live_' }] }, plans: { pro: {} } }),
    )
    const postgres = await testPostgres()
    const database = await postgres.createDatabase()
    const secrets = { ...env, KEYWRIGHT_SECRET: 'a-secret-of-the-tests-with-many-characters' }
    const shared = await startServer({ contract, upstream: upstream.url, database, env: secrets })
    const [holder, watcher] = [1, 2].map(() => new Client({ connectionString: database })) as [Client, Client]
    await Promise.all([holder.connect(), watcher.connect()])
    onTestFinished(async () => {
      await Promise.all([holder.end(), watcher.end()])
      await shared.stop()
      await postgres.stop()
      rmSync(folder, { recursive: true })
    })
    const { tenant, cookie } = await start(undefined, '', shared)
    expect((await post(paid(tenant), sign(paid(tenant)), shared)).status).toBe(200)
    await holder.query('begin')
    await holder.query('select from kw_organizations where id = $1 for update', [tenant])
    const visits = [1, 2].map(() => success(cookie, {}, shared))
    const waiting = `select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
    await expect.poll(async () => (await watcher.query(waiting)).rowCount, { timeout: 10_000 }).toBe(2)
    await holder.query('commit')
    expect((await Promise.all(visits)).filter(({ key }) => key !== null)).toHaveLength(1)
  }, 60_000)

  it('shows the key of whichever was paid to who has started others after it, and then theirs', async () => {
    const paidFirst = await start()
    const lookedAt = await start(undefined, paidFirst.cookie)
    const paidLast = await start(undefined, lookedAt.cookie)
    expect((await success(paidLast.cookie)).status).toBe(202)
    await post(paid(paidFirst.tenant), sign(paid(paidFirst.tenant)))
    const first = await success(paidLast.cookie)
    expect(first.html).toContain(paidFirst.tenant)
    const [kept = ''] = (first.headers.get('set-cookie') ?? '').split(';')
    expect((await success(kept)).status).toBe(202)
    await post(paid(paidLast.tenant), sign(paid(paidLast.tenant)))
    const second = await success(kept)
    expect(second.html).toContain(paidLast.tenant)
    expect([first.key, second.key].every((key) => key?.startsWith('hx_live_'))).toBe(true)
  })

  it('is remembered in a cookie of bounded length, which ends with the last of them', async () => {
    let cookie = ''
    for (let i = 0; i < 12; i++) cookie = (await start(`plan=pro&tenant_id=${'a'.repeat(63)}`, cookie)).cookie
    expect(cookie.length).toBeLessThan(1024)
    const only = await start(`plan=pro&tenant_id=${'a'.repeat(63)}`)
    expect((await post(paid(only.tenant), sign(paid(only.tenant)))).status).toBe(200)
    expect((await success(only.cookie)).headers.get('set-cookie')).toContain('Max-Age=0')
  })

  it('shows no second key once the first was revoked', async () => {
    const { tenant, cookie } = await start()
    await post(paid(tenant), sign(paid(tenant)))
    await success(cookie)
    const { items } = await server.lifecycle.store.keys({ organization: tenant, limit: 1 })
    const id = items[0]?.id ?? ''
    await server.revoke(id)
    expect((await success(cookie)).key).toBeNull()
    await remove(server.lifecycle, tester, id)
    expect((await success(cookie)).key).toBeNull()
  })

  it('shows nothing without the cookie, with another’s or a changed one', async () => {
    const { tenant, cookie } = await start()
    await post(paid(tenant), sign(paid(tenant)))
    const other = await start()
    expect([(await success('')).status, (await success(`${cookie.slice(0, -2)}xx`)).status]).toEqual([403, 403])
    expect(await success(other.cookie)).toMatchObject({ status: 202, key: null })
    expect((await success(cookie)).key).not.toBeNull()
  })

  it('spends the key on no HEAD and no guess of a browser', async () => {
    const { tenant, cookie } = await start()
    await post(paid(tenant), sign(paid(tenant)))
    expect((await success(cookie, { method: 'HEAD' })).key).toBeNull()
    expect((await success(cookie, { headers: { 'sec-purpose': 'prefetch' } })).key).toBeNull()
    expect((await success(cookie)).key).not.toBeNull()
  })
})

describe('events as Stripe’s own library signs them', () => {
  const cases: [string, (payload: string) => string][] = [
    ['now', (payload) => sign(payload)],
    ['four minutes ago', (payload) => sign(payload, { timestamp: now() - 240 })],
    ['six minutes ago', (payload) => sign(payload, { timestamp: now() - 360 })],
    ['with another secret', (payload) => sign(payload, { secret: 'whsec_another_one_entirely' })],
    ['over another body', (payload) => sign(`${payload} `)],
    ['with a time that was changed', (payload) => sign(payload).replace(/t=\d+/, `t=${now() - 1}`)],
    ['without a time', (payload) => sign(payload).replace(/t=\d+,/, '')],
    ['in an older scheme', (payload) => sign(payload).replace('v1=', 'v0=')],
    ['by nobody', () => ''],
  ]

  it.each(cases)('are taken just where it takes them: signed %s', async (_, signed) => {
    const { tenant, cookie } = await start()
    const payload = paid(tenant)
    const signature = signed(payload)
    let expected = 200
    try {
      stripe.webhooks.constructEvent(payload, signature, secret)
    } catch {
      expected = 400
    }
    expect((await post(payload, signature)).status).toBe(expected)
    expect((await server.lifecycle.store.organization(tenant)) !== undefined).toBe(expected === 200)
    expect((await success(cookie)).status).toBe(expected === 200 ? 200 : 202)
  })

  it('make nothing twice when they are replayed, and no second key', async () => {
    const { tenant, cookie } = await start()
    const payload = paid(tenant)
    const signature = sign(payload)
    const { key } = { ...(await post(payload, signature)), ...(await success(cookie)) }
    for (const _ of [1, 2, 3]) expect((await post(payload, signature)).status).toBe(200)
    expect(key).not.toBeNull()
    expect((await success(cookie)).key).toBeNull()
    const { items } = await server.lifecycle.store.keys({ organization: tenant, limit: 10 })
    expect(items).toHaveLength(1)
  })

  it('leave what the newest says when they come in another order', async () => {
    const { tenant } = await start()
    const change = (status: string, created: number, type = 'updated') => {
      const items = { data: [{ price: { id: 'price_pro' } }] }
      const object = { id: `sub_${tenant}`, object: 'subscription', status, items }
      return JSON.stringify({
        id: 'evt',
        object: 'event',
        type: `customer.subscription.${type}`,
        created,
        data: { object },
      })
    }
    const send = (payload: string) => post(payload, sign(payload))
    await send(change('past_due', now() - 10))
    await send(change('active', now() - 20))
    await send(paid(tenant))
    expect((await server.lifecycle.store.organization(tenant))?.state).toBe('unpaid')
    await send(change('canceled', now() - 5, 'deleted'))
    await send(change('active', now()))
    expect((await server.lifecycle.store.organization(tenant))?.state).toBe('suspended')
  })
})
