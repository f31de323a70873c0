import type { Browser } from '@playwright/test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../../server/test/support/start-server.ts'
import { becomeOperator, faults, startBrowser, type Visitor, visit } from './browser.ts'

const minutes = 60_000

describe('the console', { timeout: 5 * minutes }, () => {
  let browser: Browser
  let server: TestServer
  let ann: Visitor

  beforeAll(async () => {
    browser = await startBrowser()
    server = await startServer({ contract: 'hopx' })
    ann = await visit(browser)
    await becomeOperator(ann, server)
  }, minutes)
  afterAll(async () => {
    await browser?.close()
    await server?.stop()
  })

  it('lets everyone use what people see before they are signed in', async () => {
    const stranger = await visit(browser)
    await stranger.page.goto(server.control)
    await stranger.page.getByRole('button', { name: 'Sign in' }).waitFor()
    expect(await faults(stranger.page, 'sign-in')).toEqual([])
    await stranger.page.goto(`${server.control}/join#kwi_nothing`)
    await stranger.page.getByText('This link does not work').waitFor()
    expect(await faults(stranger.page, 'join')).toEqual([])
    expect(stranger.complaints).toEqual([])
    await stranger.context.close()
  })

  it('lets everyone use its screens, wide and narrow, light and dark', async () => {
    const { page } = ann
    const { key, credential } = await server.issue({ name: 'Checkout' })
    await fetch(`${server.edge}/v1/sandboxes`, { headers: { authorization: `Bearer ${credential}` } })
    const screens = [
      ['acme/keys', 'API keys'],
      [`acme/keys/${key.id}`, 'Checkout'],
      ['acme/members', 'Members'],
      ['acme/authentication', 'Authentication'],
      ['acme/usage', 'Usage'],
      ['acme/hygiene', 'Hygiene'],
      ['acme/limits', 'Limits'],
      ['acme/audit', 'Audit log'],
      ['instance/organizations', 'Organizations'],
      ['instance/service-keys', 'Service keys'],
      ['account', 'Account'],
      ['device', 'Log in a device'],
    ] as const
    const found: string[] = []
    for (const [path, heading] of screens) {
      await page.goto(`${server.control}/${path}`)
      await page.getByRole('heading', { level: 1, name: heading }).waitFor()
      await page.waitForLoadState('networkidle')
      found.push(...(await faults(page, path.replaceAll('/', '-').replace(key.id, 'key'))))
    }
    expect(found).toEqual([])
    expect(ann.complaints).toEqual([])
  })

  it('lets everyone use its dialogs', async () => {
    const { page } = ann
    const { key } = await server.issue({ name: 'Dialogs' })
    const dialogs = [
      ['acme/keys', 'Create API key'],
      [`acme/keys/${key.id}`, 'Edit'],
      [`acme/keys/${key.id}`, 'Rotate'],
      [`acme/keys/${key.id}`, 'Revoke'],
      ['acme/members', 'Invite someone'],
      ['instance/organizations', 'Create organization'],
      ['instance/service-keys', 'Create service key'],
    ] as const
    const found: string[] = []
    for (const [path, button] of dialogs) {
      await page.goto(`${server.control}/${path}`)
      await page.getByRole('button', { name: button }).first().click()
      await page.getByRole('dialog').waitFor()
      found.push(...(await faults(page, `dialog-${button.toLowerCase().replaceAll(' ', '-')}`)))
      await page.keyboard.press('Escape')
      await page.getByRole('dialog').waitFor({ state: 'detached' })
    }
    expect(found).toEqual([])
    expect(ann.complaints).toEqual([])
  })

  it('opens in less than 180 kB of compressed script', async () => {
    const { page, context } = await visit(browser)
    const scripts: number[] = []
    page.on('response', async (response) => {
      if (response.request().resourceType() === 'script') {
        scripts.push(Number(response.headers()['content-length']))
        expect(response.headers()['content-encoding']).toBe('br')
      }
    })
    await context.addCookies(await ann.context.cookies())
    await page.goto(`${server.control}/acme/keys`)
    await page.getByRole('heading', { level: 1, name: 'API keys' }).waitFor()
    await page.waitForLoadState('networkidle')
    const total = scripts.reduce((sum, size) => sum + size, 0)
    expect(total).toBeGreaterThan(50_000)
    expect(total).toBeLessThan(180_000)
    await context.close()
  })
})
