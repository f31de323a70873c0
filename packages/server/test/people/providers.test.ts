import type { RequestListener, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { createAuthenticator } from '../support/authenticator.ts'
import { controlApi } from '../support/control-api.ts'
import { cutAtTheCommit } from '../support/cut-at-the-commit.ts'
import { type AccountElsewhere, type Elsewhere, startElsewhere } from '../support/oidc.ts'
import {
  type Browser,
  becomeOperator,
  goodPassword,
  openBrowser,
  type SignedUp,
  signUp,
  tokenOf,
} from '../support/people.ts'
import { testPostgres } from '../support/postgres.ts'
import { startServer, type TestServer } from '../support/start-server.ts'

let elsewhere: Elsewhere
let server: TestServer
let operator: SignedUp

beforeAll(async () => {
  // It says at length that it is not in production.
  vi.spyOn(console, 'info').mockImplementation(() => {})
  vi.spyOn(console, 'warn').mockImplementation(() => {})
  elsewhere = await startElsewhere()
  server = await startServer({ contract: 'keywright', env: { KEYWRIGHT_PROVIDERS: elsewhere.setting } })
  elsewhere.allow(server.control)
  operator = await becomeOperator(server)
})
afterAll(async () => {
  await server?.stop()
  await elsewhere?.stop()
})

let people = 0
function someone(claims: AccountElsewhere = {}) {
  const login = `person-${++people}`
  const email = `${login}@elsewhere.example`
  elsewhere.accounts.set(login, { email, email_verified: true, name: 'Person', ...claims })
  return { login, email }
}

const start = (browser: Browser, body: object = {}) =>
  browser.call('POST', '/api/auth/sign-in/provider', { provider: 'acme', ...body })

/** What the browser is told where it comes back, and with what it is left. */
async function comeBack(browser: Browser, location: string) {
  const response = await fetch(location, { redirect: 'manual', headers: { cookie: browser.cookie() } })
  const cookies = response.headers.getSetCookie()
  const session = cookies.find((line) => line.startsWith('keywright.session_token='))?.split(';')[0] ?? null
  return {
    status: response.status,
    to: response.headers.get('location')?.replace(server.control, ''),
    session,
    cookies,
  }
}

async function signIn(login: string, body: object = {}, browser = openBrowser(server)) {
  const { json } = await start(browser, body)
  return comeBack(browser, await elsewhere.visit(json.location, login))
}

const whoami = async (session: string | null) => {
  const response = await fetch(`${server.control}/v1/whoami`, { headers: { cookie: session ?? '' } })
  // biome-ignore lint/suspicious/noExplicitAny: read freely
  return (await response.json()) as any
}

/** An instance of its own that is open to whoever comes from there, and stops with the test. */
async function startOpen({ env = {}, ...options }: { database?: string; env?: Record<string, string> } = {}) {
  const open = await startServer({
    contract: 'keywright',
    ...options,
    env: { KEYWRIGHT_PROVIDERS: elsewhere.setting, KEYWRIGHT_SIGN_UP: 'open', ...env },
  })
  elsewhere.allow(open.control)
  onTestFinished(async () => {
    elsewhere.allow(server.control)
    await open.stop()
  })
  return open
}

async function startOpenOnPostgres() {
  const postgres = await testPostgres()
  onTestFinished(() => postgres.stop())
  const database = await postgres.createDatabase()
  const env = { KEYWRIGHT_SECRET: 'a-secret-of-the-tests-with-many-characters' }
  return { open: await startOpen({ database, env }), database }
}

/** Somebody waits for what another has locked. */
async function untilWaiting(database: string) {
  const waiting = `select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
  const watcher = new Client({ connectionString: database })
  await watcher.connect()
  await vi.waitFor(async () => expect((await watcher.query(waiting)).rowCount).toBe(1), 10_000)
  await watcher.end()
}

function replaceElsewhere(path: string, answer: RequestListener) {
  elsewhere.instead = { path, answer }
  onTestFinished(() => {
    elsewhere.instead = null
  })
}

const asJson = (response: ServerResponse) => response.setHeader('content-type', 'application/json')

function* spaces() {
  for (;;) yield ' '.repeat(65_536)
}

const endless = () => Readable.from(spaces())

async function invite(email: string, role = 'admin') {
  const { json } = await operator.browser.call('POST', '/v1/organizations/acme/invitations', { email, role })
  return tokenOf(json.link)
}

describe('a sign-in elsewhere', () => {
  it('is offered by name alone', async () => {
    const { json, text } = await openBrowser(server).call('GET', '/api/auth/providers')
    expect(json).toEqual({ providers: [{ id: 'acme', name: 'Acme' }] })
    expect(text).not.toContain('secret')
  })

  it('asks with state, nonce and PKCE, each random, and keeps them in a sealed cookie', async () => {
    const browser = openBrowser(server)
    const [one, two] = [await start(browser), await start(browser)]
    const [first, second] = [one, two].map(({ json }) => new URL(json.location).searchParams)
    expect(first?.get('code_challenge_method')).toBe('S256')
    for (const name of ['state', 'nonce', 'code_challenge']) {
      expect(first?.get(name)).toMatch(/^[\w-]{43}$/)
      expect(first?.get(name)).not.toBe(second?.get(name))
    }
    const [cookie = ''] = two.headers.getSetCookie()
    expect(cookie).toMatch(/^keywright\.provider=[\w-]+; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/)
    expect(Buffer.from(cookie.slice(19), 'base64url').toString('latin1')).not.toContain(second?.get('state'))
  })

  it('gives whoever was invited the place, once their address is proved there', async () => {
    const { login, email } = someone()
    const { to, session } = await signIn(login, { invitation: await invite(email), to: '/acme/keys' })
    expect(to).toBe('/acme/keys')
    expect(await whoami(session)).toMatchObject({
      email,
      operator: false,
      organizations: [{ id: 'acme', role: 'admin' }],
    })
    const again = await signIn(login)
    expect((await whoami(again.session)).email).toBe(email)
  })

  it.each(['\u3164', '\u2800 \u200b', ''])(
    'takes the address for a name where the name %j shows nothing',
    async (name) => {
      const { login, email } = someone({ name })
      const { session } = await signIn(login, { invitation: await invite(email) })
      expect((await whoami(session)).name).toBe(login)
    },
  )

  it('makes a new session, and ends the one that the browser came with', async () => {
    const { login, email } = someone()
    const { session: before } = await signIn(login, { invitation: await invite(email) })
    const jar = new Map([['keywright.session_token', before?.slice(before.indexOf('=') + 1) ?? '']])
    const { session } = await signIn(login, {}, openBrowser(server, jar))
    expect((await whoami(session)).email).toBe(email)
    expect((await whoami(before)).email).toBeUndefined()
  })

  it('lets nobody in who was not invited, where that is asked for', async () => {
    const { login } = someone()
    expect(await signIn(login)).toMatchObject({ to: '/sign-in?problem=sign_up_closed', session: null })
  })

  it('makes no organization for who has lost their place, where sign-up is not open', async () => {
    const { login, email } = someone()
    const { session } = await signIn(login, { invitation: await invite(email) })
    const { id } = await whoami(session)
    await operator.browser.call('DELETE', `/v1/organizations/acme/members/${id}`)
    const again = await signIn(login)
    expect(await whoami(again.session)).toMatchObject({ email, organizations: [] })
  })

  it('makes an organization of one’s own, and no operator, where sign-up is open', async () => {
    const open = await startOpen()
    const { login } = someone({ name: 'Ann\u202e Smith\n' })
    const browser = openBrowser(open)
    const { json } = await browser.call('POST', '/api/auth/sign-in/provider', { provider: 'acme' })
    const { session } = await comeBack(browser, await elsewhere.visit(json.location, login))
    const response = await fetch(`${open.control}/v1/whoami`, { headers: { cookie: session ?? '' } })
    expect(await response.json()).toMatchObject({
      name: 'Ann Smith',
      operator: false,
      organizations: [{ name: 'Ann Smith', role: 'owner' }],
    })
  })

  it('is refused beside another of the same person, who is being let in and finds no half of an account', async () => {
    const { open, database } = await startOpenOnPostgres()
    const { login } = someone()
    const begun = async () => {
      const browser = openBrowser(open)
      const { json } = await start(browser)
      return { browser, location: await elsewhere.visit(json.location, login) }
    }
    const [one, other] = [await begun(), await begun()]
    const client = new Client({ connectionString: database })
    await client.connect()
    await client.query('begin; lock table kw_organizations in access exclusive mode')
    const first = comeBack(one.browser, one.location)
    await untilWaiting(database)
    const second = await comeBack(other.browser, other.location)
    await client.query('commit')
    await client.end()
    expect(second).toMatchObject({ to: expect.stringMatching(/problem=provider_refused$/), session: null })
    expect((await first).session).not.toBeNull()
    const later = await begun()
    expect((await comeBack(later.browser, later.location)).session).not.toBeNull()
  })

  it('keeps the account whose organization was made, though nobody heard that it was committed', async () => {
    const postgres = await testPostgres()
    onTestFinished(() => postgres.stop())
    const database = await postgres.createDatabase()
    const { relay, url } = await cutAtTheCommit(database)
    onTestFinished(() => void relay.close())
    const env = { KEYWRIGHT_SECRET: 'a-secret-of-the-tests-with-many-characters' }
    const cut = await startOpen({ database: url, env })
    const { login } = someone()
    expect((await signIn(login, {}, openBrowser(cut))).session).toBeNull()
    const client = new Client({ connectionString: database })
    await client.connect()
    const left = 'select p.id from kw_people p join kw_members m on m."user" = p.id'
    expect((await client.query(left)).rowCount).toBe(1)
    await client.end()
  })

  it('gives an organization to who comes again and was left without, where none could be made', async () => {
    const { open, database } = await startOpenOnPostgres()
    const { login } = someone()
    const { call, cookie } = openBrowser(open)
    const visit = async () => {
      const { json } = await call('POST', '/api/auth/sign-in/provider', { provider: 'acme' })
      const headers = { cookie: cookie() }
      const answer = await fetch(await elsewhere.visit(json.location, login), { redirect: 'manual', headers })
      const session = answer.headers.getSetCookie().find((line) => line.startsWith('keywright.session_token='))
      const whoami = await fetch(`${open.control}/v1/whoami`, { headers: { cookie: session?.split(';')[0] ?? '' } })
      // biome-ignore lint/suspicious/noExplicitAny: read freely
      return { status: whoami.status, told: (await whoami.json()) as any }
    }
    const client = new Client({ connectionString: database })
    await client.connect()
    await client.query(`create function fail() returns trigger language plpgsql as $$ begin raise 'broken off'; end $$`)
    await client.query('create trigger fail before insert on kw_organizations execute function fail()')
    expect((await visit()).status).toBe(401)
    await client.query('drop trigger fail on kw_organizations')
    const organizations = async () => (await visit()).told.organizations
    const [first] = await organizations()
    expect(first).toMatchObject({ name: 'Person', role: 'owner' })
    // As processes leave it that die in the middle, each a step earlier than the one before.
    await controlApi(open.control)('DELETE', `/v1/organizations/${first.id}`)
    const [second] = await organizations()
    expect(second).toMatchObject({ name: 'Person', role: 'owner' })
    await client.query(`delete from kw_accounts; update kw_people set "createdAt" = now() - interval '61 seconds'`)
    const [third] = await organizations()
    expect([third.name, third.role, third.id === second.id]).toEqual(['Person', 'owner', false])
    await client.end()
  })

  it('takes of a long name as much as fits, and no half of a letter', async () => {
    const { login, email } = someone({ name: `a${'😀'.repeat(150)}` })
    const { session } = await signIn(login, { invitation: await invite(email) })
    expect((await whoami(session)).name).toBe(`a${'😀'.repeat(99)}`)
  })

  it('that nobody has begun comes back a hundred times in a row from one network, and no more', async () => {
    const busy = await startOpen()
    const back = async () => {
      const at = `${busy.control}/api/auth/provider/acme/callback?code=a-guess&state=a-guess`
      return (await fetch(at, { redirect: 'manual' })).headers.get('location')
    }
    for (let i = 0; i < 100; i++) expect(await back()).toMatch(/problem=provider_refused$/)
    expect(await back()).toMatch(/problem=too_many_attempts$/)
  })

  it('that is done counts for nothing against others of its network', async () => {
    const busy = await startOpen()
    const begin = (browser = openBrowser(busy)) =>
      browser.call('POST', '/api/auth/sign-in/provider', { provider: 'acme' })
    const browser = openBrowser(busy)
    const { json } = await begin(browser)
    const { session } = await comeBack(browser, await elsewhere.visit(json.location, someone().login))
    expect(session).not.toBeNull()
    for (let begun = 0; begun < 100; begun++) expect((await begin()).status).toBe(200)
    expect((await begin()).json.code).toBe('too_many_attempts')
  })

  it.each([
    ['does not verify', { email_verified: false }],
    ['verifies in a text alone', { email_verified: 'false' as unknown as boolean }],
    ['says nothing of', {}],
  ])('is refused with an address that the provider %s', async (_, claims) => {
    const { login, email } = someone()
    elsewhere.accounts.set(login, { email, ...claims })
    const found = await signIn(login, { invitation: await invite(email) })
    expect(found).toMatchObject({ to: '/sign-in?problem=provider_email_unverified', session: null })
  })

  it('takes no address on the word that was given for another', async () => {
    const { login, email } = someone({ inIdToken: { email: 'other@elsewhere.example' } })
    const { session } = await signIn(login, { invitation: await invite(email) })
    expect((await whoami(session)).email).toBe(email)
  })

  it('takes no address whose letters only look like those of another', async () => {
    const invitation = await invite('kate@elsewhere.example')
    const { login } = someone({ email: '\u212aate@elsewhere.example' })
    const found = await signIn(login, { invitation })
    expect(found).toMatchObject({ to: '/sign-in?problem=provider_email_unverified', session: null })
  })

  it('makes no operator, not even by the link of the first start', async () => {
    const { login, email } = someone()
    const { json } = await operator.browser.call('POST', '/v1/operators/invitations', { email })
    const found = await signIn(login, { invitation: tokenOf(json.link) })
    expect(found).toMatchObject({ to: '/sign-in?problem=invitation_invalid', session: null })
  })

  it('takes no invitation for another address', async () => {
    const { login } = someone()
    const found = await signIn(login, { invitation: await invite('other@example.com') })
    expect(found).toMatchObject({ to: '/sign-in?problem=invitation_invalid', session: null })
  })

  it('takes an invitation of who has been here before, and none for another address', async () => {
    const { login, email } = someone()
    const id = `later-${login}`
    await operator.browser.call('POST', '/v1/organizations', { id, name: 'Later' })
    const offer = async (to: string) => {
      const invitation = { email: to, role: 'member' }
      return tokenOf((await operator.browser.call('POST', `/v1/organizations/${id}/invitations`, invitation)).json.link)
    }
    await signIn(login, { invitation: await invite(email) })
    const others = await signIn(login, { invitation: await offer('other@example.com') })
    expect(others).toMatchObject({ to: '/sign-in?problem=invitation_invalid', session: null })
    const { session } = await signIn(login, { invitation: await offer(email) })
    const { organizations } = await whoami(session)
    expect(organizations).toMatchObject([
      { id: 'acme', role: 'admin' },
      { id, role: 'member' },
    ])
  })

  it('opens no account that was here before, until its owner has linked it', async () => {
    const { login, email } = someone()
    const owner = await signUp(server, { email, invitation: await invite(email, 'member') })
    expect(await signIn(login)).toMatchObject({ to: '/sign-in?problem=provider_not_linked', session: null })
    const linked = await signIn(login, { link: true, to: '/account' }, owner.browser)
    expect(linked.to).toBe('/account')
    const { session } = await signIn(login)
    expect((await whoami(session)).id).toBe(owner.id)
  })

  it('is unlinked by its owner, but never the last way in', async () => {
    const unlink = async (session: string | null, origin = server.control) => {
      const headers = { cookie: session ?? '', origin, 'content-type': 'application/json' }
      const body = JSON.stringify({ issuer: elsewhere.issuer })
      const response = await fetch(`${server.control}/api/auth/providers/unlink`, { method: 'POST', headers, body })
      return [response.status, ((await response.json()) as { code?: string }).code]
    }
    const linked = async (session: string | null) => {
      const headers = { cookie: session ?? '' }
      return (await fetch(`${server.control}/api/auth/providers/linked`, { headers })).json()
    }
    const { login, email } = someone()
    const owner = await signUp(server, { email, invitation: await invite(email, 'member') })
    await signIn(login, { link: true }, owner.browser)
    const session = owner.browser.cookie()
    expect(await linked(session)).toEqual({ providers: [{ issuer: elsewhere.issuer, name: 'Acme' }] })
    expect(await unlink(session, 'https://evil.example')).toEqual([403, 'foreign_origin'])
    expect(await unlink(session)).toEqual([200, undefined])
    expect(await linked(session)).toEqual({ providers: [] })
    expect(await unlink(session)).toEqual([404, 'not_found'])
    expect((await signIn(login)).session).toBeNull()

    const other = someone()
    const only = await signIn(other.login, { invitation: await invite(other.email) })
    expect(await unlink(only.session)).toEqual([409, 'conflict'])
    expect((await signIn(other.login)).session).not.toBeNull()
  })

  it('may give way to a passkey, which then is the last way in and stays', async () => {
    const { login, email } = someone()
    const { session } = await signIn(login, { invitation: await invite(email) })
    const browser = openBrowser(server)
    const call = (path: string, body?: object) =>
      browser.call('POST', `/api/auth${path}`, body, { cookie: `${session}; ${browser.cookie()}` })
    const enrol = async () => {
      const { json } = await call('/passkeys/options')
      const response = createAuthenticator().create(json.options, server.control)
      return (await call('/passkeys', { name: 'laptop', response })).json.id as string
    }
    const remove = async (passkey: string) => {
      const { status, json } = await call('/passkeys/remove', { passkey })
      return [status, json.code]
    }
    const [one, two] = [await enrol(), await enrol()]
    expect((await call('/providers/unlink', { issuer: elsewhere.issuer })).status).toBe(200)
    expect((await Promise.all([remove(one), remove(two)])).sort()).toEqual([
      [200, undefined],
      [409, 'conflict'],
    ])
    const left = await browser.call('GET', '/api/auth/passkeys', undefined, { cookie: session ?? '' })
    expect(left.json.passkeys).toHaveLength(1)
    expect(await remove('psk_unknown')).toEqual([404, 'not_found'])
  })

  it('is known as linked also where its issuer is set with a slash at the end, and tells one without', async () => {
    const [known] = JSON.parse(elsewhere.setting)
    const providers = JSON.stringify([{ ...known, issuer: `${known.issuer}/` }])
    const slashed = await startOpen({ env: { KEYWRIGHT_PROVIDERS: providers } })
    const { login } = someone()
    const browser = openBrowser(slashed)
    const { json } = await browser.call('POST', '/api/auth/sign-in/provider', { provider: 'acme' })
    const { session } = await comeBack(browser, await elsewhere.visit(json.location, login))
    const response = await fetch(`${slashed.control}/api/auth/providers/linked`, { headers: { cookie: session ?? '' } })
    expect(await response.json()).toEqual({ providers: [{ issuer: known.issuer, name: 'Acme' }] })
  })

  it('is linked in a session of the last day, which stays the one it was', async () => {
    const { login, email } = someone()
    const owner = await signUp(server, { email, invitation: await invite(email, 'member') })
    const since = Date.now()
    const at = (hours: number, seconds: number) => vi.setSystemTime(since + hours * 3_600_000 + seconds * 1000)
    vi.useFakeTimers({ toFake: ['Date'] })
    onTestFinished(() => void vi.useRealTimers())

    at(24, -20)
    const { json } = await start(owner.browser, { link: true })
    const location = await elsewhere.visit(json.location, login)
    at(24, 20)
    const late = await comeBack(owner.browser, location)
    expect(late).toMatchObject({ to: '/sign-in?problem=not_signed_in', session: null })
    expect((await start(owner.browser, { link: true })).json.code).toBe('not_signed_in')

    at(23, 0)
    const sessions = async () => (await owner.browser.call('GET', '/api/auth/sessions')).json
    const before = await sessions()
    expect(await signIn(login, { link: true, to: '/account' }, owner.browser)).toMatchObject({
      to: '/account',
      session: null,
    })
    expect(await sessions()).toEqual(before)
  })

  it('is linked once, however often it is asked for', async () => {
    const { login, email } = someone()
    const owner = await signUp(server, { email, invitation: await invite(email, 'member') })
    for (const _ of [1, 2])
      expect((await signIn(login, { link: true, to: '/account' }, owner.browser)).to).toBe('/account')
    const { json } = await operator.browser.call('GET', '/v1/audit?action=person.provider_linked&limit=100')
    expect(json.events.filter(({ target }: { target: string }) => target === owner.id)).toHaveLength(1)
  })

  it('links nothing for who is not signed in, or with what another has linked', async () => {
    expect((await start(openBrowser(server), { link: true })).json.code).toBe('not_signed_in')
    const { login, email } = someone()
    await signIn(login, { invitation: await invite(email) })
    const other = await signUp(server, {
      email: 'other-owner@example.com',
      invitation: await invite('other-owner@example.com', 'member'),
    })
    expect((await signIn(login, { link: true }, other.browser)).to).toBe('/sign-in?problem=conflict')
  })

  it('is linked with nobody who has signed in since it was asked for', async () => {
    const { login, email } = someone()
    const owner = await signUp(server, { email, invitation: await invite(email, 'member') })
    const { json } = await start(owner.browser, { link: true })
    const location = await elsewhere.visit(json.location, login)
    const other = someone()
    await signUp(server, { email: other.email, invitation: await invite(other.email, 'member') })
    const credentials = { email: other.email, password: goodPassword }
    await owner.browser.call('POST', '/api/auth/sign-in/email', credentials)
    expect((await comeBack(owner.browser, location)).to).toBe('/sign-in?problem=not_signed_in')
    const linked = await owner.browser.call('GET', '/api/auth/providers/linked')
    expect(linked.json).toEqual({ providers: [] })
  })

  it('is linked with nothing where the account is removed meanwhile', async () => {
    const { open, database } = await startOpenOnPostgres()
    const { browser, id } = await signUp(open)
    const { json } = await start(browser, { link: true })
    const location = await elsewhere.visit(json.location, someone().login)
    const client = new Client({ connectionString: database })
    await client.connect()
    await client.query('begin')
    await client.query('delete from kw_people where id = $1', [id])
    const back = comeBack(browser, location)
    await untilWaiting(database)
    await client.query('commit')
    expect((await back).to).toMatch(/\/sign-in\?problem=not_signed_in$/)
    await client.end()
  })

  it('is refused in another browser than the one that asked', async () => {
    const { login, email } = someone()
    const { json } = await start(openBrowser(server), { invitation: await invite(email) })
    const location = await elsewhere.visit(json.location, login)
    const found = await comeBack(openBrowser(server), location)
    expect(found).toMatchObject({ status: 303, to: '/sign-in?problem=provider_refused', session: null })
  })

  it.each([
    ['another state', (url: URL) => url.searchParams.set('state', 'x'.repeat(43))],
    ['no state', (url: URL) => url.searchParams.delete('state')],
    ['another issuer', (url: URL) => url.searchParams.set('iss', 'https://evil.example')],
    ['another code', (url: URL) => url.searchParams.set('code', 'x'.repeat(43))],
    ['a refusal', (url: URL) => url.searchParams.set('error', 'access_denied')],
  ])('is refused with %s', async (_, change) => {
    const { login, email } = someone()
    const browser = openBrowser(server)
    const { json } = await start(browser, { invitation: await invite(email) })
    const location = new URL(await elsewhere.visit(json.location, login))
    change(location)
    expect(await comeBack(browser, location.href)).toMatchObject({
      to: '/sign-in?problem=provider_refused',
      session: null,
    })
  })

  it('is refused where another provider sends it back, which is not asked', async () => {
    const [known] = JSON.parse(elsewhere.setting)
    const open = await startOpen({ env: { KEYWRIGHT_PROVIDERS: JSON.stringify([known, { ...known, id: 'other' }]) } })
    const browser = openBrowser(open)
    const { json } = await start(browser)
    const location = await elsewhere.visit(json.location, someone().login)
    let asked = false
    replaceElsewhere('/token', (_, response) => {
      asked = true
      response.writeHead(503).end()
    })
    const { to } = await comeBack(browser, location.replace('/acme/', '/other/'))
    expect(to).toMatch(/problem=provider_refused$/)
    expect(asked).toBe(false)
  })

  it('is refused more than ten minutes after it was asked for', async () => {
    const { login, email } = someone()
    const browser = openBrowser(server)
    const { json } = await start(browser, { invitation: await invite(email) })
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 601_000 })
    onTestFinished(() => void vi.useRealTimers())
    const found = await comeBack(browser, await elsewhere.visit(json.location, login))
    expect(found).toMatchObject({ to: '/sign-in?problem=provider_refused', session: null })
  })

  it('is refused a second time: the answer works once', async () => {
    const { login, email } = someone()
    const browser = openBrowser(server)
    const { json } = await start(browser, { invitation: await invite(email) })
    const location = await elsewhere.visit(json.location, login)
    const { session, cookies } = await comeBack(browser, location)
    expect(session).not.toBeNull()
    expect(cookies).toContain('keywright.provider=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax')
    expect((await comeBack(browser, location)).to).toBe('/sign-in?problem=provider_refused')
  })

  it.each<[path: string, does: string, answer: RequestListener]>([
    ['/token', 'gives no answer', (_, response) => response.writeHead(503).end()],
    ['/me', 'gives no answer', (_, response) => response.writeHead(503).end()],
    ['/token', 'gives a page', (_, response) => response.end('<p>Back soon</p>')],
    ['/token', 'gives no JSON', (_, response) => asJson(response).end('{')],
    [
      '/token',
      'leaves in the middle',
      (_, response) =>
        asJson(response)
          .setHeader('content-length', '100')
          .write('{"access_token":', () => response.socket?.destroy()),
    ],
    ['/me', 'gives an answer without end', (_, response) => void endless().pipe(asJson(response))],
  ])('says so, and in the log, where %s of the provider %s', async (path, _, answer) => {
    const { login, email } = someone()
    const browser = openBrowser(server)
    const { json } = await start(browser, { invitation: await invite(email) })
    const location = await elsewhere.visit(json.location, login)
    const logged = server.log().length
    replaceElsewhere(path, answer)
    expect(await comeBack(browser, location)).toMatchObject({
      status: 303,
      to: '/sign-in?problem=provider_unavailable',
      session: null,
    })
    expect(server.log().slice(logged)).toContain("the provider 'acme' gives no answer that is of use")
  })

  it('is there again once the provider says where its pages are', async () => {
    const open = await startOpen()
    const begin = async () => {
      const { status, json } = await openBrowser(open).call('POST', '/api/auth/sign-in/provider', { provider: 'acme' })
      return [status, json.code]
    }
    const half = JSON.stringify({ issuer: elsewhere.issuer })
    replaceElsewhere('/.well-known', (_, response) => response.end(half))
    expect(await begin()).toEqual([502, 'provider_unavailable'])
    elsewhere.instead = null
    expect(await begin()).toEqual([200, undefined])
  })

  it.each([
    ['halves of letters, which a database does not tell apart', '\ud800'],
    ['a NUL, which no database takes', 'a\0'],
    ['more than 255 letters', 'l'.repeat(256)],
    ['no letter, as everybody else of such a provider', ''],
  ])('takes nobody whose id has %s', async (_, id) => {
    const { login, email } = someone()
    const browser = openBrowser(server)
    const { json } = await start(browser, { invitation: await invite(email) })
    const location = await elsewhere.visit(json.location, login)
    const { issuer } = elsewhere
    const seconds = Math.floor(Date.now() / 1000)
    const nonce = new URL(json.location).searchParams.get('nonce')
    const claims = { iss: issuer, sub: id, aud: 'keys', iat: seconds, exp: seconds + 60, nonce }
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const idToken = `${part({ alg: 'RS256' })}.${part(claims)}.${part({})}`
    const answer = { access_token: 'a', token_type: 'bearer', id_token: idToken }
    replaceElsewhere('/token', (_, response) => asJson(response).end(JSON.stringify(answer)))
    const logged = server.log().length
    const found = await comeBack(browser, location)
    expect(found).toMatchObject({ to: '/sign-in?problem=provider_unavailable', session: null })
    expect(server.log().slice(logged)).toContain('sub must have 1 to 255 characters')
  })

  it('tells apart whose ids are letters of other languages', async () => {
    const who = []
    for (const id of ['ä', 'ö', 'Ä', 'a\u0308', '😀']) {
      const { email } = someone()
      elsewhere.accounts.set(id, { email, email_verified: true })
      await signIn(id, { invitation: await invite(email) })
      who.push([email, (await whoami((await signIn(id)).session)).email])
    }
    for (const [email, told] of who) expect(told).toBe(email)
  })

  it('says so where the provider is away or does not know the instance, and has in the log what it said', async () => {
    const [known] = JSON.parse(elsewhere.setting)
    const providers = [
      { ...known, clientSecret: 'another secret' },
      { ...known, id: 'away', issuer: 'http://127.0.0.1:9' },
    ]
    const unknown = await startOpen({ env: { KEYWRIGHT_PROVIDERS: JSON.stringify(providers) } })
    const { login } = someone()
    const browser = openBrowser(unknown)
    const away = await browser.call('POST', '/api/auth/sign-in/provider', { provider: 'away' })
    expect([away.status, away.json.code]).toEqual([502, 'provider_unavailable'])
    const { json } = await browser.call('POST', '/api/auth/sign-in/provider', { provider: 'acme' })
    const { to } = await comeBack(browser, await elsewhere.visit(json.location, login))
    expect(to).toBe(`${unknown.control}/sign-in?problem=provider_unavailable`)
    expect(unknown.log()).toContain("the provider 'acme' says invalid_client")
    expect(unknown.log()).not.toContain('another secret')
  })

  it.each(['https://evil.example', '//evil.example', '/\\evil.example', 'javascript:alert(1)'])(
    'never goes on to %s',
    async (to) => {
      expect((await start(openBrowser(server), { to })).status).toBe(422)
    },
  )

  it.each([
    ['/acme/keys?q=Schlüssel', '/acme/keys?q=Schl%C3%BCssel'],
    ['/acme\0\ud800', '/acme%00%EF%BF%BD'],
  ])('goes on to %j as a header can say it', async (to, said) => {
    const { login, email } = someone()
    const found = await signIn(login, { to, invitation: await invite(email) })
    expect(found).toMatchObject({ status: 303, to: said, session: expect.any(String) })
  })

  it('cannot be started by another site', async () => {
    const headers = { origin: 'https://evil.example' }
    const { json } = await openBrowser(server).call('POST', '/api/auth/sign-in/provider', { provider: 'acme' }, headers)
    expect(json.code).toBe('foreign_origin')
  })
})
