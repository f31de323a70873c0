import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { readSettings } from '../../src/config/read-settings.ts'
import { startInstance } from '../../src/main.ts'
import { onEachDatabase } from '../support/on-each-database.ts'
import { becomeOperator, goodPassword, openBrowser, type SignedUp, signUp } from '../support/people.ts'
import type { TestServer } from '../support/start-server.ts'
import { totp } from '../support/totp.ts'

onEachDatabase((start, stored) => {
  let server: TestServer
  beforeAll(async () => {
    server = await start({ contract: 'keywright', env: { KEYWRIGHT_SIGN_UP: 'open' } })
  })
  afterAll(() => server.stop())

  interface Enrolled extends SignedUp {
    uri: string
    secret: string
    recoveryCodes: string[]
    /** What has confirmed it. */
    code: string
  }

  /** The next code is good already, and stays so while the test runs. */
  const ahead = 30_000

  async function enrol(): Promise<Enrolled> {
    const person = await signUp(server)
    const { json } = await person.browser.call('POST', '/api/auth/second-factor/enrol', { password: goodPassword })
    const code = totp(json.uri)
    const confirmed = await person.browser.call('POST', '/api/auth/second-factor/confirm', { code })
    expect(confirmed.json).toEqual({ enabled: true })
    return { ...person, ...json, code }
  }

  async function firstStep(email: string, password = goodPassword) {
    const browser = openBrowser(server)
    const { status, json } = await browser.call('POST', '/api/auth/sign-in/email', { email, password })
    const finish = (body: unknown) => browser.call('POST', '/api/auth/sign-in/second-factor', body)
    return { browser, status, json, finish }
  }

  describe('an authenticator app', () => {
    it('counts only once a code of it has confirmed it', async () => {
      const { browser, email } = await signUp(server)
      const enrolled = await browser.call('POST', '/api/auth/second-factor/enrol', { password: goodPassword })
      expect(enrolled.json.uri).toMatch(/^otpauth:\/\/totp\/Keywright:/)
      expect(enrolled.json.secret).toBe(new URL(enrolled.json.uri).searchParams.get('secret'))
      expect(new Set(enrolled.json.recoveryCodes).size).toBe(10)
      expect(enrolled.headers.get('cache-control')).toBe('no-store')
      expect((await firstStep(email)).json.person).toBeDefined()
      const wrong = await browser.call('POST', '/api/auth/second-factor/confirm', { code: '000000' })
      expect([wrong.status, wrong.json.code]).toEqual([401, 'sign_in_failed'])
      expect((await browser.call('GET', '/api/auth/second-factor')).json).toEqual({ enabled: false })
    })

    it('is given out for the password alone, and not twice', async () => {
      const { browser } = await enrol()
      const enrolled = (password: string) => browser.call('POST', '/api/auth/second-factor/enrol', { password })
      expect((await enrolled('another password')).json.code).toBe('sign_in_failed')
      expect((await enrolled(goodPassword)).json.code).toBe('conflict')
    })

    it('cannot be used to find the password or a code out', async () => {
      const { browser } = await signUp(server)
      const call = (step: string, body: object) => browser.call('POST', `/api/auth/second-factor/${step}`, body)
      const enrolled = await call('enrol', { password: goodPassword })
      const right = { code: totp(enrolled.json.uri) }
      for (const code of ['000000', '111111', '222222', '333333', '444444']) await call('confirm', { code })
      const guesses = await Promise.all(Array.from({ length: 7 }, () => call('enrol', { password: 'a guess' })))
      expect(guesses.filter(({ status }) => status === 429)).toHaveLength(2)
      expect((await call('confirm', right)).status).toBe(429)
    })

    it('makes a new session when it is turned on', async () => {
      const { browser } = await signUp(server)
      const cookie = browser.cookie()
      const { json } = await browser.call('POST', '/api/auth/second-factor/enrol', { password: goodPassword })
      await browser.call('POST', '/api/auth/second-factor/confirm', { code: totp(json.uri) })
      expect((await fetch(`${server.control}/v1/whoami`, { headers: { cookie } })).status).toBe(401)
      expect((await browser.call('GET', '/v1/whoami')).status).toBe(200)
    })
  })

  describe('signing in with a second factor', () => {
    it('is not done with the password: there is no session before the code', async () => {
      const { email, uri, id } = await enrol()
      const { browser, json, finish } = await firstStep(email)
      expect(json).toEqual({ secondFactor: true })
      expect((await browser.call('GET', '/v1/whoami')).status).toBe(401)
      expect((await finish({ code: totp(uri, Date.now() + ahead) })).json.person.id).toBe(id)
      expect((await browser.call('GET', '/v1/whoami')).json.id).toBe(id)
    })

    it('takes no code twice, not even within its half minute', async () => {
      const { browser, email, uri, code: confirming } = await enrol()
      const sessions = async () => (await browser.call('GET', '/api/auth/sessions')).json.sessions.length
      expect((await (await firstStep(email)).finish({ code: confirming })).json.code).toBe('sign_in_failed')
      const code = totp(uri, Date.now() + ahead)
      expect((await (await firstStep(email)).finish({ code })).status).toBe(200)
      const before = await sessions()
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ahead + 1000 })
      onTestFinished(() => void vi.useRealTimers())
      const again = await firstStep(email)
      expect((await again.finish({ code })).json.code).toBe('sign_in_failed')
      expect((await again.browser.call('GET', '/v1/whoami')).status).toBe(401)
      expect(await sessions()).toBe(before)
    })

    it('allows five wrong codes for one password, and the right one no more after them', async () => {
      const { email, uri } = await enrol()
      const { finish } = await firstStep(email)
      for (let i = 0; i < 5; i++) expect((await finish({ code: '000000' })).status).toBe(401)
      expect((await finish({ code: totp(uri, Date.now() + ahead) })).status).toBe(401)
    })

    it('is closed for a while after ten wrong codes, however often the password is given', async () => {
      const { email, uri } = await enrol()
      for (const _ of [1, 2]) {
        const { finish } = await firstStep(email)
        for (let i = 0; i < 5; i++) await finish({ code: '000000' })
      }
      const { status, headers } = await (await firstStep(email)).finish({ code: totp(uri) })
      expect([status, Number(headers.get('retry-after')) > 0]).toEqual([429, true])
    })

    it('counts each first step until its code is given, so that few can be open to guess at side by side', async () => {
      const { email, recoveryCodes } = await enrol()
      const finished = await firstStep(email)
      expect((await finished.finish({ recoveryCode: recoveryCodes[0] })).status).toBe(200)
      for (let i = 0; i < 10; i++) expect((await firstStep(email)).json).toEqual({ secondFactor: true })
      expect(await firstStep(email)).toMatchObject({ status: 429, json: { code: 'too_many_attempts' } })
    })

    it('belongs to the browser that gave the password', async () => {
      const { email, uri } = await enrol()
      await firstStep(email)
      const elsewhere = await openBrowser(server).call('POST', '/api/auth/sign-in/second-factor', { code: totp(uri) })
      expect(elsewhere.status).toBe(401)
    })

    it('looks at the code of whoever gave the password, not of whoever was signed in before', async () => {
      const [ann, bob] = [await enrol(), await enrol()]
      const half = await firstStep(ann.email)
      const cookie = `${bob.browser.cookie()}; ${half.browser.cookie()}`
      const response = await fetch(`${server.control}/api/auth/sign-in/second-factor`, {
        method: 'POST',
        headers: { cookie, origin: server.control, 'content-type': 'application/json' },
        body: JSON.stringify({ code: totp(bob.uri, Date.now() + ahead) }),
      })
      expect(response.status).toBe(401)
    })

    it('takes each recovery code once, and none of the old ones after new ones were made', async () => {
      const { email, recoveryCodes, browser, id } = await enrol()
      const [first, second] = recoveryCodes
      const use = async (recoveryCode?: string) => (await firstStep(email)).finish({ recoveryCode })
      expect((await use(first)).json.person.id).toBe(id)
      expect((await use(first)).status).toBe(401)
      const renewed = await browser.call('POST', '/api/auth/second-factor/recovery-codes', { password: goodPassword })
      expect((await use(second)).status).toBe(401)
      expect((await use(renewed.json.recoveryCodes[0])).status).toBe(200)
    })

    it('gives one session for a recovery code that two use at once', async () => {
      const { email, recoveryCodes } = await enrol()
      const steps = await Promise.all([firstStep(email), firstStep(email), firstStep(email)])
      const answers = await Promise.all(steps.map(({ finish }) => finish({ recoveryCode: recoveryCodes[0] })))
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    })

    it('needs the password alone once it is turned off, which needs the password', async () => {
      const { email, browser } = await enrol()
      const off = (password: string) => browser.call('POST', '/api/auth/second-factor/disable', { password })
      expect((await off('another password')).json.code).toBe('sign_in_failed')
      expect((await off(goodPassword)).json).toEqual({ enabled: false })
      expect((await firstStep(email)).json.person).toBeDefined()
    })

    it('still asks for the code after a password was set anew by a link', async () => {
      const fresh = await start({ contract: 'keywright', env: { KEYWRIGHT_SIGN_UP: 'open' } })
      const operator = await becomeOperator(fresh)
      const { email, browser } = await signUp(fresh)
      const { json } = await browser.call('POST', '/api/auth/second-factor/enrol', { password: goodPassword })
      await browser.call('POST', '/api/auth/second-factor/confirm', { code: totp(json.uri) })
      const link = await operator.browser.call('POST', '/v1/people/password-links', { email })
      const token = new URL(link.json.link).hash.slice(1)
      const password = 'a much better password'
      const anyone = openBrowser(fresh)
      await anyone.call('POST', '/api/auth/password/reset', { token, password })
      expect((await anyone.call('POST', '/api/auth/sign-in/email', { email, password })).json).toEqual({
        secondFactor: true,
      })
      await fresh.stop()
    })

    it('is written down when it is turned on and off', async () => {
      const { browser, id } = await enrol()
      await browser.call('POST', '/api/auth/second-factor/disable', { password: goodPassword })
      const items = await server.lifecycle.store.changes(0, 1000)
      const actions = items.filter(({ target }) => target === id).map(({ action }) => action)
      expect(actions).toEqual(['person.second_factor_enabled', 'person.second_factor_disabled'])
    })
  })

  describe('who reads the database', () => {
    it('finds neither the secret of an app nor a recovery code in it, nor in the log', async () => {
      const { secret, recoveryCodes } = await enrol()
      for (const text of [await stored(server), server.log()]) {
        for (const value of [secret, ...recoveryCodes]) expect(text.includes(value)).toBe(false)
      }
    })
  })
})

describe('once KEYWRIGHT_SECRET is another one, a second factor', () => {
  async function startUnder(secret: string, folder = mkdtempSync(join(tmpdir(), 'keywright-test-'))) {
    const env = { KEYWRIGHT_SIGN_UP: 'open', KEYWRIGHT_SECRET: secret.repeat(40) }
    const settings = await readSettings({ flags: { port: '0', controlPort: '0', data: '.' }, env, folder })
    return { ...(await startInstance(settings, { folder, logTo: { write() {} } })), folder }
  }

  it('opens nothing, or is begun anew where no code had confirmed it, as its owner is told', async () => {
    const first = await startUnder('a')
    const people = [await signUp(first), await signUp(first)] as const
    const enrolments = await Promise.all(
      people.map(({ browser }) => browser.call('POST', '/api/auth/second-factor/enrol', { password: goodPassword })),
    )
    const [uri, begun] = enrolments.map(({ json }) => json.uri)
    await people[0].browser.call('POST', '/api/auth/second-factor/confirm', { code: totp(uri) })
    await first.stop()

    const second = await startUnder('b', first.folder)
    const refusal = async ({ email }: SignedUp, path: string, given: object) => {
      const browser = openBrowser(second)
      await browser.call('POST', '/api/auth/sign-in/email', { email, password: goodPassword })
      const { status, json } = await browser.call('POST', path, given)
      return [status, json.code, json.detail]
    }
    const [recoveryCode] = enrolments[0]?.json.recoveryCodes ?? []
    for (const given of [{ code: totp(uri) }, { recoveryCode }]) {
      const refused = await refusal(people[0], '/api/auth/sign-in/second-factor', given)
      expect(refused).toEqual([401, 'sign_in_failed', expect.stringContaining('Ask an operator to turn it off.')])
    }
    const refused = await refusal(people[1], '/api/auth/second-factor/confirm', { code: totp(begun) })
    expect(refused).toEqual([401, 'sign_in_failed', expect.stringContaining('Begin anew.')])
    await second.stop()
    rmSync(first.folder, { recursive: true })
  })
})
