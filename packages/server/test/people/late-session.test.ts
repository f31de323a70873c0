import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { becomeOperator, goodPassword, openBrowser, type SignedUp, signUp } from '../support/people.ts'
import { startServer, type TestServer } from '../support/start-server.ts'
import { totp } from '../support/totp.ts'

let server: TestServer
let operator: SignedUp
let database: BetterSqlite3.Database

beforeAll(async () => {
  server = await startServer({ contract: 'keywright', env: { KEYWRIGHT_SIGN_UP: 'open' } })
  operator = await becomeOperator(server)
  database = new BetterSqlite3(join(server.folder, 'data', 'people.db'), { timeout: 2_000 })
})
afterAll(async () => {
  database.close()
  await server.stop()
})

/** As a sign-in leaves it that read the account before it was disabled, and is slower than that. */
async function disableBeforeTheirSessionIsStored({ id }: SignedUp): Promise<void> {
  const row = database.prepare<[string], object>('select * from kw_sessions where "userId" = ?').get(id) ?? {}
  await operator.browser.call('POST', `/v1/people/${id}/disable`)
  const names = Object.keys(row)
  const columns = names.map((name) => `"${name}"`).join()
  database
    .prepare(`insert into kw_sessions (${columns}) values (${names.map(() => '?').join()})`)
    .run(Object.values(row))
}

describe('a session that is stored after its owner was disabled', () => {
  it.each([
    ['GET', '/v1/whoami'],
    ['GET', '/api/auth/sessions'],
    ['POST', '/v1/organizations'],
  ])('opens nothing: %s %s', async (method, path) => {
    const ann = await signUp(server)
    await disableBeforeTheirSessionIsStored(ann)
    expect((await ann.browser.call(method, path)).status).toBe(401)
  })

  it('is none either once they are let in again', async () => {
    const ann = await signUp(server)
    await disableBeforeTheirSessionIsStored(ann)
    expect((await operator.browser.call('POST', `/v1/people/${ann.id}/enable`)).status).toBe(200)
    expect((await ann.browser.call('GET', '/v1/whoami')).status).toBe(401)
    const again = openBrowser(server)
    await again.call('POST', '/api/auth/sign-in/email', { email: ann.email, password: goodPassword })
    expect((await again.call('GET', '/v1/whoami')).status).toBe(200)
  })
})

/** The step of a sign-in that waits for a code, while the account is disabled and nothing has ended the step yet. */
describe('a code that is given in the instant in which its owner is disabled', () => {
  it.each(['code', 'recoveryCode'])('opens nothing, and is no fault of ours: %s', async (kind) => {
    const { browser, email, id } = await signUp(server)
    const { json } = await browser.call('POST', '/api/auth/second-factor/enrol', { password: goodPassword })
    await browser.call('POST', '/api/auth/second-factor/confirm', { code: totp(json.uri) })
    const half = openBrowser(server)
    await half.call('POST', '/api/auth/sign-in/email', { email, password: goodPassword })
    database.prepare('update kw_people set "disabledAt" = ? where id = ?').run(new Date().toISOString(), id)
    const given =
      kind === 'code' ? { code: totp(json.uri, Date.now() + 30_000) } : { recoveryCode: json.recoveryCodes[0] }
    const refused = await half.call('POST', '/api/auth/sign-in/second-factor', given)
    expect([refused.status, refused.json.code]).toEqual([401, 'sign_in_failed'])
    expect((await half.call('GET', '/v1/whoami')).status).toBe(401)
  })
})
