import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAuthenticator } from '../support/authenticator.ts'
import { onEachDatabase } from '../support/on-each-database.ts'
import { type Browser, goodPassword, openBrowser, signUp } from '../support/people.ts'
import { serviceKey, type TestServer } from '../support/start-server.ts'
import { totp } from '../support/totp.ts'

onEachDatabase((start) => {
  let server: TestServer
  beforeAll(async () => {
    server = await start({ contract: 'keywright', env: { KEYWRIGHT_SIGN_UP: 'open' } })
  })
  afterAll(() => server.stop())

  async function enrol(browser: Browser, authenticator = createAuthenticator()) {
    const { json } = await browser.call('POST', '/api/auth/passkeys/options')
    const response = authenticator.create(json.options, server.control)
    const added = await browser.call('POST', '/api/auth/passkeys', { name: 'laptop', response })
    return { authenticator, added, response }
  }

  /** As far as the browser has asked its owner. */
  async function ask(browser = openBrowser(server)) {
    const { json } = await browser.call('POST', '/api/auth/sign-in/passkey/options')
    const finish = (response: object) => browser.call('POST', '/api/auth/sign-in/passkey', { response })
    return { browser, options: json.options, finish }
  }

  describe('a passkey', () => {
    it('signs its holder in without a password, again and again', async () => {
      const { browser, id } = await signUp(server)
      const { authenticator, added } = await enrol(browser)
      expect([added.status, added.json.name, added.json.backedUp]).toEqual([201, 'laptop', false])
      expect((await browser.call('GET', '/api/auth/passkeys')).json.passkeys).toEqual([added.json])
      for (const _ of [1, 2]) {
        const { browser: anyone, options, finish } = await ask()
        expect(options).toMatchObject({ rpId: 'localhost', userVerification: 'required' })
        const { status, json } = await finish(authenticator.get(options, server.control))
        expect([status, json.person.id]).toEqual([200, id])
        expect((await anyone.call('GET', '/v1/whoami')).json.id).toBe(id)
      }
    })

    it('makes a new session, and ends the one that the browser came with', async () => {
      const { browser } = await signUp(server)
      const before = browser.cookie()
      const { authenticator } = await enrol(browser)
      const { options, finish } = await ask(browser)
      expect((await finish(authenticator.get(options, server.control))).status).toBe(200)
      expect((await browser.call('GET', '/v1/whoami')).status).toBe(200)
      const replayed = await fetch(`${server.control}/v1/whoami`, { headers: { cookie: before } })
      expect(replayed.status).toBe(401)
    })

    it('that has let its holder in counts for nothing against others of its network', async () => {
      const busy = await start({ contract: 'keywright', env: { KEYWRIGHT_SIGN_UP: 'open' } })
      const begin = (browser = openBrowser(busy)) => browser.call('POST', '/api/auth/sign-in/passkey/options')
      const { browser: holder } = await signUp(busy)
      const asked = await holder.call('POST', '/api/auth/passkeys/options')
      const authenticator = createAuthenticator()
      const kept = { name: 'laptop', response: authenticator.create(asked.json.options, busy.control) }
      expect((await holder.call('POST', '/api/auth/passkeys', kept)).status).toBe(201)
      const browser = openBrowser(busy)
      const response = authenticator.get((await begin(browser)).json.options, busy.control)
      expect((await browser.call('POST', '/api/auth/sign-in/passkey', { response })).status).toBe(200)
      for (let begun = 0; begun < 100; begun++) expect((await begin()).status).toBe(200)
      expect((await begin()).json.code).toBe('too_many_attempts')
      await busy.stop()
    })

    it('opens nothing for an answer to another question, from another page, or without its holder', async () => {
      const { authenticator } = await enrol((await signUp(server)).browser)
      const { options: earlier } = await ask()
      const refused = async (answer: (options: typeof earlier) => object) => {
        const { browser, options, finish } = await ask()
        const { status, json } = await finish(answer(options))
        expect([status, json.code]).toEqual([401, 'sign_in_failed'])
        expect((await browser.call('GET', '/v1/whoami')).status).toBe(401)
      }
      await refused(() => authenticator.get(earlier, server.control))
      await refused((options) => authenticator.get(options, 'https://keys.example.com'))
      await refused((options) => authenticator.get({ ...options, rpId: 'example.com' }, server.control))
      await refused((options) => authenticator.get(options, server.control, { isUserVerified: false }))
      await refused((options) => createAuthenticator().get(options, server.control))
    })

    it.each([
      ['true', true],
      ['a number', 1],
      ['null', null],
      ['a list', []],
      ['an empty object', {}],
      ['an object', { a: 1 }],
      ['empty', ''],
      ['base64', 'a+b='],
      ['with a NUL', 'a\0b'],
      ['too long', 'a'.repeat(1401)],
    ])('is not looked for by an id that is %s', async (_, id) => {
      const { options, finish } = await ask()
      const answer = createAuthenticator().get(options, server.control)
      const { status, json } = await finish({ ...answer, id, rawId: id })
      expect([status, json.errors?.[0]?.field]).toEqual([422, 'response.id'])
    })

    it('is neither kept nor let in for the challenge of another step', async () => {
      const { browser, email } = await signUp(server)
      const { json } = await browser.call('POST', '/api/auth/second-factor/enrol', { password: goodPassword })
      await browser.call('POST', '/api/auth/second-factor/confirm', { code: totp(json.uri) })
      const swapped = async () => {
        const halfway = openBrowser(server)
        await halfway.call('POST', '/api/auth/sign-in/email', { email, password: goodPassword })
        const [, value] = /keywright\.two_factor=([^;]+)/.exec(halfway.cookie()) ?? []
        expect(value).toBeDefined()
        return { cookie: `${browser.cookie()}; keywright.passkey_challenge=${value}` }
      }
      const response = { id: 'a' }
      const answers = [
        await browser.call('POST', '/api/auth/sign-in/passkey', { response }, await swapped()),
        await browser.call('POST', '/api/auth/passkeys', { name: 'own', response }, await swapped()),
      ]
      const refused = [401, 'sign_in_failed']
      expect(answers.map(({ status, json }) => [status, json.code])).toEqual([refused, refused])
    })

    it('opens nothing while its account is disabled', async () => {
      const { browser, id } = await signUp(server)
      const { authenticator } = await enrol(browser)
      const headers = { authorization: `Bearer ${serviceKey}` }
      const set = (state: string) => fetch(`${server.control}/v1/people/${id}/${state}`, { method: 'POST', headers })
      expect((await set('disable')).status).toBe(200)
      const kept = await ask()
      const { status, json } = await kept.finish(authenticator.get(kept.options, server.control))
      expect([status, json.code]).toEqual([401, 'sign_in_failed'])
      expect((await set('enable')).status).toBe(200)
      const again = await ask()
      expect((await again.finish(authenticator.get(again.options, server.control))).status).toBe(200)
    })

    it('is kept once, and not for who cannot show that it was made for this', async () => {
      const [ann, bob] = [await signUp(server), await signUp(server)]
      const { authenticator, response } = await enrol(ann.browser)
      expect((await bob.browser.call('POST', '/api/auth/passkeys', { name: 'own', response })).status).toBe(401)
      expect((await enrol(bob.browser, authenticator)).added.status).toBe(401)
      expect((await bob.browser.call('GET', '/api/auth/passkeys')).json.passkeys).toEqual([])
    })

    it('opens nothing any more once it is removed, which only its holder can do', async () => {
      const [ann, bob] = [await signUp(server), await signUp(server)]
      const { authenticator, added } = await enrol(ann.browser)
      const remove = ({ browser }: typeof ann) =>
        browser.call('POST', '/api/auth/passkeys/remove', { passkey: added.json.id })
      expect((await remove(bob)).status).toBe(404)
      const before = await ask()
      expect((await before.finish(authenticator.get(before.options, server.control))).status).toBe(200)
      expect((await remove(ann)).status).toBe(200)
      const after = await ask()
      expect((await after.finish(authenticator.get(after.options, server.control))).status).toBe(401)
    })
  })
})
