import type { Browser } from '@playwright/test'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Elsewhere, startElsewhere } from '../../server/test/support/oidc.ts'
import { startServer, type TestServer } from '../../server/test/support/start-server.ts'
import { becomeOperator, faults, startBrowser, type Visitor, visit } from './browser.ts'
import { inviteLink } from './steps.ts'
import { minute } from './story.ts'

describe('an account elsewhere', { timeout: 2 * minute }, () => {
  let browser: Browser
  let elsewhere: Elsewhere
  let server: TestServer
  let ann: Visitor

  beforeAll(async () => {
    // The provider says at length that it is not in production.
    vi.spyOn(console, 'info').mockImplementation(() => {})
    vi.spyOn(console, 'warn').mockImplementation(() => {})
    browser = await startBrowser()
    elsewhere = await startElsewhere()
    const [known] = JSON.parse(elsewhere.setting)
    const long = {
      ...known,
      id: 'long',
      name: 'Donaudampfschifffahrtsgesellschaft und Soehne',
      issuer: 'http://127.0.0.1:9',
    }
    server = await startServer({
      contract: 'hopx',
      env: { KEYWRIGHT_PROVIDERS: JSON.stringify([known, long]) },
    })
    elsewhere.allow(server.control)
    ann = await visit(browser)
    await becomeOperator(ann, server)
  }, 2 * minute)
  afterAll(async () => {
    await browser?.close()
    await server?.stop()
    await elsewhere?.stop()
  })

  function someone(login: string, email = `${login}@elsewhere.example`): string {
    elsewhere.accounts.set(login, { email, email_verified: true, name: login })
    return email
  }

  /** On the provider's own pages. */
  async function agreeThere({ page }: Visitor, login: string) {
    await page.locator('input[name=login]').fill(login)
    await page.locator('input[name=password]').fill('x')
    await page.getByRole('button', { name: 'Sign-in' }).click()
    await page.getByRole('button', { name: 'Continue' }).click()
  }

  const keys = ({ page }: Visitor) => page.getByRole('heading', { level: 1, name: 'API keys' })

  it('takes up an invitation, and signs in, by the press of a button', async () => {
    const email = someone('bob')
    const link = await inviteLink(ann, { email, role: 'Admin' })
    const bob = await visit(browser)
    await bob.page.goto(link)
    await bob.page.getByRole('button', { name: 'Continue with Acme' }).waitFor()
    expect(await faults(bob.page, 'join-provider')).toEqual([])
    await bob.page.getByRole('button', { name: 'Continue with Acme' }).click()
    await agreeThere(bob, 'bob')
    await keys(bob).waitFor()
    await bob.page.getByRole('button', { name: /bob@elsewhere.example/ }).waitFor()
    await bob.context.clearCookies()

    await bob.page.goto(`${server.control}/sign-in?to=/acme/members`)
    await bob.page.getByRole('button', { name: 'Continue with Acme' }).waitFor()
    expect(await faults(bob.page, 'sign-in-provider')).toEqual([])
    await bob.page.getByRole('button', { name: 'Continue with Acme' }).click()
    await agreeThere(bob, 'bob')
    await bob.page.getByRole('heading', { level: 1, name: 'Members' }).waitFor()
    expect(bob.complaints).toEqual([])
    await bob.context.close()
  })

  it('opens nothing for who was not invited, and says what to do', async () => {
    someone('carl')
    const carl = await visit(browser)
    await carl.page.goto(`${server.control}/sign-in`)
    await carl.page.getByRole('button', { name: 'Continue with Acme' }).click()
    await agreeThere(carl, 'carl')
    await carl.page
      .getByText('There is no account of yours here yet. Open the link of your invitation first.')
      .waitFor()
    await carl.context.close()
  })

  it('is linked by its owner with the account they have here, and opens it then', async () => {
    someone('ann', 'ann.smith@elsewhere.example')
    await ann.page.goto(`${server.control}/account`)
    await ann.page.getByRole('button', { name: 'Link Acme' }).click()
    await agreeThere(ann, 'ann')
    await ann.page.getByRole('heading', { level: 1, name: 'Account' }).waitFor()
    await ann.context.clearCookies()
    await ann.page.goto(`${server.control}/sign-in?to=/account`)
    await ann.page.getByRole('button', { name: 'Continue with Acme' }).click()
    await agreeThere(ann, 'ann')
    await ann.page.getByText('You run this instance').waitFor()
    await ann.page.getByRole('button', { name: 'Unlink Acme' }).waitFor()
    expect(await faults(ann.page, 'account-linked')).toEqual([])
    expect(ann.complaints).toEqual([])
  })

  it('is unlinked by its owner, and opens nothing from then on', async () => {
    await ann.page.getByRole('button', { name: 'Unlink Acme' }).click()
    await ann.page.getByRole('button', { name: 'Link Acme' }).waitFor()
    await ann.context.clearCookies()
    await ann.page.goto(`${server.control}/sign-in?to=/account`)
    await ann.page.getByRole('button', { name: 'Continue with Acme' }).click()
    await agreeThere(ann, 'ann')
    await ann.page.getByText('There is no account of yours here yet').waitFor()
  })

  it('is not unlinked where it is the only way in', async () => {
    const bob = await visit(browser)
    await bob.page.goto(`${server.control}/sign-in?to=/account`)
    await bob.page.getByRole('button', { name: 'Continue with Acme' }).click()
    await agreeThere(bob, 'bob')
    await bob.page.getByRole('button', { name: 'Unlink Acme' }).click()
    await bob.page.getByText('There is no other way into your account.').waitFor()
    await bob.context.close()
  })
})
