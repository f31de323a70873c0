import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { controlApi } from '../support/control-api.ts'
import { type TestPostgres, testPostgres } from '../support/postgres.ts'
import { startNode, type TestNode } from '../support/start-node.ts'
import { checkout, sendStripe, stripeEnv } from '../support/stripe.ts'

/** Its organizations may have any number of keys. */
const contract = { name: 'acme', key: { forms: [{ prefix: 'acme_' }] }, plans: { pro: {}, builder: {} } }

let folder: string
let postgres: TestPostgres
let node: TestNode

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keywright-checkout-'))
  writeFileSync(join(folder, 'acme.json'), JSON.stringify(contract))
  postgres = await testPostgres()
  node = await startNode(await postgres.createDatabase(), {
    ...stripeEnv,
    KEYWRIGHT_CONTRACT: join(folder, 'acme.json'),
    KEYWRIGHT_SECRET: 'a-secret-that-is-long-enough-for-it',
    KEYWRIGHT_STRIPE_PAYMENT_LINKS: 'pro=https://buy.stripe.example/pro',
  })
}, 60_000)
afterAll(async () => {
  await node?.stop()
  await postgres?.stop()
  rmSync(folder, { recursive: true })
}, 60_000)

it.each([1, 2, 3, 4, 5])('of visits at once after a payment one is shown the key, and there is one: %i', async () => {
  const started = await fetch(`${node.control}/api/stripe/checkout?plan=pro&tenant_id=acme`, { redirect: 'manual' })
  const tenant = new URL(started.headers.get('location') ?? '').searchParams.get('client_reference_id') ?? ''
  const [cookie = ''] = (started.headers.get('set-cookie') ?? '').split(';')
  expect((await sendStripe(node.control, checkout(tenant))).status).toBe(200)

  const visit = () => fetch(`${node.control}/api/stripe/success`, { headers: { cookie } })
  const visits = await Promise.all(Array.from({ length: 6 }, visit))
  for (const { status } of visits) expect(status).toBe(200)
  const pages = await Promise.all(visits.map((answer) => answer.text()))
  expect(pages.filter((page) => /acme_[0-9A-Za-z]{20}/.test(page))).toHaveLength(1)
  expect((await controlApi(node.control)('GET', `/v1/keys?organization=${tenant}`)).json.keys).toHaveLength(1)
})
