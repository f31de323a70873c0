import type { Page } from '@playwright/test'
import { describe, expect, it } from 'vitest'
import { totp } from '../../server/test/support/totp.ts'
import { faults } from './browser.ts'
import { recordUses } from './recorded.ts'
import { goesBackInVain, holdBack, inviteLink, takeKey } from './steps.ts'
import { minute, stage } from './story.ts'

const password = 'correct horse battery'

describe('a secret that is shown once', { timeout: 3 * minute }, () => {
  const set = stage('hopx')

  async function fillIn(page: Page, name: string) {
    await page.getByLabel('Name', { exact: true }).fill(name)
    await page.getByRole('checkbox', { name: /sandboxes:read/ }).check()
    await page.getByRole('dialog').getByRole('button', { name: 'Create API key' }).click()
  }

  async function create(page: Page, name: string) {
    await page.goto(`${set.server.control}/acme/keys`)
    await page.getByRole('button', { name: 'Create API key' }).first().click()
    await fillIn(page, name)
  }

  async function signInAgain(page: Page) {
    await page.getByRole('alert').getByRole('link', { name: 'Sign in' }).click()
    await signIn(page)
  }

  async function signIn(page: Page) {
    await page.getByLabel('E-mail').fill('ann@example.com')
    await page.getByLabel('Password').fill(password)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  }

  async function asksBeforeItReloads(page: Page) {
    const [asked] = await Promise.all([
      page.waitForEvent('dialog'),
      page.evaluate('void setTimeout(() => location.reload())'),
    ])
    expect(asked.type()).toBe('beforeunload')
    await asked.dismiss()
  }

  it('is seen of the first key too, made with the button in the middle of the page', async () => {
    const { page } = set.ann
    await page.goto(`${set.server.control}/acme/keys`)
    const middle = page.locator('section').getByRole('button', { name: 'Create API key' })
    await middle.click()
    await fillIn(page, 'The first')
    await page.getByRole('link', { name: 'The first', includeHidden: true }).waitFor()
    await middle.waitFor({ state: 'detached' })
    expect(await takeKey(page)).toMatch(/^hopx_live_/)
    expect(await page.locator(':focus').getAttribute('id')).toBe('content')
  })

  it('stays through Back, and the browser asks before it reloads', async () => {
    const { page } = set.ann
    await page.goto(`${set.server.control}/acme/members`)
    await page.getByRole('link', { name: 'API keys' }).click()
    await page.getByRole('button', { name: 'Create API key' }).first().click()
    await fillIn(page, 'Held')
    await page.getByLabel('The new key').waitFor()
    await goesBackInVain(page)
    await asksBeforeItReloads(page)
    expect(page.url()).toBe(`${set.server.control}/acme/keys`)
    await takeKey(page)
    await page.goBack()
    await page.getByRole('heading', { level: 1, name: 'Members' }).waitFor()
  })

  it('stays through Back while it is being made', async () => {
    const { page } = set.ann
    await page.goto(`${set.server.control}/acme/members`)
    await page.getByRole('link', { name: 'API keys' }).click()
    await page.getByRole('button', { name: 'Create API key' }).first().click()
    const letGo = await holdBack(page, ({ pathname }) => pathname === '/v1/keys')
    await fillIn(page, 'Held early')
    await page.getByRole('dialog').locator('[aria-busy]').waitFor()
    await goesBackInVain(page)
    await asksBeforeItReloads(page)
    letGo()
    expect(await takeKey(page)).toMatch(/^hopx_live_/)
    await page.unrouteAll()
    expect(page.url()).toBe(`${set.server.control}/acme/keys`)
  })

  it('stays where the chart behind it cannot be loaded', async () => {
    const { page } = set.ann
    const { key } = await set.server.issue({ name: 'Charted' })
    recordUses(set.server, [{ key: key.id, route: '/v1/sandboxes', atMs: Date.now() }])
    await page.route('**/assets/chart-*', (route) => route.abort())
    const letGo = await holdBack(page, ({ pathname }) => pathname === '/v1/usage', 'GET')
    await page.goto(`${set.server.control}/acme/keys/${key.id}`)
    await page.getByRole('button', { name: 'Rotate' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Rotate' }).click()
    await page.getByLabel('The new key').waitFor()
    letGo()
    await page.getByText('The chart could not be loaded').or(page.getByText('could not be shown')).waitFor()
    expect(await takeKey(page)).toMatch(/^hopx_live_/)
    await page.unrouteAll()
  })

  it('cannot be cancelled away while it is being made', async () => {
    const { page } = set.ann
    const { key } = await set.server.issue({ name: 'Slowly' })
    await page.goto(`${set.server.control}/acme/keys/${key.id}`)
    const letGo = await holdBack(page, ({ pathname }) => pathname.endsWith('/rotate'))
    await page.getByRole('button', { name: 'Rotate' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Rotate' }).click()
    await dialog.locator('[aria-busy]').waitFor()
    expect(await dialog.getByRole('button', { name: 'Cancel' }).isDisabled()).toBe(true)
    letGo()
    await takeKey(page)
    await page.unrouteAll()
  })

  it('does not wait until the page behind it has been read again', async () => {
    const { page } = set.ann
    const { key } = await set.server.issue({ name: 'In no hurry' })
    await page.goto(`${set.server.control}/acme/keys`)
    await page.getByRole('link', { name: 'In no hurry' }).waitFor()
    await holdBack(page, ({ pathname }) => pathname === '/v1/keys', 'GET')
    await page.getByRole('button', { name: 'Create API key' }).first().click()
    await fillIn(page, 'Made meanwhile')
    await takeKey(page)
    await page.unrouteAll({ behavior: 'ignoreErrors' })

    await page.goto(`${set.server.control}/acme/keys/${key.id}`)
    await page.getByRole('button', { name: 'Rotate' }).click()
    await holdBack(page, ({ pathname }) => pathname === `/v1/keys/${key.id}`, 'GET')
    await page.getByRole('dialog').getByRole('button', { name: 'Rotate' }).click()
    await takeKey(page)
    await page.unrouteAll({ behavior: 'ignoreErrors' })
  })

  it('says how to take it along where the browser does not let it be copied', async () => {
    const { page } = set.ann
    // As it is on a page that came by plain HTTP from another machine.
    await page.addInitScript(`Object.defineProperty(navigator, 'clipboard', { value: undefined })`)
    await create(page, 'Copied by hand')
    await page.getByRole('button', { name: 'Copy key' }).click()
    await page.getByRole('alert').getByText('Could not copy: select it and copy it by hand.').waitFor()
    expect(await faults(page, 'could-not-copy')).toEqual([])
    await page.getByRole('button', { name: 'Copy the curl lines' }).click()
    expect(await page.getByRole('alert').filter({ hasText: 'Could not copy' }).count()).toBe(2)
    await takeKey(page)
    expect(set.ann.complaints).toEqual([])
  })

  it('outlives the session, whose end is said where it is seen first, with the way back in', async () => {
    const { page } = set.ann
    await create(page, 'Just in time')
    await page.getByLabel('The new key').waitFor()
    await page.evaluate(`fetch('/api/auth/sign-out', { method: 'POST' })`)
    await page.clock.setFixedTime(Date.now() + 2 * minute)
    await page.evaluate(`window.dispatchEvent(new Event('visibilitychange'))`)
    await page.getByText('Your session has ended.').waitFor()
    await takeKey(page)
    expect(await page.getByText(/credential|Bearer/).count()).toBe(0)
    expect(await faults(page, 'session-ended')).toEqual([])
    await signInAgain(page)
    await page.getByRole('link', { name: 'Just in time' }).waitFor()
    expect(await page.getByText('Your session has ended.').count()).toBe(0)

    // The next call finds out, and the page after that is the one for signing in.
    await page.evaluate(`fetch('/api/auth/sign-out', { method: 'POST' })`)
    await page.getByLabel('Search by name, hint or id').fill('just')
    await page.getByText('Your session has ended.').waitFor()
    await page.getByRole('link', { name: 'Members' }).click()
    await signIn(page)
    await page.getByRole('heading', { level: 1, name: 'Members' }).waitFor()
    expect(set.ann.complaints).toEqual([])
  })

  it('goes on in a session that was begun anew in another window, and says no more that it has ended', async () => {
    const { page, context } = set.ann
    const { key } = await set.server.issue({ name: 'Looked at' })
    await page.goto(`${set.server.control}/acme/keys/${key.id}`)
    await page.getByRole('heading', { level: 1, name: 'Looked at' }).waitFor()
    await page.evaluate(`fetch('/api/auth/sign-out', { method: 'POST' })`)
    await page.getByText('Your session has ended.').waitFor()
    const other = await context.newPage()
    await other.goto(`${set.server.control}/sign-in`)
    await signIn(other)
    await other.getByRole('heading', { level: 1, name: 'API keys' }).waitFor()
    await page.getByText('Your session has ended.').waitFor({ state: 'detached' })
    await other.close()
  })

  it('keeps what was typed into a dialog whose session has ended, with a way back in that lies over no page', async () => {
    const { page, context } = set.ann
    await page.goto(`${set.server.control}/acme/keys`)
    await page.getByRole('button', { name: 'Create API key' }).first().click()
    const dialog = page.getByRole('dialog')
    await page.evaluate(`fetch('/api/auth/sign-out', { method: 'POST' })`)
    await fillIn(page, 'Typed in vain')
    const wayIn = dialog.getByRole('link', { name: 'Sign in in a new window' })
    const [other] = await Promise.all([context.waitForEvent('page'), wayIn.click()])
    await signIn(other)
    await other.getByRole('heading', { level: 1, name: 'API keys' }).waitFor()
    await other.close()
    await dialog.getByRole('button', { name: 'Create API key' }).click()
    await takeKey(page)
    await page.getByRole('link', { name: 'Typed in vain' }).waitFor()
    await page.getByText('Your session has ended.').waitFor({ state: 'detached' })
  })

  it.each([
    { page: 'one of an organization', path: '/acme/keys', last: '/v1/organizations/acme' },
    { page: 'the first', path: '/', last: '/v1/organizations' },
  ])('leads to signing in where the session ends while a page is loading: $page', async ({ path, last }) => {
    const { page } = set.ann
    const letGo = await holdBack(page, ({ pathname }) => pathname === last, 'GET')
    const asked = page.waitForRequest((request) => new URL(request.url()).pathname === last)
    await page.goto(`${set.server.control}${path}`)
    await asked
    await page.evaluate(`fetch('/api/auth/sign-out', { method: 'POST' })`)
    letGo()
    await signIn(page)
    await page.unrouteAll()
    await page.getByRole('heading', { level: 1, name: 'API keys' }).waitFor()
    expect(set.ann.complaints).toEqual([])
  })

  it('shows nothing that was read for one person to another who signed in in another window', async () => {
    const { page, context } = set.ann
    const { key } = await set.server.issueElsewhere({ name: 'Of Ann alone' })
    await page.goto(`${set.server.control}/acme/members`)
    const link = await inviteLink(set.ann, { email: 'zoe@example.com', role: 'Member' })
    await page.goto(`${set.server.control}/${key.organization}/keys/${key.id}`)
    await page.getByRole('heading', { level: 1, name: 'Of Ann alone' }).waitFor()
    await page.evaluate(`fetch('/api/auth/sign-out', { method: 'POST' })`)
    await page.getByText('Your session has ended.').waitFor()
    const other = await context.newPage()
    await other.goto(link)
    await other.getByLabel('Name', { exact: true }).fill('Zoe')
    await other.getByLabel('Password').fill(password)
    await other.getByRole('button', { name: 'Create your account' }).click()
    await other.getByRole('heading', { level: 1, name: 'API keys' }).waitFor()
    await page.getByText('Of Ann alone').waitFor({ state: 'detached' })
    await other.evaluate(`fetch('/api/auth/sign-out', { method: 'POST' })`)
    await other.close()
    await page.goto(`${set.server.control}/sign-in`)
    await signIn(page)
    await page.getByRole('heading', { level: 1, name: 'API keys' }).waitFor()
  })

  it('says who has signed in in another window as soon as one comes back to this one', async () => {
    const { page, context } = set.ann
    await page.goto(`${set.server.control}/acme/members`)
    const link = await inviteLink(set.ann, { email: 'yves@example.com', role: 'Member' })
    const who = page.getByRole('button', { name: 'Account and appearance' })
    await who.getByText('Ann Smith').waitFor()
    await page.evaluate(`fetch('/api/auth/sign-out', { method: 'POST' })`)
    const other = await context.newPage()
    await other.goto(link)
    await other.getByLabel('Name', { exact: true }).fill('Yves')
    await other.getByLabel('Password').fill(password)
    await other.getByRole('button', { name: 'Create your account' }).click()
    await other.getByRole('heading', { level: 1, name: 'API keys' }).waitFor()
    // Both may read this page, so no answer tells of it.
    await page.evaluate(`window.dispatchEvent(new Event('visibilitychange'))`)
    await who.getByText('Yves', { exact: true }).waitFor()
    await other.evaluate(`fetch('/api/auth/sign-out', { method: 'POST' })`)
    await other.goto(`${set.server.control}/sign-in`)
    await signIn(other)
    await other.getByRole('heading', { level: 1, name: 'API keys' }).waitFor()
    await other.close()
    // Of two windows side by side none is ever out of sight.
    await page.evaluate(`window.dispatchEvent(new Event('focus'))`)
    await who.getByText('Ann Smith').waitFor()
  })

  it('is not made where it is not known yet whether somebody else has signed in, and then not for them', async () => {
    const { page, context } = set.ann
    await page.goto(`${set.server.control}/acme/members`)
    const link = await inviteLink(set.ann, { email: 'xenia@example.com', role: 'Admin' })
    await page.getByRole('link', { name: 'API keys' }).click()
    await page.getByRole('button', { name: 'Create API key' }).first().click()
    await page.evaluate(`fetch('/api/auth/sign-out', { method: 'POST' })`)
    const other = await context.newPage()
    await other.goto(link)
    await other.getByLabel('Name', { exact: true }).fill('Xenia')
    await other.getByLabel('Password').fill(password)
    await other.getByRole('button', { name: 'Create your account' }).click()
    await other.getByRole('heading', { level: 1, name: 'API keys' }).waitFor()
    const sent: string[] = []
    page.on('request', (request) => request.method() === 'POST' && sent.push(request.url()))
    const letGo = await holdBack(page, ({ pathname }) => pathname === '/v1/whoami', 'GET')
    await page.evaluate(`window.dispatchEvent(new Event('focus'))`)
    await fillIn(page, 'Meant by Ann')
    await page.getByRole('dialog').locator('[aria-busy]').waitFor()
    letGo()
    await page.getByRole('button', { name: 'Account and appearance' }).getByText('Xenia', { exact: true }).waitFor()
    await page.unrouteAll()
    // Nor between that it is known and that the page is loaded anew.
    await page.getByRole('button', { name: 'Create API key' }).first().click()
    await page.getByLabel('Name', { exact: true }).fill('Meant by Xenia')
    await page.getByRole('checkbox', { name: /sandboxes:read/ }).check()
    await other.evaluate(`fetch('/api/auth/sign-out', { method: 'POST' })`)
    await other.goto(`${set.server.control}/sign-in`)
    await signIn(other)
    await other.getByRole('heading', { level: 1, name: 'API keys' }).waitFor()
    const load = await holdBack(page, ({ pathname }) => pathname === '/acme/keys', 'GET')
    const clicked = page.waitForRequest('**/clicked')
    await page.evaluate(`addEventListener('beforeunload', () => setTimeout(() => {
      document.querySelector('dialog [type=submit]').click()
      setTimeout(() => fetch('/clicked'))
    }))`)
    await page.evaluate(`window.dispatchEvent(new Event('focus'))`)
    await clicked
    load()
    await page.getByRole('button', { name: 'Account and appearance' }).getByText('Ann Smith').waitFor()
    expect(sent).toEqual([])
    await page.unrouteAll()
    await other.close()
  })

  it('is held where it is a service key', async () => {
    const { page } = set.ann
    await page.goto(`${set.server.control}/instance/service-keys`)
    await page.getByRole('button', { name: 'Create service key' }).first().click()
    await page.getByLabel('Name', { exact: true }).fill('Held too')
    await page.getByRole('dialog').getByRole('button', { name: 'Create service key' }).click()
    await page.getByLabel('The new service key').waitFor()
    await asksBeforeItReloads(page)
    await page.getByLabel('I have stored this key').check()
    await page.getByRole('button', { name: 'Done' }).click()
  })

  it('is held where it is a list of recovery codes', async () => {
    const { page } = set.ann
    await page.goto(`${set.server.control}/account`)
    await page.getByRole('button', { name: 'Turn on' }).click()
    await page.getByLabel('Your password').fill(password)
    await page.getByRole('button', { name: 'Continue' }).click()
    const secret = await page.getByLabel('The secret').innerText()
    await page.getByLabel('Code', { exact: true }).fill(totp(`otpauth://totp/x?secret=${secret}`))
    await page.getByRole('button', { name: 'Turn on' }).last().click()
    await page.getByLabel('Recovery codes', { exact: true }).waitFor()
    await asksBeforeItReloads(page)
    await page.getByLabel('I have stored these codes').check()
    await page.getByRole('button', { name: 'Done' }).click()
    expect(set.ann.complaints).toEqual([])
  })
})
