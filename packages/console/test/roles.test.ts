import { setMember } from '@keywright/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { controlApi } from '../../server/test/support/control-api.ts'
import { tester } from '../../server/test/support/start-server.ts'
import { faults, type Visitor, visit } from './browser.ts'
import { invite, inviteLink } from './steps.ts'
import { minute, stage } from './story.ts'

describe('an admin who is neither owner nor operator', { timeout: 2 * minute }, () => {
  const set = stage('hopx')
  let olga: Visitor
  let bob: Visitor

  beforeAll(async () => {
    olga = await invite(set.browser, set.ann, { name: 'Olga', email: 'olga@example.com', role: 'Owner' })
    bob = await invite(set.browser, set.ann, { name: 'Bob', email: 'bob@example.com', role: 'Admin' })
  }, minute)
  afterAll(async () => {
    await olga?.context.close()
    await bob?.context.close()
  })

  it('is not offered what only an owner may: to make, change or remove owners', async () => {
    const { page } = bob
    await inviteLink(olga, { email: 'oscar@example.com', role: 'Owner' })
    await inviteLink(olga, { email: 'carol@example.com', role: 'Member' })
    await page.getByRole('link', { name: 'Members' }).click()
    await page.getByRole('row', { name: /Olga.*Owner/ }).waitFor()
    await page.getByRole('button', { name: 'Withdraw the invitation of carol@example.com' }).waitFor()
    expect(await page.getByRole('button', { name: 'Withdraw' }).count()).toBe(1)
    expect(await page.getByLabel('Role of Olga').count()).toBe(0)
    expect(await page.getByRole('button', { name: 'Remove Olga' }).count()).toBe(0)
    expect(await page.getByLabel('Role of Bob').locator('option').allInnerTexts()).toEqual(['Member', 'Admin'])
    await page.getByRole('button', { name: 'Invite someone' }).click()
    await page.getByRole('radio', { name: 'Admin' }).waitFor()
    expect(await page.getByRole('radio', { name: 'Owner' }).count()).toBe(0)
    await page.keyboard.press('Escape')

    await olga.page.getByLabel('Role of Olga').waitFor()
    expect(await olga.page.getByLabel('Role of Bob').locator('option').count()).toBe(3)
  })

  it('is made something else only when it was asked first, with the keyboard too', async () => {
    const { page } = olga
    const role = page.getByLabel('Role of Bob')
    await role.focus()
    await page.keyboard.press('ArrowDown')
    await page.getByRole('heading', { name: 'Change the role of Bob' }).waitFor()
    expect(await faults(page, 'dialog-change-role')).toEqual([])
    await page.keyboard.press('Escape')
    expect(await role.inputValue()).toBe('admin')
    expect(await page.locator(':focus').getAttribute('aria-label')).toBe('Role of Bob')
    await page.keyboard.press('ArrowUp')
    await page.getByRole('button', { name: 'Make them a member' }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    expect(await role.inputValue()).toBe('member')
    expect(await page.locator(':focus').getAttribute('aria-label')).toBe('Role of Bob')
    await role.selectOption('admin')
    await page.getByRole('button', { name: 'Make them an admin' }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
  })

  it('is offered to sign out where an invitation is for somebody else', async () => {
    const link = await inviteLink(olga, { email: 'erin@example.com', role: 'Member' })
    const dave = await invite(set.browser, olga, { name: 'Dave', email: 'dave@example.com', role: 'Member' })
    const { page } = dave
    await page.goto(link)
    await page.getByRole('heading', { level: 1, name: 'This invitation is for somebody else' }).waitFor()
    await page.getByText('It is for erin@example.com. You are signed in as dave@example.com.').waitFor()
    expect(await faults(page, 'join-another')).toEqual([])
    await page.getByRole('button', { name: 'Sign out and use another account' }).click()
    await page.getByRole('button', { name: 'Create your account' }).waitFor()
    expect(await page.getByLabel('E-mail').inputValue()).toBe('erin@example.com')
    expect(dave.complaints).toEqual([])
    await dave.context.close()
  })

  it('hands out links of which the second counts where both are opened in one tab', async () => {
    const links = [
      await inviteLink(olga, { email: 'first@example.com', role: 'Member' }),
      await inviteLink(olga, { email: 'second@example.com', role: 'Admin' }),
    ]
    const { page, context } = await visit(set.browser)
    await page.goto(links[0] ?? '')
    await page.getByText('as a member.').waitFor()
    await page.goto(links[1] ?? '')
    await page.getByText('as an admin.').waitFor()
    expect(await page.getByLabel('E-mail').inputValue()).toBe('second@example.com')
    await context.close()
  })

  it('finds every organization that they are in, and none of the operators’ pages', async () => {
    const { page } = bob
    const { id: user } = (await page.evaluate(`fetch('/v1/whoami').then((answer) => answer.json())`)) as { id: string }
    const api = controlApi(set.server.control)
    for (let number = 1; number <= 60; number++) {
      const organization = `customer-${String(number).padStart(2, '0')}`
      await api('POST', '/v1/organizations', { body: { id: organization, name: `Customer ${number}` } })
      await setMember(set.server.lifecycle, tester, { organization, user, role: 'member' })
    }
    await page.reload()
    await page.getByRole('button', { name: 'Switch organization' }).click()
    await page.getByRole('menuitem', { name: 'Customer 60' }).click()
    await page.waitForURL('**/customer-60/keys')
    await page.getByRole('button', { name: 'Switch organization' }).click()
    await page.getByRole('menuitem', { name: 'Customer 60' }).waitFor()
    expect(await page.getByRole('menuitem', { name: 'Find others' }).count()).toBe(0)
    for (const path of ['organizations', 'people', 'service-keys']) {
      await page.goto(`${set.server.control}/instance/${path}`)
      await page.getByRole('heading', { name: 'There is nothing here' }).waitFor()
    }
  })

  it('is offered no more changes once they have made themselves a member', async () => {
    const { page } = bob
    await page.goto(`${set.server.control}/acme/members`)
    await page.getByLabel('Role of Bob').selectOption('member')
    await page.getByRole('button', { name: 'Make them a member' }).click()
    await page.getByRole('button', { name: 'Invite someone' }).waitFor({ state: 'detached' })
    expect(await page.getByLabel('Role of Bob').count()).toBe(0)
    expect([...olga.complaints, ...bob.complaints]).toEqual([])
  })

  it('is offered no more changes once somebody else has made them a member', async () => {
    const dora = await invite(set.browser, olga, { name: 'Dora', email: 'dora@example.com', role: 'Admin' })
    const { page } = dora
    const { id: user } = (await page.evaluate(`fetch('/v1/whoami').then((answer) => answer.json())`)) as { id: string }
    await setMember(set.server.lifecycle, tester, { organization: 'acme', user, role: 'member' })
    await page.getByRole('button', { name: 'Create API key' }).first().click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Name', { exact: true }).fill('No more')
    await dialog.getByRole('checkbox', { name: /sandboxes:read/ }).check()
    await dialog.getByRole('button', { name: 'Create API key' }).click()
    await dialog.getByRole('alert').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Create API key' }).first().waitFor({ state: 'detached' })
    await dora.context.close()
  })

  it('leaves, and is shown nothing more of what they have left', async () => {
    const eve = await invite(set.browser, olga, { name: 'Eve', email: 'eve@example.com', role: 'Admin' })
    const { page } = eve
    await page.getByRole('link', { name: 'Members' }).click()
    await page.getByRole('button', { name: 'Leave' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('You can be invited again.').waitFor()
    await dialog.getByRole('button', { name: 'Leave' }).click()
    await page.getByText('You are in no organization').waitFor()
    expect(new URL(page.url()).pathname).toBe('/')
    expect(eve.complaints).toEqual([])
    await eve.context.close()
  })
})
