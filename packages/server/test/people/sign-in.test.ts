import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { readSettings } from '../../src/config/read-settings.ts'
import { startInstance } from '../../src/main.ts'
import { controlApi } from '../support/control-api.ts'
import { becomeOperator, goodPassword, openBrowser, signUp, tokenOf } from '../support/people.ts'
import { rawRequest } from '../support/raw-request.ts'
import { startServer, type TestServer } from '../support/start-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer({ contract: 'keywright', env: { KEYWRIGHT_SIGN_UP: 'open' } })
})
afterAll(() => server.stop())

const account = (email: string) => ({ email, password: goodPassword, name: 'Ann' })

describe('signing up', () => {
  it('openly makes an organization of one’s own, and no operator', async () => {
    const { browser, id, email } = await signUp(server)
    const { json } = await browser.call('GET', '/v1/whoami')
    expect(json).toMatchObject({ type: 'user', id, email, operator: false, signedInBy: 'session' })
    expect(json.organizations).toMatchObject([{ name: 'Person', role: 'owner' }])
  })

  it('is by invitation alone where nothing else is said', async () => {
    const closed = await startServer({ contract: 'keywright' })
    const { status, json } = await openBrowser(closed).call('POST', '/api/auth/sign-up/email', account('a@example.com'))
    expect([status, json.code]).toEqual([403, 'sign_up_closed'])
    await closed.stop()
  })

  it.each([
    ['an address that is none', { email: 'ann', password: goodPassword, name: 'Ann' }],
    ['a short password', { email: 'ann@example.com', password: 'short', name: 'Ann' }],
    ['a name that ends a line', { email: 'ann@example.com', password: goodPassword, name: 'Ann\nroot' }],
    ['a role', { ...account('ann@example.com'), role: 'owner' }],
    ['a verified address', { ...account('ann@example.com'), emailVerified: true }],
    ['an id', { ...account('ann@example.com'), id: 'usr_1' }],
  ])('is refused with %s', async (_, body) => {
    const { status, json, text } = await openBrowser(server).call('POST', '/api/auth/sign-up/email', body)
    expect([status, json.code]).toEqual([422, 'invalid_request'])
    expect(text).not.toContain(goodPassword)
  })

  it('twice with one address, in any case of its letters, makes one account', async () => {
    await signUp(server, { email: 'twice@example.com' })
    const again = await openBrowser(server).call('POST', '/api/auth/sign-up/email', account('Twice@Example.com'))
    expect([again.status, again.json.code]).toEqual([409, 'conflict'])
  })

  it('once more gives one organization to who has the password and was left without any', async () => {
    const left = await signUp(server, { email: 'left@example.com' })
    const organizations = async (): Promise<{ id: string }[]> =>
      (await left.browser.call('GET', '/v1/whoami')).json.organizations
    await controlApi(server.control)('DELETE', `/v1/organizations/${(await organizations())[0]?.id}`)
    expect(await organizations()).toEqual([])
    const again = (password: string) =>
      openBrowser(server).call('POST', '/api/auth/sign-up/email', { ...account(left.email), password })
    expect(await again('another one than theirs')).toMatchObject({ status: 409, json: { code: 'conflict' } })
    expect(await organizations()).toEqual([])
    const twice = await Promise.all([again(goodPassword), again(goodPassword)])

    expect(twice.some(({ status, json }) => status === 200 && json.person.id === left.id)).toBe(true)
    expect(await organizations()).toMatchObject([{ name: 'Person', role: 'owner' }])
  })

  it('once more makes the account of which a process that died had made nothing but the name', async () => {
    const { id, email } = await signUp(server, { email: 'half-made@example.com' })
    const file = new BetterSqlite3(join(server.folder, 'data', 'people.db'), { timeout: 2_000 })
    file.prepare('delete from kw_accounts where "userId" = ?').run(id)
    file.prepare('delete from kw_sessions where "userId" = ?').run(id)
    const again = () => openBrowser(server).call('POST', '/api/auth/sign-up/email', account(email))
    // It may be on its way still.
    expect(await again()).toMatchObject({ status: 409, json: { code: 'conflict' } })
    const before = new Date(Date.now() - 61_000).toISOString()
    file.prepare('update kw_people set "createdAt" = ? where id = ?').run(before, id)
    file.close()
    expect(await again()).toMatchObject({ status: 200, json: { person: { email } } })
    const credentials = { email, password: goodPassword }
    expect((await openBrowser(server).call('POST', '/api/auth/sign-in/email', credentials)).status).toBe(200)
  })

  it('tells nobody that their address is taken where the database takes no account', async () => {
    const file = new BetterSqlite3(join(server.folder, 'data', 'people.db'), { timeout: 2_000 })
    file.exec(`create trigger fail before insert on kw_people begin select raise(abort, 'broken off'); end`)
    const signingUp = () =>
      openBrowser(server).call('POST', '/api/auth/sign-up/email', account('not-taken@example.com'))
    expect(await signingUp()).toMatchObject({ status: 500, json: { code: 'internal_error' } })
    file.exec('drop trigger fail')
    file.close()
    expect((await signingUp()).status).toBe(200)
  })

  it('once more cannot be used to find a password out', async () => {
    const left = await signUp(server)
    const { json } = await left.browser.call('GET', '/v1/whoami')
    await controlApi(server.control)('DELETE', `/v1/organizations/${json.organizations[0].id}`)
    const guess = { ...account(left.email), password: 'another one than theirs' }
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => openBrowser(server).call('POST', '/api/auth/sign-up/email', guess)),
    )
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(2)
  })
})

describe('signing in', () => {
  it('takes address and password, and answers nothing that opens the session but the cookie', async () => {
    const { email, id } = await signUp(server)
    const browser = openBrowser(server)
    const { status, json, headers } = await browser.call('POST', '/api/auth/sign-in/email', {
      email: email.toUpperCase(),
      password: goodPassword,
    })
    expect([status, json]).toEqual([200, { person: { id, email, name: 'Person' } }])
    expect(headers.get('cache-control')).toBe('no-store')
    expect((await browser.call('GET', '/v1/whoami')).json.id).toBe(id)
  })

  it('answers an unknown address as it answers a wrong password', async () => {
    const { email } = await signUp(server)
    const ask = async (email: string, password: string) => {
      const answer = await openBrowser(server).call('POST', '/api/auth/sign-in/email', { email, password })
      const { requestId, ...json } = answer.json
      return { status: answer.status, json, cookies: answer.headers.getSetCookie() }
    }
    const wrong = await ask(email, 'another password')
    expect([wrong.status, wrong.json.code]).toEqual([401, 'sign_in_failed'])
    expect(wrong).toEqual(await ask('nobody@example.com', goodPassword))
    expect(wrong).toEqual(await ask('no address', goodPassword))
  })

  it('makes a new session, and ends the one that the browser came with', async () => {
    const { browser, email } = await signUp(server)
    const before = browser.cookie()
    await browser.call('POST', '/api/auth/sign-in/email', { email, password: goodPassword })
    expect(browser.cookie()).not.toBe(before)
    const replayed = await fetch(`${server.control}/v1/whoami`, { headers: { cookie: before } })
    expect(replayed.status).toBe(401)
  })

  it('ends the session that the browser came with, where it begins with another account', async () => {
    const { browser } = await signUp(server)
    const before = browser.cookie()
    const other = { email: 'another-account@example.com', password: goodPassword, name: 'Another' }
    expect((await browser.call('POST', '/api/auth/sign-up/email', other)).status).toBe(200)
    expect((await browser.call('GET', '/v1/whoami')).json.email).toBe(other.email)
    const replayed = await fetch(`${server.control}/v1/whoami`, { headers: { cookie: before } })
    expect(replayed.status).toBe(401)
  })

  it('never takes a session that somebody else has prepared', async () => {
    const { email } = await signUp(server)
    const planted = new Map([['keywright.session_token', 'planted.signature']])
    const browser = openBrowser(server, planted)
    await browser.call('POST', '/api/auth/sign-in/email', { email, password: goodPassword })
    expect(browser.cookie()).not.toContain('planted')
  })

  it('is limited for one account from one network, and waits as long as it says', async () => {
    const { email } = await signUp(server)
    const attempt = (password: string) =>
      openBrowser(server).call('POST', '/api/auth/sign-in/email', { email, password })
    const answers = await Promise.all(Array.from({ length: 12 }, () => attempt('a wrong password')))
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(10)
    const refused = answers.find(({ status }) => status === 429)
    expect(refused?.json.code).toBe('too_many_attempts')
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await attempt(goodPassword)).status).toBe(429)
  })
})

describe('signing in from IPv6', () => {
  it('counts all addresses of one /64 together, and locks no other network out', async () => {
    const proxied = await startServer({
      contract: 'keywright',
      trustedProxy: '127.0.0.1',
      env: { KEYWRIGHT_SIGN_UP: 'open' },
    })
    const { email } = await signUp(proxied)
    const attempt = async (address: string, password = 'a wrong password') => {
      const headers = { 'x-forwarded-for': address }
      const body = { email, password }
      return (await openBrowser(proxied).call('POST', '/api/auth/sign-in/email', body, headers)).status
    }
    for (let i = 0; i < 10; i++) expect(await attempt(`2001:db8:0:1::${i.toString(16)}`)).toBe(401)
    expect(await attempt('2001:db8:0:1:ffff::1', goodPassword)).toBe(429)
    expect(await attempt('2001:db8:0:2::1', goodPassword)).toBe(200)
    await proxied.stop()
  })
})

describe('one network', () => {
  let proxied: TestServer
  let networks = 0
  beforeAll(async () => {
    proxied = await startServer({
      contract: 'keywright',
      trustedProxy: '127.0.0.1',
      env: { KEYWRIGHT_SIGN_UP: 'open' },
    })
  })
  afterAll(() => proxied.stop())

  it.each<[path: string, most: number, body?: object]>([
    ['/api/auth/sign-up/email', 60, { ...account('guess@example.com'), invitation: 'kwi_guess' }],
    ['/api/auth/invitation', 60],
    ['/api/auth/invitation/accept', 60],
    ['/api/auth/password/reset', 60],
    ['/api/auth/portal', 60],
    ['/api/auth/sign-in/passkey/options', 100],
    ['/api/auth/sign-in/passkey', 100],
  ])('has %s %i times in a row, and then others still do', async (path, most, body = {}) => {
    const { browser } = await signUp(proxied)
    const ask = (network: number) => {
      const headers = { 'x-forwarded-for': `2001:db8:0:${network}::1` }
      return browser.call('POST', path, path.endsWith('/options') ? undefined : body, headers)
    }
    const [one, other] = [++networks, ++networks]
    for (let i = 0; i < most; i++) expect((await ask(one)).status).not.toBe(429)
    const { status, json } = await ask(one)
    expect([status, json.code]).toEqual([429, 'too_many_attempts'])
    expect((await ask(other)).status).not.toBe(429)
  })

  it.each([
    ['/api/auth/sign-in/email', 50, (i: number) => ({ email: `guess-${i}`, password: 'a guess' })],
    ['/api/auth/password/forgot', 20, (i: number) => ({ email: `guess-${i}@example.com` })],
  ])('asks %s about %i accounts in a row, and then others still do', async (path, most, body) => {
    const ask = async (network: number, i: number) => {
      const headers = { 'x-forwarded-for': `2001:db8:0:${network}::1` }
      return (await openBrowser(proxied).call('POST', path, body(i), headers)).status
    }
    const [one, other] = [++networks, ++networks]
    for (let i = 0; i < most; i++) expect(await ask(one, i)).not.toBe(429)
    expect(await ask(one, most)).toBe(429)
    expect(await ask(other, most)).not.toBe(429)
  })

  it('is one of many from which an account is tried a hundred times an hour', async () => {
    const attempt = async (email: string) => {
      const headers = { 'x-forwarded-for': `2001:db8:0:${++networks}::1` }
      const body = { email, password: 'a guess' }
      return (await openBrowser(proxied).call('POST', '/api/auth/sign-in/email', body, headers)).status
    }
    for (let i = 0; i < 100; i++) expect(await attempt(i % 2 ? 'wanted' : ' WANTED')).toBe(401)
    expect(await attempt('wanted')).toBe(429)
    expect(await attempt('another')).toBe(401)
  })

  it('starts thirty logins from terminals in a row, and is told then how long to wait', async () => {
    const [one, other] = [++networks, ++networks]
    const ask = (network: number) => {
      const headers = { 'x-forwarded-for': `2001:db8:0:${network}::1` }
      return openBrowser(proxied).call('POST', '/api/auth/device/code', { client_id: 'keywright' }, headers)
    }
    for (let i = 0; i < 30; i++) expect((await ask(one)).status).toBe(200)
    const { status, json, headers } = await ask(one)
    expect([status, json.error]).toEqual([429, 'too_many_attempts'])
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await ask(other)).status).toBe(200)
  })
})

describe('a session', () => {
  it('is a cookie for this host alone, which no script can read', async () => {
    const { browser } = await signUp(server)
    const [cookie] = browser.setCookies()
    expect(cookie).toMatch(/^keywright\.session_token=[^;]{70,}; Max-Age=604800; Path=\/; HttpOnly; SameSite=Lax$/)
  })

  it('is tied to HTTPS and to the host by its very name where the console is reached so', async () => {
    const secure = await startServer({
      contract: 'keywright',
      consoleUrl: 'https://keys.example.com',
      env: { KEYWRIGHT_SIGN_UP: 'open' },
    })
    const signUpFrom = (origin: string) =>
      fetch(`${secure.control}/api/auth/sign-up/email`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin },
        body: JSON.stringify(account('ann@example.com')),
      })
    for (const origin of ['https://keys.example.com.evil.example', 'http://keys.example.com', secure.control]) {
      expect((await signUpFrom(origin)).status).toBe(403)
    }
    const response = await signUpFrom('https://keys.example.com')
    expect(response.headers.getSetCookie()[0]).toMatch(
      /^__Host-keywright\.session_token=[^;]+; Max-Age=604800; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    )
    await secure.stop()
  })

  it('ends on the server when its owner signs out: a copy of the cookie opens nothing', async () => {
    const { browser } = await signUp(server)
    const copy = browser.cookie()
    expect((await browser.call('POST', '/api/auth/sign-out')).status).toBe(200)
    expect(browser.cookie()).toBe('')
    expect((await fetch(`${server.control}/v1/whoami`, { headers: { cookie: copy } })).status).toBe(401)
  })

  it('is nowhere in the database once it is over and its owner has signed in again', async () => {
    const { email, id } = await signUp(server)
    const signIn = () => openBrowser(server).call('POST', '/api/auth/sign-in/email', { email, password: goodPassword })
    const kept = () => {
      const file = new BetterSqlite3(join(server.folder, 'data', 'people.db'), { readonly: true })
      const count = file.prepare('select count(*) from kw_sessions where "userId" = ?').pluck().get(id)
      file.close()
      return count
    }
    expect((await signIn()).status).toBe(200)
    expect(kept()).toBe(2)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 8 * 24 * 3600 * 1000 })
    expect((await signIn()).status).toBe(200)
    expect((await signIn()).status).toBe(200)
    vi.useRealTimers()
    expect(kept()).toBe(2)
  })

  it('counts for nothing beside an Authorization, whatever that says', async () => {
    const { browser } = await signUp(server)
    for (const path of ['/v1/whoami', '/v1/organizations']) {
      for (const authorization of ['Basic YTpi', 'Bearer', 'Bearer a b', 'Bearer x']) {
        expect((await browser.call('GET', path, undefined, { authorization })).status).toBe(401)
      }
      expect((await browser.call('GET', path)).status).toBe(200)
    }
  })

  it('is listed, and can be ended from another', async () => {
    const { browser, email } = await signUp(server)
    const elsewhere = openBrowser(server)
    await elsewhere.call('POST', '/api/auth/sign-in/email', { email, password: goodPassword })
    const { sessions } = (await browser.call('GET', '/api/auth/sessions')).json
    expect(sessions).toHaveLength(2)
    const other = sessions.find(({ current }: { current: boolean }) => !current)
    expect(other.address).toBe('127.0.0.1')
    expect((await browser.call('POST', '/api/auth/sessions/end', { session: other.id })).status).toBe(200)
    expect((await elsewhere.call('GET', '/v1/whoami')).status).toBe(401)
    expect((await browser.call('GET', '/v1/whoami')).status).toBe(200)
  })

  it('of somebody else cannot be ended', async () => {
    const [one, two] = [await signUp(server), await signUp(server)]
    const [session] = (await two.browser.call('GET', '/api/auth/sessions')).json.sessions
    expect((await one.browser.call('POST', '/api/auth/sessions/end', { session: session.id })).status).toBe(404)
    expect((await two.browser.call('GET', '/v1/whoami')).status).toBe(200)
  })

  it.each(['session_token=x', 'keywright.session_token=', 'keywright.session_token=a.b', '__proto__=1'])(
    'is not %s',
    async (cookie) => {
      const { status } = await fetch(`${server.control}/v1/whoami`, { headers: { cookie } })
      expect(status).toBe(401)
    },
  )
})

describe('a change asked for with a session', () => {
  const create = (cookie: string, lines: string[]) =>
    rawRequest(server.control, {
      method: 'POST',
      target: '/v1/projects',
      lines: [`Cookie: ${cookie}`, 'Content-Type: application/json', 'Content-Length: 2', ...lines],
      body: '{}',
    })

  it.each([
    ['no origin', []],
    ['the origin of another site', ['Origin: https://evil.example']],
    ['an origin that is null', ['Origin: null']],
    ['a sibling', ['Origin: https://sibling.127.0.0.1']],
    ['another port', ['Origin: http://127.0.0.1:1']],
    ['our origin from another site', ['Sec-Fetch-Site: cross-site']],
    ['our origin from the same site', ['Sec-Fetch-Site: same-site']],
    ['our origin typed by the user', ['Sec-Fetch-Site: none']],
  ])('is refused with %s', async (name, lines) => {
    const { browser } = await signUp(server)
    const own = name.startsWith('our') ? [`Origin: ${server.control}`] : []
    const { status, body } = await create(browser.cookie(), [...own, ...lines])
    expect([status, body.includes('foreign_origin')]).toEqual([403, true])
  })

  it('is taken from our own pages', async () => {
    const { browser } = await signUp(server)
    const { status } = await create(browser.cookie(), [`Origin: ${server.control}`, 'Sec-Fetch-Site: same-origin'])
    expect(status).toBe(422)
  })

  it('has to be JSON, which no form of another site can send', async () => {
    const { browser } = await signUp(server)
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
      const headers = { 'content-type': type }
      expect((await browser.call('POST', '/v1/projects', {}, headers)).status).toBe(415)
    }
  })

  it('is never invited from another origin: no answer shares itself', async () => {
    const { headers } = await openBrowser(server).call('GET', '/openapi.json', undefined, {
      origin: 'https://evil.example',
    })
    expect(headers.get('access-control-allow-origin')).toBeNull()
  })

  it('cannot be signing in, or up, from another site', async () => {
    const headers = { origin: 'https://evil.example' }
    for (const path of ['/api/auth/sign-in/email', '/api/auth/sign-up/email', '/api/auth/sign-out']) {
      const { json } = await openBrowser(server).call('POST', path, account('x@example.com'), headers)
      expect(json.code).toBe('foreign_origin')
    }
  })
})

describe('who reads the database', () => {
  it('finds nothing in it, nor in the log, that opens a session or an account', async () => {
    const { browser, email } = await signUp(server)
    const copy = join(server.folder, 'copy.db')
    for (const file of readdirSync(join(server.folder, 'data')).filter((name) => name.startsWith('people.db'))) {
      copyFileSync(join(server.folder, 'data', file), copy + file.slice('people.db'.length))
    }
    const database = new BetterSqlite3(copy)
    const tokens = database.prepare<[], string>('select token from kw_sessions').pluck().all()
    expect(tokens.length).toBeGreaterThan(0)
    for (const token of tokens) {
      for (const value of [token, `${token}.`, encodeURIComponent(`${token}.${token}`)]) {
        const cookie = `keywright.session_token=${value}`
        expect((await fetch(`${server.control}/v1/whoami`, { headers: { cookie } })).status).toBe(401)
      }
      const authorization = `Bearer ${token}`
      expect((await fetch(`${server.control}/v1/whoami`, { headers: { authorization } })).status).toBe(401)
    }
    database.close()
    const signature = decodeURIComponent(browser.cookie()).split('.').at(-1) ?? 'none'
    for (const file of readdirSync(join(server.folder, 'data')).filter((name) => name !== 'secret')) {
      const text = readFileSync(join(server.folder, 'data', file), 'latin1')
      expect([file, text.includes(goodPassword), text.includes(signature)]).toEqual([file, false, false])
    }
    expect(server.log()).not.toContain(goodPassword)
    expect(server.log()).not.toContain(email)
  })

  it('does not find the secret there: it is a file for this user alone', () => {
    const file = join(server.folder, 'data', 'secret')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readFileSync(file, 'utf8').trim()).toMatch(/^[\w-]{43}$/)
    for (const name of ['people.db', 'keywright.db']) {
      expect(statSync(join(server.folder, 'data', name)).mode & 0o777).toBe(0o600)
    }
  })
})

describe('the link of the first start', () => {
  it('makes an operator of the first who opens it, and of nobody else', async () => {
    const fresh = await startServer({ contract: 'keywright' })
    const link = await fresh.operatorLink()
    expect(link).toMatch(new RegExp(`^${fresh.control}/join#kwi_[0-9A-Za-z]{49}$`))
    const invitation = tokenOf(link)
    const offer = await openBrowser(fresh).call('POST', '/api/auth/invitation', { invitation })
    expect(offer.json).toMatchObject({ role: 'operator', organization: null, email: null })

    const answers = await Promise.all(
      ['a', 'b', 'c'].map((name) =>
        openBrowser(fresh).call('POST', '/api/auth/sign-up/email', {
          ...account(`${name}@example.com`),
          invitation,
        }),
      ),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 410, 410])
    const losers = answers.flatMap(({ status }, i) => (status === 410 ? [['a', 'b', 'c'][i]] : []))
    const login = { email: `${losers[0]}@example.com`, password: goodPassword }
    expect((await openBrowser(fresh).call('POST', '/api/auth/sign-in/email', login)).status).toBe(401)

    expect(await fresh.operatorLink()).toBeNull()
    await fresh.stop()
  })

  it('ends after an hour and when a newer one is printed, and is nowhere in the data folder', async () => {
    const fresh = await startServer({ contract: 'keywright' })
    const first = tokenOf(await fresh.operatorLink())
    const second = tokenOf(await fresh.operatorLink())
    const view = (invitation: string) => openBrowser(fresh).call('POST', '/api/auth/invitation', { invitation })
    expect([(await view(first)).status, (await view(second)).status]).toEqual([410, 200])
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3600 * 1000 })
    const late = await view(second).finally(() => vi.useRealTimers())
    expect(late.status).toBe(410)
    for (const file of readdirSync(join(fresh.folder, 'data'))) {
      const text = readFileSync(join(fresh.folder, 'data', file), 'latin1')
      expect([file, text.includes(first.slice(4, 40)), text.includes(second.slice(4, 40))]).toEqual([
        file,
        false,
        false,
      ])
    }
    await fresh.stop()
  })

  it('gives the whole instance, and the audit says so', async () => {
    const fresh = await startServer({ contract: 'keywright' })
    const operator = await becomeOperator(fresh)
    const { call } = operator.browser
    expect((await call('POST', '/v1/organizations', { id: 'new', name: 'New' })).status).toBe(201)
    expect((await call('GET', '/v1/service-keys')).status).toBe(200)
    const { events } = (await call('GET', '/v1/audit?limit=50')).json
    expect(events.find(({ action }: { action: string }) => action === 'operator.added')).toMatchObject({
      target: operator.id,
      actor: { type: 'user', id: operator.id, triggeredBy: 'ui' },
    })
    expect(events[0]).toMatchObject({ action: 'organization.created', actor: { type: 'user', triggeredBy: 'ui' } })
    await fresh.stop()
  })
})

describe('an instance', () => {
  it('keeps its sessions when it is started again, and loses them all with its secret', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'keywright-test-'))
    const start = async () => {
      const env = { KEYWRIGHT_SIGN_UP: 'open' }
      const settings = await readSettings({ flags: { port: '0', controlPort: '0', data: '.' }, env, folder })
      return startInstance(settings, { folder, logTo: { write() {} } })
    }
    const first = await start()
    const { browser } = await signUp(first)
    await first.stop()
    const ask = async () => {
      const { control, stop } = await start()
      const { status } = await fetch(`${control}/v1/whoami`, { headers: { cookie: browser.cookie() } })
      await stop()
      return status
    }
    expect(await ask()).toBe(200)
    rmSync(join(folder, 'secret'))
    expect(await ask()).toBe(401)
    rmSync(folder, { recursive: true })
  })
})
