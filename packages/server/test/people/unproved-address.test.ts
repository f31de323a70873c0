import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createAuthenticator } from '../support/authenticator.ts'
import { type Elsewhere, startElsewhere } from '../support/oidc.ts'
import { onEachDatabase } from '../support/on-each-database.ts'
import {
  type Browser,
  becomeOperator,
  goodPassword,
  openBrowser,
  type SignedUp,
  signUp,
  tokenOf,
} from '../support/people.ts'
import type { TestServer } from '../support/start-server.ts'
import { totp } from '../support/totp.ts'

const better = 'a password of the owner of the address'

onEachDatabase((start) => {
  let elsewhere: Elsewhere
  let server: TestServer
  let operator: SignedUp

  beforeAll(async () => {
    // It says at length that it is not in production.
    vi.spyOn(console, 'info').mockImplementation(() => {})
    vi.spyOn(console, 'warn').mockImplementation(() => {})
    elsewhere = await startElsewhere()
    const env = { KEYWRIGHT_SIGN_UP: 'open', KEYWRIGHT_PROVIDERS: elsewhere.setting }
    server = await start({ contract: 'keywright', env })
    elsewhere.allow(server.control)
    operator = await becomeOperator(server)
  })
  afterAll(async () => {
    await server?.stop()
    await elsewhere?.stop()
  })

  async function addPasskey(browser: Browser) {
    const authenticator = createAuthenticator()
    const { json } = await browser.call('POST', '/api/auth/passkeys/options')
    const response = authenticator.create(json.options, server.control)
    expect((await browser.call('POST', '/api/auth/passkeys', { name: 'own', response })).status).toBe(201)
    return async () => {
      const anyone = openBrowser(server)
      const { json } = await anyone.call('POST', '/api/auth/sign-in/passkey/options')
      const response = authenticator.get(json.options, server.control)
      return (await anyone.call('POST', '/api/auth/sign-in/passkey', { response })).status
    }
  }

  async function link(browser: Browser, login: string) {
    elsewhere.accounts.set(login, { email: `${login}@elsewhere.example`, email_verified: true, name: 'Person' })
    const signIn = async (by: Browser, body: object) => {
      const { json } = await by.call('POST', '/api/auth/sign-in/provider', { provider: 'acme', ...body })
      const location = await elsewhere.visit(json.location, login)
      const answer = await fetch(location, { redirect: 'manual', headers: { cookie: by.cookie() } })
      const session = answer.headers.getSetCookie().find((line) => line.startsWith('keywright.session_token='))
      const headers = { cookie: session?.split(';')[0] ?? '' }
      return (await (await fetch(`${server.control}/v1/whoami`, { headers })).json()) as { id?: string }
    }
    await signIn(browser, { link: true })
    return async () => (await signIn(openBrowser(server), {})).id
  }

  async function addSecondFactor(browser: Browser) {
    const { json } = await browser.call('POST', '/api/auth/second-factor/enrol', { password: goodPassword })
    const confirmed = await browser.call('POST', '/api/auth/second-factor/confirm', { code: totp(json.uri) })
    expect(confirmed.json).toEqual({ enabled: true })
  }

  async function reset(email: string) {
    const { json } = await operator.browser.call('POST', '/v1/people/password-links', { email })
    const body = { token: tokenOf(json.link), password: better }
    expect((await openBrowser(server).call('POST', '/api/auth/password/reset', body)).status).toBe(200)
  }

  async function signIn(email: string) {
    const browser = openBrowser(server)
    const { json } = await browser.call('POST', '/api/auth/sign-in/email', { email, password: better })
    return { browser, json }
  }

  describe('who signed up with the address of somebody else', () => {
    it('has no way in once its owner has set a password by a link, and is given no place of theirs', async () => {
      const stranger = await signUp(server)
      const elsewhereIn = await link(stranger.browser, `stranger-of-${stranger.id}`)
      const { browser } = await signInAgain(stranger.email)
      const passkey = await addPasskey(browser)
      expect([await passkey(), await elsewhereIn()]).toEqual([200, stranger.id])

      const invited = { email: stranger.email, role: 'admin' }
      const invitation = await operator.browser.call('POST', '/v1/organizations/acme/invitations', invited)
      await reset(stranger.email)
      expect(await passkey()).toBe(401)
      expect(await elsewhereIn()).not.toBe(stranger.id)
      expect((await browser.call('GET', '/v1/whoami')).status).toBe(401)

      const owner = await signIn(stranger.email)
      expect(owner.json.person.id).toBe(stranger.id)
      const token = { invitation: tokenOf(invitation.json.link) }
      expect((await owner.browser.call('POST', '/api/auth/invitation/accept', token)).status).toBe(200)
      expect((await owner.browser.call('GET', '/api/auth/passkeys')).json.passkeys).toEqual([])
      expect((await owner.browser.call('GET', '/api/auth/providers/linked')).json.providers).toEqual([])
      expect(await passkey()).toBe(401)
    })
  })

  describe('a password that is set by a link', () => {
    it('leaves the other ways in of who has proved the address before', async () => {
      const { email } = await signUp(server)
      await reset(email)
      const { browser } = await signIn(email)
      const passkey = await addPasskey(browser)
      await reset(email)
      expect(await passkey()).toBe(200)
    })

    it('leaves the second factor, so that who reads the mail of somebody is not let in', async () => {
      const { email, browser } = await signUp(server)
      await addSecondFactor(browser)
      await reset(email)
      expect((await signIn(email)).json).toEqual({ secondFactor: true })
    })

    it('leaves the passkeys of an operator, whose address operators vouch for', async () => {
      const email = 'second-operator@example.com'
      const { json } = await operator.browser.call('POST', '/v1/operators/invitations', { email })
      const { browser } = await signUp(server, { email, invitation: tokenOf(json.link) })
      const passkey = await addPasskey(browser)
      await reset(email)
      expect(await passkey()).toBe(200)
    })

    it('takes those of who was invited into an organization: whoever invites sees the link as well', async () => {
      const owner = await signUp(server)
      const organization = (await owner.browser.call('GET', '/v1/whoami')).json.organizations[0].id
      const email = `victim-of-${owner.id}@example.com`
      const path = `/v1/organizations/${organization}/invitations`
      const { json } = await owner.browser.call('POST', path, { email, role: 'member' })
      const taken = await signUp(server, { email, invitation: tokenOf(json.link) })
      const passkey = await addPasskey(taken.browser)
      await reset(email)
      expect(await passkey()).toBe(401)
    })
  })

  async function signInAgain(email: string) {
    const browser = openBrowser(server)
    await browser.call('POST', '/api/auth/sign-in/email', { email, password: goodPassword })
    return { browser }
  }
})
