import type { Browser } from '@playwright/test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { controlApi } from '../../server/test/support/control-api.ts'
import { startServer, type TestServer } from '../../server/test/support/start-server.ts'
import { totp } from '../../server/test/support/totp.ts'
import { faults, startBrowser, type Visitor, visit } from './browser.ts'

const minutes = 60_000
const password = 'correct horse battery'

/** A browser whose device holds passkeys and knows its owner. */
async function withAuthenticator({ page, context }: Visitor, isUserVerified = true) {
  const cdp = await context.newCDPSession(page)
  await cdp.send('WebAuthn.enable')
  const device = { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true } as const
  const options = { ...device, isUserVerified, automaticPresenceSimulation: true }
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', { options })
  return { cdp, authenticatorId }
}

describe('an account', { timeout: 3 * minutes }, () => {
  let browser: Browser
  let server: TestServer
  /** As a browser on the same machine may call it: passkeys need a name. */
  let control: string

  beforeAll(async () => {
    browser = await startBrowser()
    server = await startServer({ contract: 'hopx' })
    control = server.control.replace('127.0.0.1', 'localhost')
    const ann = await visit(browser)
    const link = await server.operatorLink()
    await ann.page.goto((link ?? '').replace('127.0.0.1', 'localhost'))
    await ann.page.getByLabel('Name', { exact: true }).fill('Ann Smith')
    await ann.page.getByLabel('E-mail').fill('ann@example.com')
    await ann.page.getByLabel('Password').fill(password)
    await ann.page.getByRole('button', { name: 'Create your account' }).click()
    await ann.page.getByRole('heading', { level: 1, name: 'API keys' }).waitFor()
    await ann.context.close()
  }, minutes)
  afterAll(async () => {
    await browser?.close()
    await server?.stop()
  })

  async function signIn({ page }: Visitor, at = control, as = password) {
    await page.goto(`${at}/sign-in?to=/account`)
    await page.getByLabel('E-mail').fill('ann@example.com')
    await page.getByLabel('Password').fill(as)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  }

  async function portalLink(user: string): Promise<string> {
    const body = { organization: 'acme', user, role: 'admin' }
    return (await controlApi(server.control)('POST', '/v1/portal-sessions', { body })).json.link
  }

  const accountHeading = ({ page }: Visitor) => page.getByRole('heading', { level: 1, name: 'Account' })

  it('takes a passkey, signs in with it alone, and forgets it', async () => {
    const ann = await visit(browser)
    const { page } = ann
    const { cdp, authenticatorId } = await withAuthenticator(ann)
    await signIn(ann)
    await accountHeading(ann).waitFor()
    await page.getByText('in a terminal adds one').waitFor()
    const lists = await page.getByRole('main').getByRole('list').all()
    for (const list of lists) expect(await list.getByRole('listitem').count()).toBeGreaterThan(0)
    await page.getByLabel('Name of a new passkey').fill('Ann’s laptop')
    await page.getByRole('button', { name: 'Add a passkey' }).click()
    await page.getByRole('button', { name: 'Remove Ann’s laptop' }).waitFor()
    await page.getByText('Chrome on Linux').first().waitFor()
    expect(await faults(page, 'account-passkey')).toEqual([])
    const { credentials } = await cdp.send('WebAuthn.getCredentials', { authenticatorId })
    expect(credentials).toMatchObject([{ rpId: 'localhost', isResidentCredential: true }])
    await page.getByLabel('Name of a new passkey').fill('The same laptop')
    await page.getByRole('button', { name: 'Add a passkey' }).click()
    await page.getByText('This device has a passkey for this account already.').waitFor()

    await ann.context.clearCookies()
    await page.goto(`${control}/sign-in?to=/account`)
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
    await accountHeading(ann).waitFor()

    await page.getByRole('button', { name: 'Remove Ann’s laptop' }).click()
    await page.getByRole('button', { name: 'Remove Ann’s laptop' }).waitFor({ state: 'detached' })
    await ann.context.clearCookies()
    await page.goto(`${control}/sign-in`)
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
    await page.getByText('This passkey opens no account here').waitFor()
    await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false })
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
    await page.getByText('No passkey was chosen. Try again.').waitFor()
    expect(ann.complaints).toEqual([])
    await ann.context.close()
  })

  it('is not opened by a passkey whose holder was not asked who he is', async () => {
    const ann = await visit(browser)
    const { page } = ann
    const { cdp, authenticatorId } = await withAuthenticator(ann)
    await signIn(ann)
    await accountHeading(ann).waitFor()
    await page.getByLabel('Name of a new passkey').fill('Left on the train')
    await page.getByRole('button', { name: 'Add a passkey' }).click()
    await page.getByRole('button', { name: 'Remove Left on the train' }).waitFor()
    await ann.context.clearCookies()
    await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false })
    const options = (await page.evaluate(`(async () => {
      const post = (path, body) => fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
      const { options } = await (await post('/api/auth/sign-in/passkey/options')).json()
      const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON({ ...options, userVerification: 'discouraged' })
      const credential = await navigator.credentials.get({ publicKey })
      return (await post('/api/auth/sign-in/passkey', JSON.stringify({ response: credential.toJSON() }))).status
    })()`)) as number
    expect(options).toBe(401)
    await ann.context.close()
  })

  it.each([
    { browser: 'has none', without: 'delete window.PublicKeyCredential' },
    { browser: 'reads no JSON', without: 'delete PublicKeyCredential.parseCreationOptionsFromJSON' },
  ])('offers no passkey where the browser $browser, and says that it is the browser', async ({ without }) => {
    const ann = await visit(browser)
    const { page } = ann
    await page.addInitScript(without)
    await page.goto(`${control}/sign-in`)
    await page.getByRole('button', { name: 'Sign in', exact: true }).waitFor()
    expect(await page.getByRole('button', { name: 'passkey' }).count()).toBe(0)
    await signIn(ann)
    await page.getByText('This browser has no passkeys').waitFor()
    expect(await page.getByRole('button', { name: 'passkey' }).count()).toBe(0)
    await ann.context.close()
  })

  it('says how to open the console where it has no name for passkeys', async () => {
    const ann = await visit(browser)
    await signIn(ann, server.control)
    await ann.page.getByText('Passkeys need the console to have a name').waitFor()
    await ann.context.close()
  })

  it('takes an authenticator app, and asks for its code after the password', async () => {
    const ann = await visit(browser)
    const { page } = ann
    await signIn(ann)
    await accountHeading(ann).waitFor()
    await page.getByRole('button', { name: 'Turn on' }).click()
    await page.getByLabel('Your password').fill(password)
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByRole('img', { name: 'QR code for the authenticator app' }).waitFor()
    expect(await faults(page, 'second-factor')).toEqual([])
    const secret = (await page.getByLabel('The secret').textContent()) ?? ''
    const uri = `otpauth://totp/x?secret=${secret}`
    await page.getByLabel('Code', { exact: true }).fill(totp(uri))
    await page.getByRole('button', { name: 'Turn on' }).last().click()
    const codes = page.getByRole('list', { name: 'Recovery codes', exact: true })
    await codes.waitFor()
    const [recoveryCode = ''] = await codes.getByRole('listitem').allTextContents()
    expect(recoveryCode).toMatch(/^\w{5}-\w{5}$/)
    expect(await faults(page, 'recovery-codes')).toEqual([])
    await page.getByLabel('I have stored these codes').check()
    await page.getByRole('button', { name: 'Done' }).click()
    await page.getByText('asks for a code of your app').waitFor()
    expect(await page.locator(':focus').innerText()).toBe('Turn off')
    expect(await page.content()).not.toContain(secret)

    await ann.context.clearCookies()
    await signIn(ann)
    await page.getByLabel('Code', { exact: true }).fill('000000')
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByRole('alert').waitFor()
    expect(await faults(page, 'second-step')).toEqual([])
    await page.getByLabel('Code', { exact: true }).fill(totp(uri, Date.now() + 30_000))
    await page.getByRole('button', { name: 'Continue' }).click()
    await accountHeading(ann).waitFor()

    await ann.context.clearCookies()
    await signIn(ann)
    await page.getByRole('button', { name: 'I do not have the app' }).click()
    await page.getByLabel('Recovery code').fill(recoveryCode)
    await page.getByRole('button', { name: 'Continue' }).click()
    await accountHeading(ann).waitFor()
    await page.getByRole('button', { name: 'Turn off' }).click()
    await page.getByLabel('Your password').fill(password)
    await page.getByRole('button', { name: 'Turn off' }).last().click()
    await page.getByRole('button', { name: 'Turn on' }).waitFor()
    expect(ann.complaints).toEqual([])
    await ann.context.close()
  })

  it('gets a new password by the link of who has forgotten it', async () => {
    const { page, context, complaints } = await visit(browser)
    await page.goto(`${server.control}/sign-in`)
    await page.getByRole('link', { name: 'I have forgotten my password' }).click()
    await page.getByLabel('E-mail').fill('ann@example.com')
    expect(await faults(page, 'forgot-password')).toEqual([])
    await page.getByRole('button', { name: 'Send the link' }).click()
    await page.getByText('This instance sends no mail').waitFor()
    await expect.poll(() => server.log()).toContain('/reset-password#')
    // In the same tab as one that does not work.
    await page.goto(`${server.control}/reset-password#kwi_cut_short`)
    await page.locator('input[type=password]').fill('a better one than that')
    await page.getByRole('button', { name: 'Set the password' }).click()
    await page.getByRole('heading', { level: 1, name: 'This link does not work any more' }).waitFor()
    expect(await page.locator('input[type=password]').count()).toBe(0)
    await page.getByRole('link', { name: 'Ask for a new link' }).waitFor()
    expect(await page.getByText('invitation').count()).toBe(0)
    await page.goto(/http:\S+\/reset-password#[\w-]+/.exec(server.log())?.[0] ?? '')
    await page.locator('input[type=password]').fill('a better one than that')
    expect(await faults(page, 'reset-password')).toEqual([])
    // The link works once: the second click of two must not be told so.
    await page.getByRole('button', { name: 'Set the password' }).dblclick()
    await page.getByRole('heading', { level: 1, name: 'Your password is set' }).waitFor()
    await page.getByRole('link', { name: 'Sign in' }).click()
    await page.getByLabel('E-mail').fill('ann@example.com')
    await page.getByLabel('Password').fill('a better one than that')
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByRole('heading', { level: 1, name: 'API keys' }).waitFor()
    expect(complaints).toEqual([])
    await context.close()
  })

  it('is kept out, let in and removed by an operator, who sees first what goes with it', async () => {
    const operator = await visit(browser)
    const { page } = operator
    await page.goto(`${server.control}/sign-in?to=/instance/people`)
    await page.getByLabel('E-mail').fill('ann@example.com')
    await page.getByLabel('Password').fill('a better one than that')
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByRole('heading', { level: 1, name: 'People' }).waitFor()
    const invited = await page.evaluate(`fetch('/v1/organizations/acme/invitations', {
      method: 'POST', headers: { 'content-type': 'application/json' },
      body: '{"email":"carl@example.com","role":"member"}' }).then((answer) => answer.json())`)
    const carl = await visit(browser)
    await carl.page.goto((invited as { link: string }).link)
    await carl.page.getByLabel('Name', { exact: true }).fill('Carl')
    await carl.page.getByLabel('Password').fill(password)
    await carl.page.getByRole('button', { name: 'Create your account' }).click()
    await carl.page.getByRole('heading', { level: 1, name: 'API keys' }).waitFor()

    await page.reload()
    expect(await faults(page, 'instance-people')).toEqual([])
    await page
      .getByRole('row', { name: /Operator/ })
      .getByRole('button')
      .click()
    await page.getByRole('button', { name: 'Make a password link' }).waitFor()
    expect(
      await page
        .getByRole('dialog')
        .getByRole('button', { name: /Disable|Remove/ })
        .count(),
    ).toBe(0)
    await page.keyboard.press('Escape')
    const manage = page.getByRole('button', { name: 'Manage Carl' })
    await manage.click()
    await page.getByRole('button', { name: 'Disable' }).click()
    await page.getByText('Disabled').waitFor()
    await carl.page.goto(server.control)
    await carl.page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await manage.click()
    await page.getByRole('button', { name: 'Enable' }).click()
    await page.getByText('Disabled').waitFor({ state: 'detached' })
    await manage.click()
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
    await page.getByText('With the account go 1 place').waitFor()
    expect(await faults(page, 'dialog-remove-account')).toEqual([])
    await page.getByRole('button', { name: 'Remove for good' }).click()
    await manage.waitFor({ state: 'detached' })
    expect(operator.complaints).toEqual([])
    await operator.context.close()
    await carl.context.close()
  })

  it('elsewhere is enough for who comes by a portal link, once', async () => {
    const { page, context, complaints } = await visit(browser)
    const link = await portalLink('Bob')
    await page.goto(link)
    await page.waitForURL('**/acme/keys')
    await page.getByRole('heading', { level: 1, name: 'API keys' }).waitFor()
    await page.goto(`${server.control}/account`)
    await page.getByText('Bob').first().waitFor()
    expect(await page.getByText('Second factor').count()).toBe(0)
    expect(await page.getByText('portal.invalid').count()).toBe(0)
    expect(await page.getByText('Terminals that are logged in').count()).toBe(0)
    await page.goto('about:blank')
    await page.goto(link)
    await page.getByText('This link does not work').waitFor()
    await page.goto(await portalLink('Bob'))
    await page.waitForURL('**/acme/keys')
    expect(complaints).toEqual([])
    await context.close()
  })

  it('is told from that of an invitation by its name where it has no address', async () => {
    const { page, context, complaints } = await visit(browser)
    const body = { email: 'erin@example.com', role: 'member' }
    const invited = await controlApi(server.control)('POST', '/v1/organizations/acme/invitations', { body })
    await page.goto(await portalLink('Bob'))
    await page.waitForURL('**/acme/keys')
    await page.goto(invited.json.link)
    await page.getByText('You are signed in as Bob.').waitFor()
    expect(await page.getByText('portal.invalid').count()).toBe(0)
    expect(complaints).toEqual([])
    await context.close()
  })

  it('is not left for that of a portal link unasked: a stranger may have sent it', async () => {
    const { page, context, complaints } = await visit(browser)
    const nameOfViewer = async () => (await (await context.request.get(`${server.control}/v1/whoami`)).json()).name
    await page.goto(await portalLink('Bob'))
    await page.waitForURL('**/acme/keys')
    const link = await portalLink('Mallory')
    await page.goto('about:blank')
    await page.goto(link)
    const title = page.getByRole('heading', { level: 1, name: 'You are signed in as somebody else' })
    await title.waitFor()
    expect(await faults(page, 'portal-asks')).toEqual([])
    await page.getByRole('button', { name: 'Stay Bob' }).press('Enter')
    await page.waitForURL('**/acme/keys')
    expect(await nameOfViewer()).toBe('Bob')
    await page.goto(link)
    await title.waitFor()
    await context.clearCookies()
    const looked = page.waitForResponse('**/v1/whoami')
    await page.evaluate(`dispatchEvent(new Event('visibilitychange'))`)
    await looked
    await page.getByRole('button', { name: 'Go on with the link' }).press('Enter')
    await page.waitForURL('**/acme/keys')
    await page.getByRole('heading', { level: 1, name: 'API keys' }).waitFor()
    expect(await nameOfViewer()).toBe('Mallory')
    expect(complaints).toEqual([])
    await context.close()
  })

  it('takes one more passkey than a browser takes to leave out', async () => {
    const ann = await visit(browser)
    const { page } = ann
    const { cdp, authenticatorId } = await withAuthenticator(ann)
    await signIn(ann, control, 'a better one than that')
    const name = page.getByLabel('Name of a new passkey')
    for (let i = 1; i <= 66; i++) {
      // Another device each time.
      await cdp.send('WebAuthn.clearCredentials', { authenticatorId })
      await name.fill(`Device ${i}`)
      await name.press('Enter')
      await page.getByRole('button', { name: `Remove Device ${i}`, exact: true }).waitFor()
    }
    expect(ann.complaints).toEqual([])
    await ann.context.close()
  })
})
