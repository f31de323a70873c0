import type { Locator } from '@playwright/test'
import { describe, expect, it } from 'vitest'
import { controlApi } from '../../server/test/support/control-api.ts'
import { visit } from './browser.ts'
import { holdBack, invite, inviteLink } from './steps.ts'
import { minute, stage } from './story.ts'

describe('who cannot see, point or tell colours apart', { timeout: 2 * minute }, () => {
  const set = stage('hopx')

  it('is told what a search finds, and that it finds nothing', async () => {
    const { page } = set.ann
    await set.server.issue({ name: 'Findable' })
    const api = controlApi(set.server.control)
    await api('POST', '/v1/organizations', { body: { id: 'second', name: 'Second' } })
    const lists = [
      ['acme/keys', 'Search by name, hint or id', 'No key matches'],
      ['instance/organizations', 'Search by name or id', 'No organization matches'],
    ] as const
    for (const [path, label, none] of lists) {
      await page.goto(`${set.server.control}/${path}`)
      await page.getByLabel(label).waitFor()
      // What appears together with its region is not read out: it has to be the same one throughout.
      const region = page.locator('[aria-live="polite"]').filter({ hasText: /^\d/ })
      await region.waitFor()
      await page.evaluate(`document.querySelector('[aria-live=polite]:has(footer)').setAttribute('data-seen', '')`)
      const told = page.locator('[aria-live="polite"][data-seen]')
      await page.getByLabel(label).fill('nothing is called so')
      await told.getByText(none).waitFor()
      await page.getByLabel(label).fill('')
      await told.getByText(/^\d+ (key|organization)/).waitFor()
    }
  })

  it('keeps the focus on the button that led to the last page', async () => {
    const { page } = set.ann
    await controlApi(set.server.control)('POST', '/v1/organizations', { body: { id: 'paged', name: 'Paged' } })
    for (let i = 0; i < 51; i++) await set.server.issue({ organization: 'paged', name: `No. ${i}` })
    await page.goto(`${set.server.control}/paged/keys`)
    await page.getByRole('button', { name: 'Next' }).press('Enter')
    await page.getByText('1 key · page 2').waitFor()
    expect(await page.locator(':focus').innerText()).toBe('Next')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Back', exact: true }).press('Enter')
    await page.getByText('50 keys · page 1').waitFor()
    expect(await page.locator(':focus').innerText()).toBe('Back')
  })

  it('stays in the field of a search that it empties', async () => {
    const { page } = set.ann
    const lists = [
      ['acme/keys', 'Search by name, hint or id', 'No key matches'],
      ['instance/organizations', 'Search by name or id', 'No organization matches'],
    ] as const
    for (const [path, label, none] of lists) {
      await page.goto(`${set.server.control}/${path}`)
      const field = page.getByLabel(label)
      await field.fill('nothing is called so')
      await page.getByText(none).waitFor()
      await page.evaluate(`new MutationObserver(() => {
        if (/No (API keys|organizations) yet/.test(document.body.innerText)) document.body.dataset.lied = ''
      }).observe(document.body, { subtree: true, childList: true })`)
      await field.press('ControlOrMeta+A')
      await field.press('Delete')
      await page.getByText(/^\d+ (key|organization)/).waitFor()
      expect(await field.and(page.locator(':focus')).count()).toBe(1)
      expect(await page.locator('[data-lied]').count()).toBe(0)
    }
  })

  it('keeps the focus on the button that loaded the last', async () => {
    const { page } = set.ann
    const api = controlApi(set.server.control)
    for (let i = 0; i < 51; i++) await api('POST', '/v1/service-keys', { body: { name: 'S', permissions: ['verify'] } })
    for (const path of ['paged/audit', 'instance/service-keys']) {
      await page.goto(`${set.server.control}/${path}`)
      await page.getByRole('button', { name: 'Load more' }).press('Enter')
      await page.getByRole('button', { name: 'All are loaded' }).waitFor()
      expect(await page.locator(':focus').innerText()).toBe('All are loaded')
    }
  })

  it('goes on in the page where a button went with what it ended', async () => {
    const { page } = set.ann
    await set.server.issue({ name: 'Endless', expiresAt: null })
    await page.goto(`${set.server.control}/acme/members`)
    await inviteLink(set.ann, { email: 'bob@example.com', role: 'Member' })
    const elsewhere = await fetch(`${set.server.control}/api/auth/sign-in/email`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: set.server.control },
      body: JSON.stringify({ email: 'ann@example.com', password: 'correct horse battery' }),
    })
    expect(elsewhere.status).toBe(200)
    const ends = [
      ['acme/members', 'Withdraw the invitation of bob@example.com'],
      ['acme/hygiene', 'Expire in 90 days: Endless'],
      ['account', 'Sign out there (node)'],
    ] as const
    for (const [path, name] of ends) {
      await page.goto(`${set.server.control}/${path}`)
      const button = page.getByRole('button', { name })
      await button.press('Enter')
      await button.waitFor({ state: 'detached' })
      expect(await page.locator(':focus').getAttribute('id')).toBe('content')
    }
  })

  it('goes on in the dialog that asks whether to remove an account', async () => {
    const { page } = set.ann
    const zoe = await invite(set.browser, set.ann, { email: 'zoe@example.com', role: 'Member', name: 'Zoe' })
    await zoe.context.close()
    await page.goto(`${set.server.control}/instance/people`)
    await page.getByRole('button', { name: 'Manage Zoe' }).press('Enter')
    await page.getByRole('dialog', { name: 'Zoe' }).getByRole('button', { name: 'Remove' }).press('Enter')
    const dialog = page.getByRole('dialog', { name: 'Remove Zoe' })
    await dialog.locator('[aria-live=polite]').getByText('With the account go 1 place').waitFor()
    await dialog.locator(':focus').waitFor()
    await dialog.getByRole('button', { name: 'Remove for good' }).press('Enter')
    await page.getByRole('button', { name: 'Manage Zoe' }).waitFor({ state: 'detached' })
    await expect.poll(() => page.locator(':focus').getAttribute('id')).toBe('content')
  })

  it('stays on the button that is busy, however often Esc is pressed, and finds no way past it', async () => {
    const { page } = set.ann
    await page.goto(`${set.server.control}/acme/keys`)
    const yan = await invite(set.browser, set.ann, { email: 'yan@example.com', role: 'Member', name: 'Yan' })
    await yan.context.close()
    await page.goto(`${set.server.control}/instance/people`)
    await page.getByRole('button', { name: 'Manage Yan' }).press('Enter')
    const dialog = page.getByRole('dialog')
    const letGo = await holdBack(page, ({ pathname }) => pathname.endsWith('/disable'))
    await dialog.getByRole('button', { name: 'Disable' }).press('Enter')
    await dialog.locator('[aria-busy]').waitFor()
    for (let i = 0; i < 3; i++) await page.keyboard.press('Escape')
    expect(await page.locator(':focus').innerText()).toBe('Disable')
    expect(await dialog.getByRole('button', { name: 'Remove' }).isDisabled()).toBe(true)
    letGo()
    await dialog.waitFor({ state: 'detached' })
    await page.unrouteAll()
    expect(await page.locator(':focus').getAttribute('aria-label')).toBe('Manage Yan')
  })

  it('goes on in a dialog whose button to try again has gone', async () => {
    const { page } = set.ann
    await set.server.issue({ name: 'Uncounted' })
    await page.goto(`${set.server.control}/acme/keys`)
    await page.getByLabel('Choose Uncounted').check()
    await page.route('**/v1/keys/bulk-revoke', (route) => route.abort())
    await page.getByRole('button', { name: 'Revoke 1' }).click()
    const dialog = page.getByRole('dialog')
    const again = dialog.getByRole('button', { name: 'Try again' })
    await again.waitFor()
    await page.unroute('**/v1/keys/bulk-revoke')
    await again.press('Enter')
    await dialog.getByText('1 key would be revoked').waitFor()
    await dialog.and(page.locator(':focus')).waitFor()
    await dialog.getByRole('button', { name: 'Cancel' }).click()
  })

  it('is told what each row of a table is called', async () => {
    const { page } = set.ann
    await set.server.issue({ name: 'Called so' })
    for (const [path, name] of [
      ['acme/keys', 'Called so'],
      ['instance/organizations', 'acme'],
      ['instance/people', 'Ann Smith'],
    ] as const) {
      await page.goto(`${set.server.control}/${path}`)
      await page.getByRole('rowheader', { name }).waitFor()
      // As in the cells beside it.
      const style = `getComputedStyle(document.querySelector('th[scope=row]'))`
      expect(await page.evaluate(`[${style}.fontWeight, ${style}.textAlign]`)).toEqual(['400', 'left'])
    }
  })

  it('finds nothing that has the focus under the bar at the top', async () => {
    const { page } = set.ann
    await page.setViewportSize({ width: 768, height: 600 })
    await page.goto(`${set.server.control}/paged/keys`)
    await page.getByRole('button', { name: 'Next' }).focus()
    const covered: string[] = []
    for (let i = 0; i < 100; i++) {
      await page.keyboard.press('Shift+Tab')
      const name = await page.evaluate(`(({ activeElement: at }) => {
        const { left, top, bottom } = at.getBoundingClientRect()
        const bar = document.querySelector('header').getBoundingClientRect()
        return bottom <= bar.bottom && !at.closest('header') && (at.ariaLabel ?? at.innerText)
      })(document)`)
      if (name !== false) covered.push(String(name))
    }
    expect(covered).toEqual([])
    await page.setViewportSize({ width: 1280, height: 860 })
  })

  it('is told of the page that a link of the menu led to, and goes on in it', async () => {
    const { page } = set.ann
    await page.goto(`${set.server.control}/acme/keys`)
    await page.getByRole('link', { name: 'Members' }).press('Enter')
    await page.getByRole('main', { name: 'Members', exact: true }).and(page.locator(':focus')).waitFor()
    await page.getByRole('button', { name: 'Account and appearance' }).press('Enter')
    await page.getByRole('menuitem', { name: 'Account' }).press('Enter')
    await page.getByRole('main', { name: 'Account', exact: true }).and(page.locator(':focus')).waitFor()
  })

  it('goes on in each step of the pages at the entrance', async () => {
    const { page, context } = await visit(set.browser)
    const isIn = (name: string) => page.getByRole('main', { name, exact: true }).and(page.locator(':focus')).waitFor()
    await page.goto(`${set.server.control}/sign-in`)
    await page.getByRole('link', { name: 'I have forgotten my password' }).press('Enter')
    await isIn('Set a new password')
    await page.getByLabel('E-mail').fill('nobody@example.com')
    await page.keyboard.press('Enter')
    await isIn('Look at your mail')

    await context.addCookies(await set.ann.context.cookies())
    const body = JSON.stringify({ client_id: 'keywright-cli' })
    const headers = { 'content-type': 'application/json' }
    const asked = await fetch(`${set.server.control}/api/auth/device/code`, { method: 'POST', headers, body })
    const { verification_uri_complete: link } = (await asked.json()) as { verification_uri_complete: string }
    await page.goto(link)
    await page.getByRole('button', { name: 'Continue' }).press('Enter')
    await isIn('Is this you?')
    await page.getByRole('button', { name: 'Deny' }).press('Enter')
    await isIn('It was turned away')
    await context.close()
  })

  it('is told how many keys are chosen, and how many a revocation would be, and nothing of the buttons beside', async () => {
    const { page } = set.ann
    await page.goto(`${set.server.control}/paged/keys`)
    await page.getByLabel('Choose all on this page').waitFor()
    await page.evaluate(`document.querySelector('main [aria-live=polite]:empty').setAttribute('data-chosen', '')`)
    await page.getByLabel('Choose all on this page').check()
    const told = page.locator('[data-chosen]')
    await told.getByText('50 keys chosen').waitFor()
    expect(await told.innerText()).toBe('50 keys chosen')
    await page.getByRole('button', { name: 'Revoke 50' }).click()
    await page.getByRole('dialog').locator('[aria-live=polite]').getByText('50 keys would be revoked').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('button', { name: 'Clear' }).press('Enter')
    await told.getByText('chosen').waitFor({ state: 'detached' })
    expect(await page.locator(':focus').getAttribute('id')).toBe('content')
  })

  it('sees in a menu what the arrow keys have come to', async () => {
    const { page } = set.ann
    await page.goto(`${set.server.control}/instance/organizations`)
    await page.getByRole('button', { name: 'Manage Second' }).press('Enter')
    await page.getByRole('menuitem', { name: 'Edit' }).and(page.locator(':focus')).waitFor()
    await page.keyboard.press('ArrowDown')
    await page.getByRole('menuitem', { name: 'Suspend' }).and(page.locator(':focus')).waitFor()
    expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid')
    await page.keyboard.press('Escape')
  })

  it('tells buttons and the chosen tab from what is beside them where the system sets all colours', async () => {
    const { page, context } = await visit(set.browser)
    await context.addCookies(await set.ann.context.cookies())
    await page.emulateMedia({ forcedColors: 'active' })
    const widths = (of: string, property: string) =>
      page.evaluate(`[...document.querySelectorAll('${of}')].map((one) => getComputedStyle(one).${property})`)
    await page.goto(`${set.server.control}/acme/keys`)
    await page.getByRole('button', { name: 'Create API key' }).waitFor()
    expect(await widths('main button.bg-ink', 'borderTopWidth')).toContain('1px')
    await page.goto(`${set.server.control}/acme/authentication`)
    await page.getByRole('tab', { name: 'curl' }).waitFor()
    expect(await widths('[role=tab]', 'borderBottomWidth')).toEqual(['2px', '0px', '0px', '0px', '0px'])
    await context.close()
  })

  it('sees the lengths of a ranking where the system sets all colours', async () => {
    const { page } = set.ann
    const { credential } = await set.server.issue({ name: 'In use' })
    await fetch(`${set.server.edge}/v1/sandboxes`, { headers: { authorization: `Bearer ${credential}` } })
    await page.emulateMedia({ forcedColors: 'active' })
    await expect
      .poll(async () => {
        await page.goto(`${set.server.control}/acme/usage`)
        await page.getByRole('heading', { name: /Top keys|No requests/ }).waitFor()
        return page.getByRole('listitem').filter({ hasText: 'In use' }).count()
      })
      .toBe(1)
    // Nothing was refused: no list is announced.
    await page.getByRole('heading', { name: 'Refused because' }).waitFor()
    expect(await page.locator('ol:empty').count()).toBe(0)
    const bar = `document.querySelector('ol [aria-hidden]')`
    expect(await page.evaluate(`getComputedStyle(${bar}).borderBottomWidth`)).toBe('2px')
    await page.emulateMedia({ forcedColors: 'none' })
  })

  it('learns from the title that there is nothing, and never half a letter', async () => {
    const { page } = set.ann
    await page.goto(`${set.server.control}/acme/nothing`)
    await page.getByRole('heading', { name: 'There is nothing here' }).waitFor()
    expect(await page.title()).toBe('There is nothing here · Keywright')
    await page.getByRole('main', { name: 'There is nothing here' }).and(page.locator(':focus')).waitFor()
    const name = `${'a'.repeat(79)}🚀 \u202e reversed`
    const { key } = await set.server.issue({ name })
    await page.goto(`${set.server.control}/acme/keys/${key.id}`)
    await page.getByRole('button', { name: 'Revoke' }).waitFor()
    expect(await page.title()).toBe(`${'a'.repeat(79)}🚀 \\u202e reversed · Keywright`)
  })

  it('reads the whole of a long name on the page of what is called so, on a phone too', async () => {
    const { page } = set.ann
    const { key } = await set.server.issue({ name: `${'production-'.repeat(12)}last` })
    await page.setViewportSize({ width: 360, height: 860 })
    await page.goto(`${set.server.control}/acme/keys/${key.id}`)
    await page.locator('h1 bdi').waitFor()
    const cut = await page.evaluate(
      `(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(document.querySelector('h1 bdi'))`,
    )
    expect(cut).toBe(0)
    const wider = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
    expect(wider).toBe(0)
    await page.setViewportSize({ width: 1280, height: 860 })
  })

  it('reads the whole of names and addresses of one long word where they are asked about, on a phone too', async () => {
    const { page } = set.ann
    const { control } = set.server
    const word = 'donaudampfschifffahrtsgesellschaftskapitaenswitwenrentenkasse'
    const api = controlApi(control)
    await api('POST', '/v1/organizations', { body: { id: 'one-word', name: word } })
    const invitation = { email: `${word}@example.com`, role: 'member' }
    const invited = await api('POST', '/v1/organizations/one-word/invitations', { body: invitation })
    const body = JSON.stringify({ client_id: 'keywright', device_name: word })
    const headers = { 'content-type': 'application/json' }
    const asked = await fetch(`${control}/api/auth/device/code`, { method: 'POST', headers, body })
    const { user_code } = (await asked.json()) as { user_code: string }
    await page.setViewportSize({ width: 360, height: 860 })
    const cut: string[] = []
    const look = async (name: string) => {
      const wider = await page.evaluate(
        `[...document.querySelectorAll('html, dialog, dialog div')].some((one) => one.scrollWidth > one.clientWidth)`,
      )
      if (wider) cut.push(name)
    }
    await page.goto(`${control}/device?user_code=${user_code}`)
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByText(word).waitFor()
    await look('device')
    await page.goto(invited.json.link)
    await page.getByRole('heading', { name: 'This invitation is for somebody else' }).waitFor()
    await look('for somebody else')
    const portal = { organization: 'one-word', user: 'Bob', role: 'member' }
    await page.goto((await api('POST', '/v1/portal-sessions', { body: portal })).json.link)
    await page.getByText(`signs you out and into ${word}`).waitFor()
    await look('portal')
    const { page: stranger, context } = await visit(set.browser)
    await stranger.setViewportSize({ width: 360, height: 860 })
    await stranger.goto(invited.json.link)
    await stranger.getByText(`You join ${word}`).waitFor()
    const wider = 'document.documentElement.scrollWidth > document.documentElement.clientWidth'
    if (await stranger.evaluate(wider)) cut.push('join')
    await context.close()
    await page.goto(`${control}/instance/organizations`)
    await page.getByRole('button', { name: `Manage ${word}` }).click()
    await page.getByRole('menuitem', { name: 'Delete' }).click()
    await page.getByLabel(`To delete it, type ${word}`).waitFor()
    await look('delete')
    await page.goto(`${control}/one-word/members`)
    await page.getByRole('button', { name: 'Invite someone' }).first().click()
    await page.getByLabel('E-mail').fill(`another-${word.slice(0, 50)}@example.com`)
    await page.getByRole('button', { name: 'Create the invitation' }).click()
    await page.getByLabel('The link').waitFor()
    await look('invited')
    await page.getByRole('button', { name: 'Done' }).click()
    expect(cut).toEqual([])
    await page.setViewportSize({ width: 1280, height: 860 })
  })

  it('comes to every button of a dialog in a window of 1280 by 1024 that is zoomed to 400 %', async () => {
    const { page } = set.ann
    const name =
      'The Extremely Long Winded Organization of Northern Somewhere and All Its Many Associates, Limited Partnership'
    await controlApi(set.server.control)('POST', '/v1/organizations', { body: { id: 'winded', name } })
    await page.setViewportSize({ width: 320, height: 256 })
    await page.goto(`${set.server.control}/instance/organizations`)
    await page.getByRole('button', { name: `Manage ${name}` }).click()
    await page.getByRole('menuitem', { name: 'Delete' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('memberships').waitFor()
    await dialog.getByRole('heading').hover()
    await page.mouse.wheel(0, 5000)
    const end = dialog.getByRole('button', { name: 'Cancel' })
    await expect.poll(() => bottomOf(end).then(Math.floor)).toBeLessThan(await bottomOf(dialog))
    await page.setViewportSize({ width: 1280, height: 860 })
  })
})

async function bottomOf(place: Locator): Promise<number> {
  const box = await place.boundingBox()
  return box === null ? Number.NaN : box.y + box.height
}
