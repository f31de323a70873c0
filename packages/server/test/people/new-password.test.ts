import type { Actor } from '@keywright/core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { issueCliToken } from '../support/issue-cli-token.ts'
import { onEachDatabase } from '../support/on-each-database.ts'
import { becomeOperator, goodPassword, openBrowser, type SignedUp, signUp, tokenOf } from '../support/people.ts'
import type { TestServer } from '../support/start-server.ts'
import { totp } from '../support/totp.ts'

const better = 'a much better password'

onEachDatabase((start) => {
  let server: TestServer
  let operator: SignedUp
  beforeAll(async () => {
    server = await start({ contract: 'keywright', env: { KEYWRIGHT_SIGN_UP: 'open' } })
    operator = await becomeOperator(server)
  })
  afterAll(() => server.stop())

  async function linkFor(email: string) {
    const { json } = await operator.browser.call('POST', '/v1/people/password-links', { email })
    return tokenOf(json.link)
  }
  const resetBy = async (token: string) =>
    (await openBrowser(server).call('POST', '/api/auth/password/reset', { token, password: better })).status
  const change = async ({ browser }: SignedUp) =>
    (await browser.call('POST', '/api/auth/password', { current: goodPassword, password: better })).status
  const whoami = async (browser: SignedUp['browser']) => (await browser.call('GET', '/v1/whoami')).status

  async function enrolled(): Promise<SignedUp & { uri: string }> {
    const person = await signUp(server)
    const { json } = await person.browser.call('POST', '/api/auth/second-factor/enrol', { password: goodPassword })
    await person.browser.call('POST', '/api/auth/second-factor/confirm', { code: totp(json.uri) })
    return { ...person, uri: json.uri }
  }

  async function signInWithOld(email: string) {
    const browser = openBrowser(server)
    const { json } = await browser.call('POST', '/api/auth/sign-in/email', { email, password: goodPassword })
    const code = (uri: string) => totp(uri, Date.now() + 30_000)
    const finish = async (uri: string) =>
      (await browser.call('POST', '/api/auth/sign-in/second-factor', { code: code(uri) })).status
    return { browser, json, finish }
  }

  async function signInUntilRefused(email: string) {
    const tries = []
    do tries.push(await signInWithOld(email))
    while (tries.at(-1)?.json.code === undefined)
    return tries
  }

  /** Asks who it is. */
  async function terminalOf({ id }: SignedUp) {
    const actor: Actor = { type: 'user', id, triggeredBy: 'cli', address: null, requestId: null }
    const { credential } = await issueCliToken(server.lifecycle, actor, { user: id, name: 'laptop' })
    return () => fetch(`${server.control}/v1/whoami`, { headers: { authorization: `Bearer ${credential}` } })
  }

  const ways: [string, (person: SignedUp) => Promise<number>][] = [
    ['that is changed', change],
    ['that is set by a link', async ({ email }) => resetBy(await linkFor(email))],
  ]

  describe.each(ways)('a new password %s', (_, setNew) => {
    it('ends a sign-in that waits for its code: the old password was good for it', async () => {
      const owner = await enrolled()
      const half = await signInWithOld(owner.email)
      expect(half.json).toEqual({ secondFactor: true })
      expect(await setNew(owner)).toBe(200)
      expect(await half.finish(owner.uri)).toBe(401)
      expect(await whoami(half.browser)).toBe(401)
    })

    it('leaves nothing to who was signing in with the old one meanwhile', async () => {
      for (const owner of [await signUp(server), await enrolled()]) {
        const setting = setNew(owner)
        const tries = await Promise.all(Array.from({ length: 5 }, () => signInUntilRefused(owner.email)))
        expect(await setting).toBe(200)
        for (const { browser, finish } of tries.flat()) {
          if ('uri' in owner) expect(await finish(String(owner.uri))).toBe(401)
          expect(await whoami(browser)).toBe(401)
        }
      }
    })

    it('ends the logins from terminals', async () => {
      const owner = await signUp(server)
      const ask = await terminalOf(owner)
      expect((await ask()).status).toBe(200)
      expect(await setNew(owner)).toBe(200)
      expect((await ask()).status).toBe(401)
    })
  })

  describe('a link for a new password', () => {
    it('ends with the next one, and ends no sign-in that waits for its code', async () => {
      const owner = await enrolled()
      const half = await signInWithOld(owner.email)
      const [first, second] = [await linkFor(owner.email), await linkFor(owner.email)]
      expect(await half.finish(owner.uri)).toBe(200)
      expect([await resetBy(first), await resetBy(second)]).toEqual([410, 200])
    })

    it('does nothing once its time is over, not even to logins from terminals', async () => {
      const owner = await signUp(server)
      const link = await linkFor(owner.email)
      const login = await terminalOf(owner)
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2 * 24 * 3_600_000 })
      onTestFinished(() => void vi.useRealTimers())
      expect([await resetBy(link), (await login()).status]).toEqual([410, 200])
    })

    it('ends with a password that was changed', async () => {
      const owner = await signUp(server)
      const link = await linkFor(owner.email)
      expect([await change(owner), await resetBy(link)]).toEqual([200, 410])
    })
  })

  describe('an operator who lets somebody in without the second factor', () => {
    it('ends their sessions, which may be those of who has the app', async () => {
      const owner = await enrolled()
      const thief = await signInWithOld(owner.email)
      expect(await thief.finish(owner.uri)).toBe(200)
      const { status } = await operator.browser.call('DELETE', `/v1/people/${owner.id}/second-factor`)
      expect(status).toBe(200)
      expect([await whoami(thief.browser), await whoami(owner.browser)]).toEqual([401, 401])
      expect((await signInWithOld(owner.email)).json.person.id).toBe(owner.id)
    })
  })
})
