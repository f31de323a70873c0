import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from '@playwright/test'
import Stripe from 'stripe'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keywright, keywrightAtTerminal, startKeywright } from '../../server/test/support/command-line.ts'
import { startUpstream, type Upstream } from '../../server/test/support/echo-upstream.ts'
import { startServer, type TestServer } from '../../server/test/support/start-server.ts'
import { faults, startBrowser, type Visitor, visit } from './browser.ts'

const minutes = 60_000
const password = 'correct horse battery'

async function takeUp({ page }: Visitor, link: string, name: string, email?: string) {
  await page.goto(link)
  await page.getByLabel('Name', { exact: true }).fill(name)
  if (email !== undefined) await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Create your account' }).click()
  await page
    .getByRole('heading', { level: 1 })
    .filter({ hasText: /API keys|Organizations|Tenants/ })
    .waitFor()
}

describe('people', { timeout: 4 * minutes }, () => {
  let browser: Browser
  let upstream: Upstream
  beforeAll(async () => {
    browser = await startBrowser()
    upstream = await startUpstream()
  }, minutes)
  afterAll(async () => {
    await browser?.close()
    await upstream?.stop()
  })

  it('of Holocron log in from a terminal, approve in a browser, and do what the page says', async () => {
    const server = await startServer({ contract: 'holocron', upstream: upstream.url })
    const home = mkdtempSync(join(tmpdir(), 'keywright-home-'))
    const env = { HOME: home, KEYWRIGHT_URL: server.control }
    const run = (...args: string[]) => keywright(args, { env })
    try {
      const ann = await visit(browser)
      await takeUp(ann, (await server.operatorLink()) ?? '', 'Ann', 'ann@example.com')

      const login = await startKeywright(['login', '--no-browser'], { env, until: /[A-Z]{4}-[A-Z]{4}/ })
      const address = /http\S+\/device\S*/.exec(login.said())?.[0] ?? ''
      const code = /[A-Z]{4}-[A-Z]{4}/.exec(login.said())?.[0] ?? ''
      await ann.page.goto(address)
      const field = ann.page.getByLabel('Code')
      if ((await field.inputValue()) === '') await field.fill(code)
      await ann.page.getByRole('button', { name: 'Continue' }).click()
      await ann.page.getByRole('heading', { name: 'Is this you?' }).waitFor()
      expect(await faults(ann.page, 'device-approval')).toEqual([])
      await ann.page.getByRole('button', { name: 'Approve' }).click()
      await ann.page.getByRole('heading', { name: 'It is logged in' }).waitFor()
      expect(await login.end()).toBe(0)
      expect((await run('whoami')).stdout).toContain('ann@example.com')

      const project = await run('projects', 'create', '--name', 'Docs', '--organization', 'acme', '--quiet')
      const id = project.stdout.trim()
      expect(id).toMatch(/^prj_/)
      const key = await run('keys', 'create', '--name', 'production', '--project', id, '--quiet')
      expect(key.stdout).toMatch(/^holo_\S+\n$/)
      const authorization = `Bearer ${key.stdout.trim()}`
      expect((await fetch(`${server.edge}/api/v0/projects`, { headers: { authorization } })).status).toBe(200)

      const missing = await run('keys', 'create', '--name', 'staging')
      expect([missing.code, missing.stderr.includes('--project')]).toEqual([2, true])
      const picked = await keywrightAtTerminal(['keys', 'create', '--name', 'staging'], { env, input: '\r\r' })
      expect(picked.stdout).toContain('holo_')

      const list = await run('keys', 'list')
      expect(list.stdout).toContain('production')
      expect(list.stdout).not.toContain(key.stdout.trim())
      const [, keyId = ''] = /(key_\w+)[^\n]*production/.exec(list.stdout) ?? []
      expect((await run('keys', 'delete', keyId, '--yes')).code).toBe(0)
      expect((await fetch(`${server.edge}/api/v0/projects`, { headers: { authorization } })).status).toBe(401)
      expect(ann.complaints).toEqual([])
      await ann.context.close()
    } finally {
      await server.stop()
      rmSync(home, { recursive: true })
    }
  })

  it('of Handinger give each other roles, and keys follow at once', async () => {
    const server = await startServer({ contract: 'handinger', upstream: upstream.url })
    try {
      const ann = await visit(browser)
      await takeUp(ann, (await server.operatorLink()) ?? '', 'Ann', 'ann@example.com')
      await ann.page.goto(`${server.control}/acme/members`)
      await ann.page.getByRole('button', { name: 'Invite someone' }).first().click()
      await ann.page.getByLabel('E-mail').fill('bob@example.com')
      await ann.page.getByRole('radio', { name: /Admin/ }).check()
      await ann.page.getByRole('button', { name: 'Create the invitation' }).click()
      const link = (await ann.page.getByLabel('The link').textContent()) ?? ''
      await ann.page.getByRole('button', { name: 'Done' }).click()
      await ann.page.getByRole('heading', { name: 'Invited' }).waitFor()
      expect(await faults(ann.page, 'handinger-invited')).toEqual([])

      const bob = await visit(browser)
      await takeUp(bob, link, 'Bob')
      await bob.page.getByRole('button', { name: 'Create API key' }).first().click()
      await bob.page.getByLabel('Name', { exact: true }).fill('production-backend')
      expect(await faults(bob.page, 'handinger-create-key')).toEqual([])
      await bob.page
        .getByRole('dialog')
        .getByRole('button', { name: /Create/ })
        .click()
      const credential = (await bob.page.getByLabel('The new key').textContent()) ?? ''
      const use = async (method: string) =>
        (await fetch(`${server.edge}/api/workers`, { method, headers: { authorization: `Bearer ${credential}` } }))
          .status
      expect([await use('GET'), await use('POST')]).toEqual([200, 200])

      await ann.page.reload()
      expect(await faults(ann.page, 'handinger-members')).toEqual([])
      await ann.page.getByLabel('Role of Bob').selectOption('member')
      await ann.page.getByRole('button', { name: 'Make them a member' }).click()
      await expect.poll(() => use('POST')).toBe(403)
      expect(await use('GET')).toBe(200)
      await ann.page.getByRole('button', { name: 'Remove Bob' }).click()
      await ann.page.getByText('1 key that they made here').waitFor()
      expect(await faults(ann.page, 'handinger-remove-member')).toEqual([])
      await ann.page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click()
      await expect.poll(() => use('GET')).toBe(401)
      expect([...ann.complaints, ...bob.complaints]).toEqual([])
      await ann.context.close()
      await bob.context.close()
    } finally {
      await server.stop()
    }
  })

  it('of HolonomiX pay, and see their key once', async () => {
    const secret = 'whsec_a_secret_of_the_tests'
    let server: TestServer | null = null
    const till: Server = createServer(async (request, response) => {
      const tenant = new URL(request.url ?? '', 'http://till').searchParams.get('client_reference_id') ?? ''
      const object = {
        ...{ id: 'cs_1', client_reference_id: tenant, subscription: 'sub_1', payment_status: 'paid' },
        metadata: { price: 'price_starter' },
      }
      const created = Math.floor(Date.now() / 1000)
      const type = 'checkout.session.completed'
      const payload = JSON.stringify({ id: 'evt_1', object: 'event', type, created, data: { object } })
      const signature = new Stripe('sk_test_of_the_tests').webhooks.generateTestHeaderString({ payload, secret })
      const headers = { 'content-type': 'application/json', 'stripe-signature': signature }
      await fetch(`${server?.control}/api/stripe/webhook`, { method: 'POST', headers, body: payload })
      response.writeHead(303, { location: `${server?.control}/api/stripe/success` }).end()
    })
    await new Promise<void>((resolve) => till.listen(0, '127.0.0.1', resolve))
    const { port } = till.address() as AddressInfo
    server = await startServer({
      contract: 'holonomix',
      upstream: upstream.url,
      env: {
        KEYWRIGHT_STRIPE_WEBHOOK_SECRET: secret,
        KEYWRIGHT_STRIPE_PRICES: 'price_starter:starter',
        KEYWRIGHT_STRIPE_PAYMENT_LINKS: `starter=http://127.0.0.1:${port}/pay`,
      },
    })
    try {
      const buyer = await visit(browser)
      await buyer.page.goto(`${server.control}/api/stripe/checkout?plan=starter&tenant_id=acme-corp`)
      const key = (await buyer.page.getByLabel('Your API key').textContent()) ?? ''
      const used = await fetch(`${server.edge}/v1/get/default/a`, { headers: { 'x-api-key': key } })
      expect(used.status).toBe(200)
      await buyer.page.reload()
      expect(await buyer.page.content()).not.toContain(key)
      expect(buyer.complaints).toEqual([])
      await buyer.context.close()
    } finally {
      await server.stop()
      till.close()
    }
  })
})
