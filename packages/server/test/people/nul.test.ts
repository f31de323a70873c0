import { afterAll, beforeAll, expect, it } from 'vitest'
import { createAuthenticator } from '../support/authenticator.ts'
import { controlApi } from '../support/control-api.ts'
import { onEachDatabase } from '../support/on-each-database.ts'
import { becomeOperator, goodPassword, openBrowser, type SignedUp } from '../support/people.ts'
import type { TestServer } from '../support/start-server.ts'

onEachDatabase((start) => {
  let server: TestServer
  let operator: SignedUp
  beforeAll(async () => {
    server = await start({ contract: 'keywright' })
    operator = await becomeOperator(server)
  })
  afterAll(() => server.stop())

  it.each([
    ['/api/auth/sign-in/email', 'email', { password: goodPassword }, 'nobody@example.com', 'a\0b'],
    ['/api/auth/password/reset', 'token', { password: goodPassword }, 'unknown', '\0'],
  ])('%s answers for %s with a NUL as for one that nobody has', async (path, field, rest, unknown, withNul) => {
    const ask = async (value: string) => {
      const body = { ...rest, [field]: value }
      const { status, json } = await openBrowser(server).call('POST', path, body, { 'x-request-id': 'same' })
      return { status, json }
    }
    const answer = await ask(unknown)
    expect([401, 410]).toContain(answer.status)
    expect(await ask(withNul)).toEqual(answer)
  })

  it.each([
    ['POST', '/v1/people/%00/disable'],
    ['POST', '/v1/people/%00/enable'],
    ['DELETE', '/v1/people/%00'],
    ['DELETE', '/v1/people/%00?dryRun=true'],
    ['DELETE', '/v1/people/%00/second-factor'],
    ['POST', '/api/auth/passkeys/remove', { passkey: '\0' }],
  ])('%s %s finds nothing', async (method, path, body?: object) => {
    const { status, json } = await operator.browser.call(method, path, body)
    expect([status, json.code]).toEqual([404, 'not_found'])
  })

  it('a passkey whose device says a NUL is kept or refused, and is no fault of ours', async () => {
    const { json } = await operator.browser.call('POST', '/api/auth/passkeys/options')
    const made = createAuthenticator().create(json.options, server.control) as { response: object }
    const response = { ...made, response: { ...made.response, transports: ['\0'] } }
    const { status } = await operator.browser.call('POST', '/api/auth/passkeys', { name: 'laptop', response })
    expect([201, 401]).toContain(status)
  })

  it('a follower under a name with a NUL is one that has left', async () => {
    const { status, json } = await controlApi(server.control)('DELETE', '/v1/followers/a%00b')
    expect([status, json]).toEqual([200, { follower: 'a\0b' }])
  })
})
