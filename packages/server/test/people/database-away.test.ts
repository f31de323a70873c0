import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAuthenticator } from '../support/authenticator.ts'
import { type Answer, controlApi } from '../support/control-api.ts'
import { becomeOperator, goodPassword, openBrowser, signUp } from '../support/people.ts'
import { startPostgres, type TestPostgres, testPostgres } from '../support/postgres.ts'
import { startServer, type TestServer } from '../support/start-server.ts'

const env = { KEYWRIGHT_SECRET: 'a-secret-of-the-tests-with-many-characters' }

function expectAway({ status, headers, json }: Answer): void {
  expect([status, json.code, headers.get('retry-after')]).toEqual([503, 'unavailable', '1'])
}

it('a session that cannot be looked for is 503 with a time to come back, and nobody is signed out', async () => {
  const postgres = await startPostgres()
  const server = await startServer({ contract: 'keywright', database: await postgres.createDatabase(), env })
  const { browser } = await becomeOperator(server)
  const cookie = browser.cookie()
  await postgres.kill()
  expectAway(await browser.call('GET', '/v1/whoami'))
  expect(browser.cookie()).toBe(cookie)
  await server.stop()
  await postgres.stop()
}, 60_000)

it('so is a service key, wherever it is sent', async () => {
  const postgres = await startPostgres()
  const server = await startServer({ contract: 'keywright', database: await postgres.createDatabase() })
  const api = controlApi(server.control)
  const body = { name: 'CI', permissions: ['manage', 'verify', 'metrics'] }
  const { credential } = (await api('POST', '/v1/service-keys', { body })).json
  await postgres.kill()
  for (const ask of [
    () => api('GET', '/v1/keys', { credential }),
    () => api('POST', '/v1/verify', { credential, body: { credential: 'of a caller' } }),
    () => api('GET', '/metrics', { credential }),
  ]) {
    expectAway(await ask())
  }
  await server.stop()
  await postgres.stop()
}, 60_000)

describe('a statement of sign-in that the database fails is 503, and what was asked for can be asked for again:', () => {
  let postgres: TestPostgres
  let server: TestServer
  let client: Client
  beforeAll(async () => {
    postgres = await testPostgres()
    const database = await postgres.createDatabase()
    server = await startServer({ contract: 'keywright', database, env: { ...env, KEYWRIGHT_SIGN_UP: 'open' } })
    client = new Client({ connectionString: database })
    await client.connect()
    await client.query(`create sequence reads; create function fails() returns trigger language plpgsql as $$
      begin raise exception 'disk full' using errcode = '53100'; end $$;
      create function second_fails() returns boolean language plpgsql as $$
      begin if nextval('reads') = 2 then raise exception 'out of memory' using errcode = '53200'; end if; return true; end $$`)
  }, 60_000)
  afterAll(async () => {
    await client?.end()
    await server?.stop()
    await postgres?.stop()
  }, 60_000)

  /** Asks while each of these writes fails, and again. @returns the answer to the latter */
  async function failing(write: string, table: string, ask: () => Promise<Answer>): Promise<Answer> {
    await client.query(`create trigger failing before ${write} on ${table} execute function fails()`)
    const answer = await ask()
    await client.query(`drop trigger failing on ${table}`)
    expectAway(answer)
    return ask()
  }

  it('a session that is ended', async () => {
    const { browser } = await signUp(server)
    const cookie = browser.cookie()
    const ended = await failing('delete', 'kw_sessions', () => browser.call('POST', '/api/auth/sign-out'))
    expect(ended.json).toEqual({ signedOut: true })
    const copy = await fetch(`${server.control}/v1/whoami`, { headers: { cookie } })
    expect(copy.status).toBe(401)
  })

  it('an account that is made', async () => {
    const account = { email: 'late@example.com', password: goodPassword, name: 'Late' }
    const browser = openBrowser(server)
    const signingUp = () => browser.call('POST', '/api/auth/sign-up/email', account)
    expect((await failing('insert', 'kw_people', signingUp)).status).toBe(200)
  })

  it('a session that is looked for once more, before another password is set', async () => {
    const { browser } = await signUp(server)
    const body = { current: goodPassword, password: `another ${goodPassword}` }
    const change = () => browser.call('POST', '/api/auth/password', body)
    await client.query('alter table kw_sessions rename to kept')
    await client.query('create view kw_sessions as select * from kept where second_fails()')
    const answer = await change()
    await client.query('drop view kw_sessions; alter table kept rename to kw_sessions')
    expectAway(answer)
    expect((await change()).status).toBe(200)
  })

  it('a passkey that is added, and the session of who signs in with it', async () => {
    const { browser } = await signUp(server)
    const authenticator = createAuthenticator()
    const add = async () => {
      const { json } = await browser.call('POST', '/api/auth/passkeys/options')
      const response = authenticator.create(json.options, server.control)
      return browser.call('POST', '/api/auth/passkeys', { name: 'laptop', response })
    }
    expect((await failing('insert', 'kw_passkeys', add)).status).toBe(201)
    const entering = openBrowser(server)
    const enter = async () => {
      const { json } = await entering.call('POST', '/api/auth/sign-in/passkey/options')
      const response = authenticator.get(json.options, server.control)
      return entering.call('POST', '/api/auth/sign-in/passkey', { response })
    }
    expect((await failing('insert', 'kw_sessions', enter)).status).toBe(200)
  })
})
