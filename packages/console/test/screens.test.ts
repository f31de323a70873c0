import { describe, expect, it } from 'vitest'
import { controlApi } from '../../server/test/support/control-api.ts'
import { startServer } from '../../server/test/support/start-server.ts'
import { becomeOperator, faults, visit } from './browser.ts'
import { minute, stage } from './story.ts'

const noStorage = `
  const get = () => { throw new DOMException('Access is denied for this document.', 'SecurityError') }
  for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(window, name, { get })
`

describe('the console', { timeout: 5 * minute }, () => {
  const set = stage('hopx')

  it('lets everyone use what people see before they are signed in', async () => {
    const stranger = await visit(set.browser)
    await stranger.page.goto(set.server.control)
    await stranger.page.getByRole('button', { name: 'Sign in' }).waitFor()
    expect(await faults(stranger.page, 'sign-in')).toEqual([])
    await stranger.page.goto(`${set.server.control}/join#kwi_nothing`)
    await stranger.page.getByText('This link does not work').waitFor()
    expect(await faults(stranger.page, 'join')).toEqual([])
    for (const path of ['join', 'portal', 'reset-password']) {
      await stranger.page.goto(`${set.server.control}/${path}`)
      await stranger.page.getByRole('heading', { name: 'This link is not whole' }).waitFor()
    }
    expect(await faults(stranger.page, 'no-link')).toEqual([])
    const fresh = await startServer({ contract: 'hopx' })
    await stranger.page.goto((await fresh.operatorLink()) ?? '')
    await stranger.page.getByText('You become the operator').waitFor()
    expect(await faults(stranger.page, 'first-operator')).toEqual([])
    await fresh.stop()
    expect(stranger.complaints).toEqual([])
    await stranger.context.close()
  })

  it('asks for cookies where the browser keeps nothing', async () => {
    const stranger = await visit(set.browser)
    // As in Chromium, where all cookies are blocked.
    await stranger.page.addInitScript(noStorage)
    await stranger.page.addInitScript("Object.defineProperty(navigator, 'cookieEnabled', { value: false })")
    await stranger.page.goto(set.server.control)
    await stranger.page.getByText('This browser keeps no cookies').waitFor()
    expect(await faults(stranger.page, 'sign-in-without-cookies')).toEqual([])
    expect(stranger.complaints).toEqual([])
    await stranger.context.close()
  })

  it('works where the browser keeps nothing but cookies', async () => {
    const { page, context, complaints } = await visit(set.browser)
    await page.addInitScript(noStorage)
    await page.goto(`${set.server.control}/sign-in?to=/acme/keys`)
    await page.getByLabel('E-mail').fill('ann@example.com')
    await page.getByLabel('Password').fill('correct horse battery')
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByRole('heading', { level: 1, name: 'API keys' }).waitFor()
    await page.goto(`${set.server.control}/acme/audit`)
    await page.getByLabel('Key').fill('key_nothing')
    await page.getByText('No change matches').waitFor()
    await page.getByRole('button', { name: 'Account and appearance' }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor()
    expect(complaints).toEqual([])
    await context.close()
  })

  it('lets everyone use its screens, wide and narrow, light and dark', async () => {
    const { page } = set.ann
    const { key, credential } = await set.server.issue({ name: 'Checkout' })
    await fetch(`${set.server.edge}/v1/sandboxes`, { headers: { authorization: `Bearer ${credential}` } })
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
      await page.goto(`${set.server.control}/${path}`)
      await page.getByRole('heading', { level: 1, name: heading }).waitFor()
      await page.waitForLoadState('networkidle')
      found.push(...(await faults(page, path.replaceAll('/', '-').replace(key.id, 'key'))))
    }
    expect(found).toEqual([])
    expect(set.ann.complaints).toEqual([])
  })

  it('lets everyone use its menu on a narrow screen', async () => {
    const { page } = set.ann
    await page.setViewportSize({ width: 360, height: 860 })
    await page.goto(`${set.server.control}/acme/keys`)
    await page.getByRole('button', { name: 'Open the menu' }).click()
    await page.getByRole('link', { name: 'Audit log' }).waitFor()
    expect(await faults(page, 'menu')).toEqual([])
    await page.setViewportSize({ width: 360, height: 860 })
    await page.getByRole('link', { name: 'Audit log' }).click()
    await page.getByRole('heading', { level: 1, name: 'Audit log' }).waitFor()
    const members = page.getByRole('link', { name: 'Members' })
    await members.waitFor({ state: 'hidden' })
    await page.getByRole('button', { name: 'Open the menu' }).click()
    await members.waitFor()
    await page.keyboard.press('Escape')
    await members.waitFor({ state: 'hidden' })
    expect(await page.locator(':focus').getAttribute('aria-label')).toBe('Open the menu')
    await page.getByRole('button', { name: 'Open the menu' }).click()
    await page.getByRole('link', { name: 'Audit log' }).click()
    await members.waitFor({ state: 'hidden' })
    await page.setViewportSize({ width: 1280, height: 860 })
  })

  it('can be read on the narrowest phone without scrolling sideways', async () => {
    const { page } = set.ann
    await page.setViewportSize({ width: 320, height: 860 })
    await page.goto(`${set.server.control}/acme/authentication`)
    await page.getByRole('tab', { name: 'curl' }).waitFor()
    const wider = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
    expect(wider).toBe(0)
    await page.setViewportSize({ width: 1280, height: 860 })
  })

  it('leads from how to call the API to its documentation', async () => {
    const { page, context } = set.ann
    await page.goto(`${set.server.control}/acme/authentication`)
    const link = page.getByRole('link', { name: 'documentation' })
    const [documentation] = await Promise.all([context.waitForEvent('page'), link.click()])
    await documentation.getByRole('heading', { level: 1, name: 'Authentication' }).waitFor()
    expect(new URL(documentation.url()).pathname).toBe('/docs/')
    await documentation.close()
  })

  it('can be read in letters of twice the size without scrolling sideways', async () => {
    const { page } = set.ann
    const { key } = await set.server.issue({ name: 'Large' })
    for (const [path, heading] of [
      ['acme/authentication', 'Authentication'],
      [`acme/keys/${key.id}`, 'Large'],
    ] as const) {
      await page.goto(`${set.server.control}/${path}`)
      await page.getByRole('heading', { level: 1, name: heading }).waitFor()
      await page.waitForLoadState('networkidle')
      await page.evaluate("document.documentElement.style.fontSize = '200%'")
      const wider = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
      expect(wider).toBe(0)
    }
  })

  it('shows the addresses that a key is held to and is used from to their end', async () => {
    const server = await startServer({
      contract: 'hopx',
      upstream: set.upstream.url,
      env: { KEYWRIGHT_TRUSTED_PROXIES: '127.0.0.1' },
    })
    const visitor = await visit(set.browser)
    await becomeOperator(visitor, server)
    const address = '2001:db8:1234:5678:9abc:def0:1234:5678'
    const { key, credential } = await server.issue({ allowedIps: [address] })
    const headers = { authorization: `Bearer ${credential}`, 'x-forwarded-for': address }
    expect((await fetch(`${server.edge}/v1/sandboxes`, { headers })).status).toBe(200)
    const { page } = visitor
    await page.goto(`${server.control}/acme/keys/${key.id}`)
    const found: string[] = []
    for (const width of [320, 768, 1024, 1440]) {
      await page.setViewportSize({ width, height: 860 })
      await expect.poll(() => page.locator('code').getByText(address).count()).toBe(2)
      const cut = await page.evaluate(`[...document.querySelectorAll('main code')].filter((code) => {
        for (let at = code; at !== document.body; at = at.parentElement) {
          if (getComputedStyle(at).overflowX !== 'visible' && at.scrollWidth > at.clientWidth) return true
        }
        return false
      }).map((code) => code.textContent)`)
      found.push(...(cut as string[]).map((text) => `${width}: ${text}`))
    }
    expect(found).toEqual([])
    await visitor.context.close()
    await server.stop()
  })

  it('are printed without what only a screen is for, on white', async () => {
    const { page } = set.ann
    const { key } = await set.server.issueElsewhere({ name: 'On paper' })
    await page.goto(`${set.server.control}/${key.organization}/keys/${key.id}`)
    await page.getByRole('button', { name: 'Revoke' }).waitFor()
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' })
    for (const width of [700, 1050]) {
      await page.setViewportSize({ width, height: 860 })
      await page.getByRole('heading', { level: 1, name: 'On paper' }).waitFor()
      expect(await page.getByRole('link', { name: /Members|Skip to the content/ }).count()).toBe(0)
      expect(await page.getByRole('button', { name: /Revoke|Open the menu/ }).count()).toBe(0)
    }
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(250, 250, 250)')
    expect(await page.locator('body').innerText()).not.toMatch(/just now| ago/)
    const printed = await page.evaluate("getComputedStyle(document.querySelector('time'), '::before').content")
    expect(printed).toBe(JSON.stringify(await page.locator('time').first().getAttribute('title')))
    await page.emulateMedia({ media: 'screen', colorScheme: 'light' })
    await page.setViewportSize({ width: 1280, height: 860 })
  })

  it('tells how long ago something was as time goes by', async () => {
    const { page, context } = await visit(set.browser)
    await context.addCookies(await set.ann.context.cookies())
    await set.server.issueElsewhere()
    await page.clock.install()
    await page.goto(`${set.server.control}/instance/organizations`)
    await page.getByText('just now').first().waitFor()
    await page.clock.fastForward('03:00:30')
    await page.getByText('3 hours ago').first().waitFor()
    expect(await page.getByText('just now').count()).toBe(0)
    await context.close()
  })

  it('shows what is opening while a slow server has not answered yet', async () => {
    const { page, context } = await visit(set.browser)
    let answer = () => {}
    const isTime = new Promise<void>((resolve) => {
      answer = resolve
    })
    await page.route('**/v1/whoami', (route) => isTime.then(() => route.continue()))
    await page.goto(set.server.control)
    await page.getByRole('status').getByText('is opening').waitFor({ state: 'attached' })
    answer()
    await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor()
    await page.getByText('is opening').waitFor({ state: 'detached' })
    await page.goto(`${set.server.control}/join#kwi_nothing`)
    await page.getByText('This link does not work').waitFor()
    await page.getByText('is opening').waitFor({ state: 'detached' })
    await page.goto(`${set.server.control}/no/such/page`)
    await page.getByRole('heading', { level: 1 }).waitFor()
    await page.getByText('is opening').waitFor({ state: 'detached' })
    await context.close()
  })

  it('asks nobody to sign in who is signed in', async () => {
    const { page } = set.ann
    await page.goto(`${set.server.control}/sign-in?to=/account`)
    await page.getByRole('heading', { level: 1, name: 'Account' }).waitFor()
  })

  it('leads from signing in to no other site, and to no address that the browser takes for one', async () => {
    const { context, page } = await visit(set.browser)
    const { host } = new URL(set.server.control)
    const elsewhere: string[] = []
    await page.route(
      (url) => url.host !== host,
      (route) => {
        elsewhere.push(route.request().url())
        return route.abort()
      },
    )
    await page.goto(`${set.server.control}/sign-in?to=https://evil.example/`)
    await page.getByLabel('E-mail').fill('ann@example.com')
    await page.getByLabel('Password').fill('correct horse battery')
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    const keys = page.getByRole('heading', { level: 1, name: 'API keys' })
    await keys.waitFor()
    // Who is signed in goes on at once.
    for (const to of [
      'https://evil.example/',
      '//evil.example/',
      '/\\evil.example/',
      '/\t/evil.example/',
      '/..//evil.example/',
    ]) {
      await page.goto(`${set.server.control}/sign-in?to=${encodeURIComponent(to)}`)
      await keys.waitFor()
    }
    expect(elsewhere).toEqual([])
    await context.close()
  })

  it('leaves out what an address says wrongly', async () => {
    const { page } = set.ann
    for (const path of ['keys?state=bogus', 'keys?order=bogus']) {
      await page.goto(`${set.server.control}/acme/${path}`)
      await page.getByRole('heading', { level: 1, name: 'API keys' }).waitFor()
      await page.waitForLoadState('networkidle')
      expect(await page.getByRole('alert').count()).toBe(0)
    }
  })

  it('deletes what is called with two spaces by the name that is shown', async () => {
    const { page } = set.ann
    await controlApi(set.server.control)('POST', '/v1/organizations', { body: { id: 'wide', name: 'Far  apart' } })
    await page.goto(`${set.server.control}/instance/organizations`)
    await page.getByRole('button', { name: 'Manage Far apart' }).click()
    await page.getByRole('menuitem', { name: 'Delete' }).click()
    await page.getByLabel('To delete it, type Far apart').fill('Far apart')
    await page.getByRole('button', { name: 'Delete the organization for good' }).click()
    await page.getByRole('heading', { name: 'is deleted' }).waitFor()
    await page.getByRole('button', { name: 'Done' }).click()
  })

  it('says where there is nothing, and leads back', async () => {
    const { page } = set.ann
    await page.goto(`${set.server.control}/acme/nothing`)
    await page.getByRole('heading', { name: 'There is nothing here' }).waitFor()
    expect(await faults(page, 'not-found')).toEqual([])
    await page.getByRole('link', { name: 'Go to your keys' }).click()
    await page.getByRole('heading', { level: 1, name: 'API keys' }).waitFor()
  })

  it('shows nobody the address of a visitor by a portal link, which reaches no one', async () => {
    const { page } = set.ann
    const body = { organization: 'acme', user: 'Bob', role: 'admin' }
    await controlApi(set.server.control)('POST', '/v1/portal-sessions', { body })
    for (const path of ['acme/members', 'instance/people']) {
      await page.goto(`${set.server.control}/${path}`)
      await page.getByText('Comes by a portal link').filter({ visible: true }).first().waitFor()
      expect(await page.content()).not.toContain('portal.invalid')
    }
    await page.getByRole('button', { name: 'Manage Bob' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Disable' }).waitFor()
    expect(await page.getByRole('button', { name: 'Make a password link' }).count()).toBe(0)
    expect(await faults(page, 'dialog-portal-visitor')).toEqual([])
    await page.keyboard.press('Escape')
  })

  it('leads back from a key that is not there', async () => {
    const { page } = set.ann
    await page.goto(`${set.server.control}/acme/keys/key_nothing`)
    await page.getByText('There is nothing here').waitFor()
    await page.getByRole('link', { name: 'All API keys' }).click()
    await page.getByRole('heading', { level: 1, name: 'API keys' }).waitFor()
  })

  it('gives the focus back to where a menu or a dialog was opened', async () => {
    const { page } = set.ann
    await page.goto(`${set.server.control}/instance/organizations`)
    const manage = page.getByRole('button', { name: 'Manage acme' })
    await manage.focus()
    await page.keyboard.press('Enter')
    await page.getByRole('menuitem', { name: 'Delete' }).waitFor()
    expect(await faults(page, 'row-menu')).toEqual([])
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    expect(await page.locator(':focus').getAttribute('aria-label')).toBe('Manage acme')
  })

  it('keeps the focus on what is pressed with the keyboard, while it is done and after', async () => {
    const { page } = set.ann
    const { key } = await set.server.issueElsewhere({ name: 'Paused' })
    await page.goto(`${set.server.control}/${key.organization}/keys/${key.id}`)
    await page.getByRole('button', { name: 'Suspend' }).focus()
    await page.keyboard.down('Enter')
    await page.getByRole('button', { name: 'Resume' }).waitFor()
    expect(await page.locator(':focus').innerText()).toBe('Resume')
    // Held down, it is not pressed again.
    const changes: string[] = []
    page.on('request', (request) => request.method() === 'POST' && changes.push(request.url()))
    await page.keyboard.down('Enter')
    await page.keyboard.down('Enter')
    await page.keyboard.up('Enter')
    expect(changes).toEqual([])
    await page.getByRole('button', { name: 'Resume' }).press('Enter')
    await page.getByRole('button', { name: 'Suspend' }).waitFor()
    expect(changes).toHaveLength(1)
  })

  it('lets everyone use its dialogs', async () => {
    const { page } = set.ann
    const { key } = await set.server.issue({ name: 'Dialogs' })
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
      await page.goto(`${set.server.control}/${path}`)
      await page.getByRole('button', { name: button }).first().click()
      await page.getByRole('dialog').waitFor()
      found.push(...(await faults(page, `dialog-${button.toLowerCase().replaceAll(' ', '-')}`)))
      await page.keyboard.press('Escape')
      await page.getByRole('dialog').waitFor({ state: 'detached' })
    }
    expect(found).toEqual([])
    expect(set.ann.complaints).toEqual([])
  })

  it('shows a service key once, lists it, and revokes it', async () => {
    const { page } = set.ann
    await page.goto(`${set.server.control}/instance/service-keys`)
    await page.getByRole('button', { name: 'Create service key' }).first().click()
    await page.getByLabel('Name', { exact: true }).fill('Billing')
    await page.getByRole('dialog').getByRole('button', { name: 'Create service key' }).click()
    const credential = await page.getByLabel('The new service key').innerText()
    expect(credential).toMatch(/^kwo_/)
    expect(await faults(page, 'service-key-reveal')).toEqual([])
    await page.getByLabel('I have stored this key').check()
    await page.getByRole('button', { name: 'Done' }).click()
    await page.getByRole('row', { name: /Billing/ }).waitFor()
    expect(await page.content()).not.toContain(credential)
    expect(await faults(page, 'service-keys')).toEqual([])
    await page.getByRole('button', { name: 'Revoke Billing' }).click()
    await page.getByText('is refused at once. There is no way back.').waitFor()
    await page.getByRole('button', { name: 'Revoke for good' }).click()
    await page.getByRole('row', { name: /Billing.*Revoked/ }).waitFor()
    const headers = { authorization: `Bearer ${credential}` }
    expect((await fetch(`${set.server.control}/v1/whoami`, { headers })).status).toBe(401)
  })

  it('opens in less than 180 kB of compressed script', async () => {
    const { page, context } = await visit(set.browser)
    const scripts: number[] = []
    page.on('response', async (response) => {
      if (response.request().resourceType() === 'script') {
        scripts.push(Number(response.headers()['content-length']))
        expect(response.headers()['content-encoding']).toBe('br')
      }
    })
    await context.addCookies(await set.ann.context.cookies())
    await page.goto(`${set.server.control}/acme/keys`)
    await page.getByRole('heading', { level: 1, name: 'API keys' }).waitFor()
    await page.waitForLoadState('networkidle')
    const total = scripts.reduce((sum, size) => sum + size, 0)
    expect(total).toBeGreaterThan(50_000)
    expect(total).toBeLessThan(180_000)
    await context.close()
  })
})
