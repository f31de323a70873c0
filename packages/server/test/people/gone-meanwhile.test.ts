import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { becomeOperator, goodPassword, openBrowser, type SignedUp, signUp, tokenOf } from '../support/people.ts'
import { type TestPostgres, testPostgres } from '../support/postgres.ts'
import { startServer, type TestServer } from '../support/start-server.ts'

let postgres: TestPostgres
let server: TestServer
let operator: SignedUp
let person: SignedUp
let client: Client
let watcher: Client

beforeAll(async () => {
  postgres = await testPostgres()
  const database = await postgres.createDatabase()
  const env = { KEYWRIGHT_SIGN_UP: 'open', KEYWRIGHT_SECRET: 'a-secret-of-the-tests-with-many-characters' }
  server = await startServer({ contract: 'keywright', database, env })
  operator = await becomeOperator(server)
  client = new Client({ connectionString: database })
  watcher = new Client({ connectionString: database })
  await client.connect()
  await watcher.connect()
}, 60_000)
afterAll(async () => {
  await client?.end()
  await watcher?.end()
  await server?.stop()
  await postgres?.stop()
}, 60_000)

beforeEach(async () => {
  person = await signUp(server)
  await client.query('begin')
})
afterEach(() => client.query('rollback'))

/** So many wait for what the open transaction of the test has. */
async function waiting(many: number): Promise<void> {
  const query = `select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
  await vi.waitFor(async () => expect((await watcher.query(query)).rowCount).toBe(many), 10_000)
}

describe('who is kept out, or removed, while they sign up once more', () => {
  it.each([
    ['POST', '/disable'],
    ['DELETE', ''],
  ])('is left with no place: %s /v1/people/{user}%s', async (method, path) => {
    const { organizations } = (await person.browser.call('GET', '/v1/whoami')).json
    await operator.browser.call('DELETE', `/v1/organizations/${organizations[0].id}`)
    await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`keywright person ${person.id}`])
    const out = operator.browser.call(method, `/v1/people/${person.id}${path}`)
    await waiting(1)
    const account = { email: person.email, password: goodPassword, name: 'Person' }
    const again = openBrowser(server).call('POST', '/api/auth/sign-up/email', account)
    await waiting(2)
    await client.query('commit')
    expect((await out).status).toBe(200)
    await again
    expect((await server.lifecycle.store.members({ user: person.id, limit: 1 })).items).toEqual([])
  })
})

describe('who takes a place by a link', () => {
  it('is given none where whoever made it is kept out meanwhile', async () => {
    const [{ id = '' } = {}] = (await person.browser.call('GET', '/v1/whoami')).json.organizations
    const friend = await signUp(server)
    const input = { email: friend.email, role: 'owner' }
    const { link } = (await person.browser.call('POST', `/v1/organizations/${id}/invitations`, input)).json
    await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`keywright person ${friend.id}`])
    const taken = friend.browser.call('POST', '/api/auth/invitation/accept', { invitation: tokenOf(link) })
    await waiting(1)
    expect((await operator.browser.call('POST', `/v1/people/${person.id}/disable`)).status).toBe(200)
    await client.query('commit')
    expect(await taken).toMatchObject({ status: 410, json: { code: 'invitation_invalid' } })
    expect(await server.lifecycle.store.member(id, friend.id)).toBeUndefined()
  })
})

describe('who is removed', () => {
  const credentials = () => ({ email: person.email, password: goodPassword })

  it.each([
    ['signs in', '/api/auth/sign-in/email', credentials],
    ['changes the password', '/api/auth/password', () => ({ current: goodPassword, password: `${goodPassword}!` })],
    ['sets up a second factor', '/api/auth/second-factor/enrol', () => ({ password: goodPassword })],
  ])('while one %s is told as anybody who is not here', async (_, path, body) => {
    await client.query('delete from kw_people where id = $1', [person.id])
    const refused = person.browser.call('POST', path, body())
    await waiting(1)
    await client.query('commit')
    expect(await refused).toMatchObject({ status: 401, json: { code: 'sign_in_failed' } })
  })
})

describe('a sign-up that takes longer than a minute', () => {
  it('is told of the account that somebody else has made of its address meanwhile', async () => {
    const email = 'slow@example.com'
    const signUpWith = (password: string) =>
      openBrowser(server).call('POST', '/api/auth/sign-up/email', { email, password, name: 'Person' })
    // Both wait where the account is there, and nothing that it is entered by.
    await watcher.query(`create function wait() returns trigger language plpgsql as
      $$ begin perform pg_advisory_xact_lock(1); return new; end $$`)
    await watcher.query('create trigger wait before insert on kw_accounts for each row execute function wait()')
    await client.query('select pg_advisory_xact_lock(1)')
    const slow = signUpWith(goodPassword)
    await waiting(1)
    await watcher.query(`update kw_people set "createdAt" = now() - interval '61 seconds' where email = $1`, [email])
    const other = signUpWith(`${goodPassword}!`)
    await waiting(2)
    await client.query('commit')
    await watcher.query('drop trigger wait on kw_accounts')
    expect(await slow).toMatchObject({ status: 409, json: { code: 'conflict' } })
    expect((await other).status).toBe(200)
  })
})
