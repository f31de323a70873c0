import { describe, expect, it } from 'vitest'
import { controlApi } from '../../server/test/support/control-api.ts'
import { faults, visit } from './browser.ts'
import { holdBack, invite, inviteLink } from './steps.ts'
import { minute, stage } from './story.ts'

describe('the console where the server does not answer', { timeout: 2 * minute }, () => {
  const set = stage('holonomix')

  it('says of each part of the account that it could not be read, and reads it again when asked', async () => {
    const { page } = set.ann
    const parts = [
      ['**/api/auth/second-factor', 'Second factor', page.getByText('An authenticator app')],
      ['**/v1/cli-tokens*', 'Terminals that are logged in', page.getByText('in a terminal adds one')],
      ['**/api/auth/passkeys', 'Passkeys', null],
      ['**/api/auth/providers/linked', 'Accounts elsewhere', null],
      ['**/api/auth/sessions', 'Where you are signed in', page.getByText('This one')],
    ] as const
    for (const [address, title, then] of parts) {
      await page.route(address, (route) => route.abort())
      await page.goto(`${set.server.control}/account`)
      const card = page.locator('section').filter({ has: page.getByRole('heading', { level: 2, name: title }) })
      await card.getByText('The server does not answer').waitFor()
      if (then) expect(await then.count()).toBe(0)
      await page.unroute(address)
      await card.getByRole('button', { name: 'Try again' }).click()
      await page.getByText('The server does not answer').waitFor({ state: 'detached' })
      await then?.waitFor()
    }
  })

  it('says that the invitations could not be read', async () => {
    const { page } = set.ann
    await page.route('**/invitations*', (route) => route.abort())
    await page.goto(`${set.server.control}/acme/members`)
    await page.getByText('The server does not answer').waitFor()
    await page.unroute('**/invitations*')
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByText('The server does not answer').waitFor({ state: 'detached' })
  })

  it('says that a sign-in in front of it may have run out, where the server redirects', async () => {
    const { page } = set.ann
    const away = { status: 302, headers: { location: 'https://sign-in.example.com/' } }
    await page.route('**/invitations*', (route) => route.fulfill(away))
    await page.goto(`${set.server.control}/acme/members`)
    await page.getByText('Load the page anew: what stands in front of Keywright may want you to sign in.').waitFor()
    await page.unroute('**/invitations*')
  })

  it('says beside the button that no more could be loaded, and loads it when pressed again', async () => {
    const { page } = set.ann
    const { control } = set.server
    const api = controlApi(control)
    for (let i = 0; i < 51; i++) await api('POST', '/v1/service-keys', { body: { name: 'S', permissions: ['verify'] } })
    await page.goto(`${control}/instance/service-keys`)
    const more = page.getByRole('button', { name: 'Load more' })
    await more.waitFor()
    await page.route('**/v1/service-keys*', (route) => route.abort())
    await more.press('Enter')
    const said = page.getByRole('alert').getByText('The server does not answer')
    await said.waitFor()
    expect(await said.count()).toBe(1)
    const isInSight =
      '(({ top, bottom }) => top >= 0 && bottom <= innerHeight)(document.querySelector("[role=alert]").getBoundingClientRect())'
    expect(await page.evaluate(isInSight)).toBe(true)
    await page.unroute('**/v1/service-keys*')
    await more.press('Enter')
    await page.getByRole('button', { name: 'All are loaded' }).waitFor()
    expect(await said.count()).toBe(0)
  })

  it('opens a link when asked again, and says of none that it does not work', async () => {
    await set.ann.page.goto(`${set.server.control}/acme/keys`)
    const invitation = await inviteLink(set.ann, { email: 'bob@example.com', role: 'Member' })
    const session = { organization: 'acme', user: 'Carl', role: 'member' }
    const { json } = await controlApi(set.server.control)('POST', '/v1/portal-sessions', { body: session })
    const { page, context } = await visit(set.browser)
    for (const [address, opened] of [
      [invitation, 'Join your tenant'],
      [json.link, 'API keys'],
    ] as const) {
      await page.route('**/api/auth/**', (route) =>
        route.request().method() === 'POST' ? route.abort() : route.continue(),
      )
      await page.goto(address)
      await page.getByRole('heading', { level: 1, name: 'This link could not be opened' }).waitFor()
      await page.unroute('**/api/auth/**')
      await page.getByRole('button', { name: 'Try again' }).press('Enter')
      await page.getByRole('heading', { level: 1, name: opened }).waitFor()
      await expect.poll(() => page.locator(':focus').getAttribute('id')).toBe('content')
    }
    await context.close()
  })

  it('says in the switcher that there is no list, and reads it when asked to', async () => {
    const { page } = set.ann
    const isList = ({ pathname }: URL) => pathname === '/v1/organizations'
    await page.route(isList, (route) => route.abort())
    await page.goto(`${set.server.control}/acme/keys`)
    const switcher = page.getByRole('button', { name: 'Switch tenant' })
    await switcher.click()
    const again = page.getByRole('menuitem', { name: 'Try again' })
    await again.waitFor()
    expect(await faults(page, 'switcher-failed')).toEqual([])
    await page.unroute(isList)
    await again.click()
    await again.waitFor({ state: 'hidden' })
    await switcher.press('Enter')
    await page.getByRole('menuitem', { name: 'acme' }).waitFor()
    expect(await again.count()).toBe(0)
    await page.keyboard.press('Escape')
  })

  it('deletes nothing where it is not known what would go with it', async () => {
    const { page } = set.ann
    await page.goto(`${set.server.control}/instance/organizations`)
    await page.route('**/v1/organizations/acme*', (route) =>
      route.request().method() === 'DELETE' ? route.abort() : route.continue(),
    )
    await page.getByRole('button', { name: 'Manage acme' }).click()
    await page.getByRole('menuitem', { name: 'Delete' }).click()
    await page.getByText('The server does not answer').waitFor()
    await page.getByLabel('To delete it, type acme').fill('acme')
    const last = page.getByRole('button', { name: 'Delete the tenant for good' })
    expect(await last.isDisabled()).toBe(true)
    await page.unrouteAll()
    await page.getByRole('button', { name: 'Try again' }).click()
    await expect.poll(() => last.isEnabled()).toBe(true)
    await page.getByRole('button', { name: 'Cancel' }).click()
  })

  it('removes nobody where it is not known what would go with them, and counts it when asked again', async () => {
    const { page } = set.ann
    await page.goto(`${set.server.control}/acme/keys`)
    const bea = await invite(set.browser, set.ann, { name: 'Bea', email: 'bea@example.com', role: 'Member' })
    await bea.context.close()
    const isRemoval = ({ searchParams }: URL) => searchParams.has('dryRun')
    for (const [path, buttons] of [
      ['acme/members', ['Remove Bea']],
      ['instance/people', ['Manage Bea', 'Remove']],
    ] as const) {
      await page.goto(`${set.server.control}/${path}`)
      await page.route(isRemoval, (route) => route.abort())
      for (const name of buttons) await page.getByRole('button', { name, exact: true }).click()
      const dialog = page.getByRole('dialog', { name: 'Remove Bea' })
      await dialog.getByText('The server does not answer').waitFor()
      const last = dialog.getByRole('button', { name: /^Remove/ })
      expect(await last.isDisabled()).toBe(true)
      await page.unrouteAll()
      const letGo = await holdBack(page, isRemoval, 'DELETE')
      await dialog.getByRole('button', { name: 'Try again' }).click()
      await dialog.locator('[aria-live=polite]').getByText('Counting what would go').waitFor()
      letGo()
      await dialog.getByText(/0 keys|No key/).waitFor()
      await page.unrouteAll()
      expect(await last.isEnabled()).toBe(true)
      await page.keyboard.press('Escape')
    }
  })

  it('goes on from the tenant that it made when only its key is missing', async () => {
    const { page } = set.ann
    await page.goto(`${set.server.control}/instance/organizations`)
    await page.getByRole('button', { name: 'Create tenant' }).first().click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Name', { exact: true }).fill('Umbrella')
    await dialog.getByLabel('Tenant id').fill('umbrella')
    const isNew = ({ pathname }: URL) => pathname === '/v1/keys'
    await page.route(isNew, (route) => (route.request().method() === 'POST' ? route.abort() : route.continue()))
    await dialog.getByRole('button', { name: 'Create tenant' }).click()
    await dialog.getByText('The server does not answer').waitFor()
    await dialog.getByText('Its key is what is missing.').waitFor()
    expect(await faults(page, 'tenant-without-key')).toEqual([])
    await page.unroute(isNew)
    await dialog.getByRole('button', { name: 'Create its key' }).click()
    await page.getByLabel('The new key').waitFor()
    await page.getByLabel('I have stored this key').check()
    await page.getByRole('button', { name: 'Done' }).click()
    expect(await page.getByRole('row', { name: /Umbrella/ }).count()).toBe(1)
  })

  it('says so above a key that it has shown, and offers no action once the key is gone', async () => {
    const { page } = set.ann
    const { key } = await set.server.issueElsewhere({ name: 'Short-lived' })
    const isKey = ({ pathname }: URL) => pathname === `/v1/keys/${key.id}`
    await page.goto(`${set.server.control}/${key.organization}/keys/${key.id}`)
    await page.getByRole('button', { name: 'Revoke' }).waitFor()
    await page.route(isKey, (route) => route.abort())
    await page.getByText('The server does not answer').waitFor()
    expect(await page.getByRole('button', { name: 'Revoke' }).count()).toBe(1)
    await page.unroute(isKey)
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByText('The server does not answer').waitFor({ state: 'detached' })

    await controlApi(set.server.control)('DELETE', `/v1/organizations/${key.organization}`)
    await page.getByRole('button', { name: 'Revoke' }).waitFor({ state: 'detached' })
    await page.getByRole('alert').first().waitFor()
    await page.getByRole('heading', { level: 1, name: 'Short-lived' }).waitFor()
  })

  it('says what failed where it is seen by who has come to the end of a dialog', async () => {
    const { page } = set.ann
    await page.setViewportSize({ width: 320, height: 600 })
    await page.goto(`${set.server.control}/instance/service-keys`)
    await page.route('**/v1/service-keys', (route) =>
      route.request().method() === 'POST' ? route.abort() : route.continue(),
    )
    await page.getByRole('button', { name: 'Create service key' }).first().click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Name', { exact: true }).fill('In vain')
    await dialog.getByLabel('For', { exact: true }).focus()
    await dialog.getByRole('button', { name: 'Create service key' }).press('Enter')
    const box = await dialog.getByRole('alert').boundingBox()
    const frame = await dialog.boundingBox()
    expect(box?.y).toBeGreaterThan(frame?.y ?? Number.NaN)
    await page.unrouteAll()
    await page.setViewportSize({ width: 1280, height: 860 })
  })

  it('says once what could not be read, and leaves the focus on the button that tries again', async () => {
    const { context } = set.ann
    const { key } = await set.server.issueElsewhere({ name: 'Unread' })
    const other = await context.newPage()
    await other.clock.install()
    for (const [path, unread] of [
      [`${key.organization}/keys/${key.id}`, /\/v1\/keys\//],
      ['acme/usage', /\/v1\/usage/],
    ] as const) {
      await other.route(unread, (route) => route.fulfill({ status: 503 }))
      await other.goto(`${set.server.control}/${path}`)
      // That very button: on a page of several parts, that of another part may come before it.
      const again = await other.getByRole('button', { name: 'Try again' }).first().elementHandle()
      await again?.focus()
      await other.clock.fastForward(20_000)
      await other.evaluate('new Promise(requestAnimationFrame)')
      expect(await again?.evaluate((button) => button.matches(':focus'))).toBe(true)
      await other.unrouteAll()
    }
    await other.close()
  })

  it('says that nobody was signed out, and signs out when asked again', async () => {
    const { page, context, complaints } = set.ann
    await page.goto(`${set.server.control}/acme/members`)
    await page.getByRole('heading', { level: 1, name: 'Members' }).waitFor()
    await context.setOffline(true)
    await page.getByRole('button', { name: 'Account and appearance' }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'You are still signed in' }).waitFor()
    // On a phone too, where the menu that led here is out of sight.
    await page.setViewportSize({ width: 360, height: 860 })
    await page.getByRole('heading', { name: 'You are still signed in' }).waitFor()
    expect(await faults(page, 'still-signed-in')).toEqual([])
    await context.setOffline(false)
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor()
    expect(complaints).toEqual([])
  })
})
