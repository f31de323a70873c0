import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deleteOrganization, updateOrganization } from '@keywright/core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { readSettings } from '../src/config/read-settings.ts'
import { startInstance } from '../src/main.ts'
import { startServer, type TestServer, tester } from './support/start-server.ts'
import {
  checkout,
  stripeNow as now,
  postStripe,
  sendStripe,
  signedByStripe as signed,
  stripeEnv,
  subscription,
} from './support/stripe.ts'

let server: TestServer

beforeAll(async () => {
  server = await startServer({ contract: 'holonomix', env: stripeEnv })
})
afterAll(() => server.stop())

const post = (body: string, signature: string | null) => postStripe(server.control, body, signature)
const send = (event: object) => sendStripe(server.control, event)

const tenant = async (id: string) => {
  const organization = await server.lifecycle.store.organization(id)
  return organization && { plan: organization.plan, state: organization.state }
}

describe('the end of a checkout', () => {
  it('makes the tenant, on the plan of its price', async () => {
    expect(await send(checkout('acme-1'))).toEqual({ status: 200, json: { received: true } })
    expect(await tenant('acme-1')).toEqual({ plan: 'pro', state: 'active' })
    const change = (await server.lifecycle.store.changes(0, 1000)).findLast(({ target }) => target === 'acme-1')
    expect(change).toMatchObject({ action: 'organization.created', actor: { type: 'system', id: 'stripe' } })
  })

  it('makes nothing twice, however often it is told of', async () => {
    const event = checkout('acme-2')
    await Promise.all([send(event), send(event), send(event)])
    await updateOrganization(server.lifecycle, tester, 'acme-2', { plan: 'starter' })
    const { number } = await server.lifecycle.store.head()
    expect((await send(event)).status).toBe(200)
    expect((await server.lifecycle.store.head()).number).toBe(number)
    expect(await tenant('acme-2')).toEqual({ plan: 'starter', state: 'active' })
  })

  it('makes the tenant once a payment that takes days has succeeded', async () => {
    const unpaid = checkout('acme-4', { payment_status: 'unpaid' } as object)
    await send(unpaid)
    expect(await tenant('acme-4')).toBeUndefined()
    const paid = checkout('acme-4')
    expect((await send({ ...paid, type: 'checkout.session.async_payment_succeeded' })).status).toBe(200)
    expect(await tenant('acme-4')).toEqual({ plan: 'pro', state: 'active' })
  })

  it.each([
    ['of single payments', { subscription: null }, { plan: 'pro', state: 'active' }],
    ['that costs nothing', { payment_status: 'no_payment_required' }, { plan: 'pro', state: 'active' }],
    [
      'that tells what was bought beside what was noted',
      { line_items: { data: [{ price: { id: 'price_builder' } }] } },
      { plan: 'builder', state: 'active' },
    ],
  ])('%s makes a tenant each time', async (kind, more, made) => {
    for (const id of ['one', 'two'].map((one) => `${one}-${kind.replaceAll(' ', '-')}`)) {
      expect((await send(checkout(id, more as object))).status).toBe(200)
      expect(await tenant(id)).toEqual(made)
    }
  })

  it('never takes over a tenant that was there before', async () => {
    const { status, json } = await send(checkout('acme'))
    expect([status, json.code]).toEqual([409, 'conflict'])
    await send(subscription('acme', { type: 'deleted' }))
    expect((await tenant('acme'))?.state).toBe('active')
  })

  it('that tells no price makes the tenant on the first plan, says so in the log, and learns it of the subscription', async () => {
    const silent = { metadata: null } as object
    expect((await send(checkout('acme-5', silent))).status).toBe(200)
    expect(await tenant('acme-5')).toEqual({ plan: 'starter', state: 'active' })
    expect(server.log()).toMatch(/"level":"error".*"a checkout tells no price/)
    await send(subscription('acme-5', { type: 'created', status: 'incomplete' }))
    expect(await tenant('acme-5')).toEqual({ plan: 'pro', state: 'active' })
  })

  it('that tells no price makes the tenant on the plan of its subscription, where that was told before', async () => {
    await send(subscription('acme-6', { type: 'created', status: 'incomplete' }))
    expect((await send(checkout('acme-6', { metadata: null } as object))).status).toBe(200)
    expect(await tenant('acme-6')).toEqual({ plan: 'pro', state: 'active' })
  })

  it.each([
    ['is not paid', { payment_status: 'unpaid' }, 200],
    ['names no tenant', { client_reference_id: null }, 422],
    ['names what is no tenant id', { client_reference_id: '../acme' }, 422],
    ['has a price of no plan', { metadata: { price: 'price_other' } }, 422],
    ['has a price of no plan, called like something else', { metadata: { price: 'constructor' } }, 422],
  ])('changes nothing where it %s', async (reason, more, status) => {
    const { number } = await server.lifecycle.store.head()
    expect((await send(checkout(`none-${reason.length}`, more as object))).status).toBe(status)
    expect((await server.lifecycle.store.head()).number).toBe(number)
  })
})

describe('a subscription', () => {
  it('moves the plan and the state of its tenant', async () => {
    await send(checkout('sub-1'))
    await send(subscription('sub-1', { price: 'price_builder' }))
    expect(await tenant('sub-1')).toEqual({ plan: 'builder', state: 'active' })
    await send(subscription('sub-1', { price: 'price_builder', status: 'past_due', created: now() + 1 }))
    expect(await tenant('sub-1')).toEqual({ plan: 'builder', state: 'unpaid' })
    await send(subscription('sub-1', { price: 'price_builder', created: now() + 2 }))
    expect(await tenant('sub-1')).toEqual({ plan: 'builder', state: 'active' })
    await send(subscription('sub-1', { type: 'deleted', status: 'canceled', created: now() + 3 }))
    expect((await tenant('sub-1'))?.state).toBe('suspended')
  })

  it('of a price that is in no plan any more leaves the plan, and ends all the same', async () => {
    await send(checkout('sub-8'))
    const old = { price: 'price_retired' }
    expect((await send(subscription('sub-8', { ...old, status: 'unpaid', created: now() + 1 }))).status).toBe(200)
    expect(await tenant('sub-8')).toEqual({ plan: 'pro', state: 'unpaid' })
    await send(subscription('sub-8', { ...old, type: 'deleted', status: 'canceled', created: now() + 2 }))
    expect(await tenant('sub-8')).toEqual({ plan: 'pro', state: 'suspended' })
  })

  it.each([
    ['trialing', 'active'],
    ['incomplete', 'unpaid'],
    ['incomplete_expired', 'suspended'],
    ['paused', 'suspended'],
    ['constructor', 'suspended'],
  ])('that is %s has its tenant %s', async (status, state) => {
    const id = `is-${status.replaceAll(/\W/g, '-')}`
    await send(checkout(id))
    await send(subscription(id, { status }))
    expect((await tenant(id))?.state).toBe(state)
  })

  it('that is over stays so, whatever comes late', async () => {
    await send(checkout('sub-2'))
    await send(subscription('sub-2', { type: 'deleted', status: 'canceled' }))
    await send(subscription('sub-2', { status: 'active', created: now() + 60 }))
    expect((await tenant('sub-2'))?.state).toBe('suspended')
  })

  it('is as its newest event says, in whatever order they come', async () => {
    await send(checkout('sub-3'))
    await send(subscription('sub-3', { price: 'price_builder', created: now() + 10 }))
    await send(subscription('sub-3', { price: 'price_pro', status: 'past_due', created: now() + 5 }))
    expect(await tenant('sub-3')).toEqual({ plan: 'builder', state: 'active' })
  })

  it('is as it was left by the events of one second, when any of them is sent once more', async () => {
    await send(checkout('sub-12'))
    const created = now() + 1
    const events = [
      subscription('sub-12', { price: 'price_builder', created }),
      subscription('sub-12', { price: 'price_pro', created }),
      subscription('sub-12', { price: 'price_pro', status: 'unpaid', created }),
    ]
    for (const event of events) await send(event)
    for (const event of events) {
      expect((await send(event)).status).toBe(200)
      expect(await tenant('sub-12')).toEqual({ plan: 'pro', state: 'unpaid' })
    }
  })

  it('may be told of before its checkout is', async () => {
    await send(subscription('sub-4', { price: 'price_builder', status: 'past_due' }))
    expect(await tenant('sub-4')).toBeUndefined()
    await send(checkout('sub-4'))
    expect(await tenant('sub-4')).toEqual({ plan: 'builder', state: 'unpaid' })
  })

  it('of a plan that the contract has no longer is bought on the plan of its price', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'keywright-stripe-'))
    const selling = async (...plans: string[]) => {
      const sold = Object.fromEntries(plans.map((plan) => [plan, {}]))
      const contract = { name: 'acme', key: { forms: [{ prefix: 'acme_' }] }, plans: sold }
      writeFileSync(join(folder, 'acme.json'), JSON.stringify(contract))
      const prices = plans.map((plan) => `price_${plan}:${plan}`).join(',')
      const env = { ...stripeEnv, KEYWRIGHT_STRIPE_PRICES: prices, KEYWRIGHT_CONTRACT: 'acme.json' }
      const settings = await readSettings({ flags: { port: '0', controlPort: '0' }, env, folder })
      return startInstance(settings, { folder, logTo: { write() {} } })
    }
    const before = await selling('starter', 'gold')
    await sendStripe(before.control, subscription('sub-9', { price: 'price_gold', status: 'past_due' }))
    await before.stop()

    const { control, lifecycle, stop } = await selling('starter', 'pro')
    expect((await sendStripe(control, checkout('sub-9'))).status).toBe(200)
    expect(await lifecycle.store.organization('sub-9')).toMatchObject({ plan: 'pro', state: 'unpaid' })
    await stop()
    rmSync(folder, { recursive: true })
  })

  it.each(['before', 'after'])(
    'was created incomplete, which says nothing of one that is paid: told %s that',
    async (when) => {
      const id = `sub-10-${when}`
      const created = subscription(id, { type: 'created', status: 'incomplete' })
      await send(checkout(id))
      if (when === 'before') await send(created)
      await send(subscription(id, { price: 'price_builder' }))
      if (when === 'after') await send(created)
      expect(await tenant(id)).toEqual({ plan: 'builder', state: 'active' })
      await send(subscription(id, { price: 'price_builder', status: 'past_due', created: now() + 1 }))
      await send(created)
      expect(await tenant(id)).toEqual({ plan: 'builder', state: 'unpaid' })
    },
  )

  it('moves no tenant off the plan that an operator has given it, where it tells what was bought', async () => {
    await send(checkout('sub-11'))
    await updateOrganization(server.lifecycle, tester, 'sub-11', { plan: 'enterprise' })
    await send(subscription('sub-11', { type: 'created', status: 'incomplete' }))
    await send(subscription('sub-11', { created: now() + 1 }))
    expect(await tenant('sub-11')).toEqual({ plan: 'enterprise', state: 'active' })
  })

  it('says nothing about what an operator has decided, until it has something new to say', async () => {
    await send(checkout('sub-5'))
    await send(subscription('sub-5'))
    await updateOrganization(server.lifecycle, tester, 'sub-5', { state: 'suspended' })
    await send(subscription('sub-5', { created: now() + 1 }))
    expect((await tenant('sub-5'))?.state).toBe('suspended')
  })

  it('of a tenant that an operator has deleted is taken, and makes none', async () => {
    await send(checkout('sub-12'))
    await deleteOrganization(server.lifecycle, tester, 'sub-12')
    expect((await send(subscription('sub-12', { status: 'past_due' }))).status).toBe(200)
    expect((await send(subscription('sub-12', { type: 'deleted' }))).status).toBe(200)
    expect(await tenant('sub-12')).toBeUndefined()
  })

  it('ends the keys of its tenant at once', async () => {
    await send(checkout('sub-6'))
    const { credential } = await server.issue({ organization: 'sub-6' })
    const ask = async () =>
      (await fetch(`${server.edge}/v1/list/default`, { headers: { 'x-api-key': credential } })).status
    expect(await ask()).toBe(404)
    await send(subscription('sub-6', { type: 'deleted' }))
    expect(await ask()).toBe(401)
  })
})

describe('what Stripe has not signed a moment ago', () => {
  const body = JSON.stringify(checkout('forged'))
  const forged: [string, () => string | null][] = [
    ['nothing', () => null],
    ['an empty signature', () => ''],
    ['another secret', () => signed(body, { key: 'whsec_another_secret' })],
    ['another body', () => signed(`${body} `)],
    ['a time that was not signed', () => signed(body).replace(/t=\d+/, `t=${now() + 1}`)],
    ['two times', () => `t=${now()},${signed(body)}`],
    ['an older scheme', () => signed(body).replace('v1=', 'v0=')],
    ['six minutes ago', () => signed(body, { at: now() - 360 })],
    ['six minutes ahead', () => signed(body, { at: now() + 360 })],
    ['half a signature', () => signed(body).slice(0, -2)],
    ['a signature that is no hex', () => signed(body).replace(/v1=.*/, `v1=${'z'.repeat(64)}`)],
    ['a time that is none', () => signed(body, { at: Number.NaN })],
  ]

  it.each(forged)('changes nothing: %s', async (_, signature) => {
    const { status, json } = await post(body, signature())
    expect([status, json.code]).toEqual([400, 'invalid_signature'])
    expect(await tenant('forged')).toBeUndefined()
  })

  it('cannot be sent again later', async () => {
    const event = JSON.stringify(checkout('later'))
    const signature = signed(event)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 301_000 })
    expect((await post(event, signature)).status).toBe(400)
    vi.useRealTimers()
    expect(await tenant('later')).toBeUndefined()
  })

  it('holds while the secret is being replaced, signed with both', async () => {
    const event = JSON.stringify(checkout('rolled'))
    const [time, old] = signed(event, { key: 'whsec_the_one_before' }).split(',')
    const { status } = await post(event, `${time},${old},${signed(event).split(',')[1]}`)
    expect(status).toBe(200)
  })
})

describe('an event', () => {
  it('that concerns nobody here is taken, and forgotten', async () => {
    expect((await send({ id: 'evt_x', type: 'invoice.paid', created: now(), data: { object: {} } })).status).toBe(200)
  })

  it.each([
    ['is no JSON', '{'],
    ['has a member twice', '{"type":"invoice.paid","type":"checkout.session.completed"}'],
  ])('that %s is refused', async (_, body) => {
    expect((await post(body, signed(body))).status).toBe(400)
  })

  it.each([
    ['is of a time beyond any date', 'created', { ...subscription('odd'), created: 9e15 }],
    ['is of a subscription with 5,000 letters', 'data.object.id', subscription('l'.repeat(5000))],
    ['ends in such a one', 'data.object.subscription', checkout('odd', { subscription: 'l'.repeat(5000) })],
    ['is told by an id with 5,000 letters', 'id', { ...subscription('odd'), id: 'l'.repeat(5000) }],
  ])('that %s is refused, and the field named', async (_, field, event) => {
    const { status, json } = await send(event)
    expect([status, json.errors[0]?.field]).toEqual([422, field])
  })

  it('whose ids have letters that no database takes is taken like any other', async () => {
    expect((await send(checkout('nul', { subscription: 'sub_\0\ud800' }))).status).toBe(200)
    expect((await send({ ...subscription('\0\ud800'), id: 'evt_\0\ud800' })).status).toBe(200)
    expect(await tenant('nul')).toEqual({ plan: 'pro', state: 'active' })
  })

  it('has nowhere to go where no secret is set', async () => {
    const other = await startServer({ contract: 'holonomix' })
    const { status } = await fetch(`${other.control}/api/stripe/webhook`, { method: 'POST', body: '{}' })
    expect(status).toBe(404)
    await other.stop()
  })
})
