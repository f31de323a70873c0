import { copyFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setMember } from '@keywright/core'
import BetterSqlite3 from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { controlApi } from '../support/control-api.ts'
import { becomeOperator, goodPassword, openBrowser, type SignedUp, signUp, tokenOf } from '../support/people.ts'
import { startServer, type TestServer, tester } from '../support/start-server.ts'

const grant_type = 'urn:ietf:params:oauth:grant-type:device_code'
const client_id = 'holocron-cli'

let server: TestServer
let operator: SignedUp
beforeAll(async () => {
  server = await startServer({ contract: 'holocron', env: { KEYWRIGHT_SIGN_UP: 'open' } })
  operator = await becomeOperator(server)
})
afterAll(() => server.stop())

const post = async (path: string, body: Record<string, string>, type = 'application/json', at = server.control) => {
  const text = type === 'application/json' ? JSON.stringify(body) : String(new URLSearchParams(body))
  const response = await fetch(`${at}/api/auth/device/${path}`, {
    method: 'POST',
    headers: { 'content-type': type },
    body: text,
  })
  return { status: response.status, headers: response.headers, json: JSON.parse(await response.text()) }
}
const start = async (more = {}) => (await post('code', { client_id, ...more })).json
const poll = (device_code: string) => post('token', { grant_type, device_code, client_id })
const view = ({ browser }: Pick<SignedUp, 'browser'>, code: string) =>
  browser.call('GET', `/api/auth/device?user_code=${code}`)
const decide = ({ browser }: Pick<SignedUp, 'browser'>, verb: 'approve' | 'deny', userCode: string) =>
  browser.call('POST', `/api/auth/device/${verb}`, { userCode })

/** Lets the clock of the server alone run ahead. */
async function later(seconds: number, work: () => Promise<void>): Promise<void> {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 })
  try {
    await work()
  } finally {
    vi.useRealTimers()
  }
}

describe('a login from a terminal', () => {
  it('shows a code, waits for a person, and ends with a CLI token', async () => {
    const ann = await signUp(server)
    const { json: codes, headers } = await post('code', { client_id, device_name: 'ann-laptop' })
    expect(codes).toEqual({
      device_code: expect.stringMatching(/^[\w-]{43}$/),
      user_code: expect.stringMatching(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/),
      verification_uri: `${server.control}/device`,
      verification_uri_complete: `${server.control}/device?user_code=${codes.user_code}`,
      expires_in: 600,
      interval: 5,
    })
    expect(headers.get('cache-control')).toBe('no-store')
    expect(await poll(codes.device_code)).toMatchObject({ status: 400, json: { error: 'authorization_pending' } })

    const shown = await view(ann, codes.user_code.toLowerCase().replace('-', ' '))
    expect(shown.json).toMatchObject({
      client: client_id,
      device: 'ann-laptop',
      address: '127.0.0.1',
      state: 'pending',
    })
    expect((await decide(ann, 'approve', codes.user_code)).json.state).toBe('approved')

    await later(5, async () => {
      const { status, json } = await poll(codes.device_code)
      expect([status, json]).toEqual([
        200,
        { access_token: expect.stringMatching(/^kwc_[0-9A-Za-z]{49}$/), token_type: 'Bearer', expires_in: 7_776_000 },
      ])
      const api = controlApi(server.control)
      const me = await api('GET', '/v1/whoami', { credential: json.access_token })
      expect(me.json).toMatchObject({ type: 'user', id: ann.id, signedInBy: 'cli_token' })
      const { cliTokens } = (await ann.browser.call('GET', '/v1/cli-tokens')).json
      expect(cliTokens).toMatchObject([{ name: 'ann-laptop', revokedAt: null }])
    })
  })

  it('is looked at by no page of another site, which would use up the guesses or bind it', async () => {
    const ann = await signUp(server)
    const { user_code } = await start()
    const from = (site: string, code = user_code) =>
      ann.browser.call('GET', `/api/auth/device?user_code=${code}`, undefined, { 'sec-fetch-site': site })
    for (const site of ['cross-site', 'same-site', 'cross-site', 'same-site', 'cross-site', 'same-site']) {
      expect((await from(site, 'BBBB-BBBB')).json.code).toBe('foreign_origin')
    }
    expect((await from('cross-site')).status).toBe(403)
    expect([(await from('same-origin')).status, (await from('none')).status]).toEqual([200, 200])
  })

  it('is of a machine without a name where the name shows nothing', async () => {
    const { user_code } = await start({ device_name: '\u3164 ' })
    expect((await view(await signUp(server), user_code)).json).toMatchObject({ client: client_id, device: null })
  })

  it('takes a form as it takes JSON', async () => {
    const form = 'application/x-www-form-urlencoded'
    const { status, json } = await post('code', { client_id }, form)
    expect([status, json.interval]).toEqual([200, 5])
    const answer = await post('token', { grant_type, client_id, device_code: json.device_code }, form)
    expect([answer.status, answer.json.error]).toEqual([400, 'authorization_pending'])
  })

  it('is served by the edge too, where its contract promises that', async () => {
    const { json, headers } = await post('code', { client_id }, 'application/json', server.edge)
    expect(headers.get('cache-control')).toBe('no-store')
    expect(json.verification_uri).toBe(`${server.control}/device`)
    const body = { grant_type, client_id, device_code: json.device_code }
    const answer = await post('token', body, 'application/json', server.edge)
    expect([answer.status, answer.json.error]).toEqual([400, 'authorization_pending'])
  })

  it('can be denied', async () => {
    const ann = await signUp(server)
    const { device_code, user_code } = await start()
    await view(ann, user_code)
    expect((await decide(ann, 'deny', user_code)).status).toBe(200)
    expect((await poll(device_code)).json.error).toBe('access_denied')
    expect((await decide(ann, 'approve', user_code)).status).toBe(404)
    expect((await view(ann, user_code)).status).toBe(404)
  })

  it('is redeemed once, also by many at the same time', async () => {
    const ann = await signUp(server)
    const { device_code, user_code } = await start()
    await view(ann, user_code)
    await decide(ann, 'approve', user_code)
    const answers = await Promise.all(Array.from({ length: 5 }, () => poll(device_code)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    await later(600, async () => {
      expect((await poll(device_code)).json.access_token).toBeUndefined()
    })
    expect((await ann.browser.call('GET', '/v1/cli-tokens')).json.cliTokens).toHaveLength(1)
  })

  it.each([
    ['signs out', ({ browser }: SignedUp) => browser.call('POST', '/api/auth/sign-out')],
    [
      'sets another password',
      ({ browser }: SignedUp) =>
        browser.call('POST', '/api/auth/password', { current: goodPassword, password: 'a much better password' }),
    ],
    [
      'sets one by a link',
      async ({ email }: SignedUp) => {
        const { json } = await operator.browser.call('POST', '/v1/people/password-links', { email })
        const body = { token: tokenOf(json.link), password: 'a much better password' }
        return openBrowser(server).call('POST', '/api/auth/password/reset', body)
      },
    ],
    ['is disabled', ({ id }: SignedUp) => operator.browser.call('POST', `/v1/people/${id}/disable`)],
  ])('is denied, though approved, once the person %s', async (_, end) => {
    const ann = await signUp(server)
    const { device_code, user_code } = await start()
    await view(ann, user_code)
    expect((await decide(ann, 'approve', user_code)).status).toBe(200)
    // An organization of somebody's own keeps its owner.
    const [{ id = '' } = {}] = (await ann.browser.call('GET', '/v1/whoami')).json.organizations
    await setMember(server.lifecycle, tester, { organization: id, user: operator.id, role: 'owner' })
    expect((await end(ann)).status).toBe(200)
    expect(await poll(device_code)).toMatchObject({ status: 400, json: { error: 'access_denied' } })
    await later(6, async () => expect((await poll(device_code)).json.error).toBe('access_denied'))
  })

  it('is denied, though approved, once the session that approved it is over by itself', async () => {
    const ann = await signUp(server)
    const weekSeconds = 7 * 86_400
    let deviceCode = ''
    await later(weekSeconds - 60, async () => {
      const { device_code, user_code } = await start()
      await view(ann, user_code)
      expect((await decide(ann, 'approve', user_code)).status).toBe(200)
      deviceCode = device_code
    })
    await later(weekSeconds, async () => expect((await poll(deviceCode)).json.error).toBe('access_denied'))
  })

  it('expires after ten minutes, approved or not', async () => {
    const ann = await signUp(server)
    const { device_code, user_code } = await start()
    await view(ann, user_code)
    await decide(ann, 'approve', user_code)
    await later(600, async () => {
      expect((await poll(device_code)).json.error).toBe('expired_token')
      expect((await view(ann, user_code)).status).toBe(404)
    })
  })

  it('is slowed down for good by a machine that asks too soon', async () => {
    const ann = await signUp(server)
    const { device_code, user_code } = await start()
    await poll(device_code)
    expect((await poll(device_code)).json.error).toBe('slow_down')
    await view(ann, user_code)
    await decide(ann, 'approve', user_code)
    // Five seconds are not enough any more, approved or not, and asking again costs five more.
    await later(6, async () => expect((await poll(device_code)).json.error).toBe('slow_down'))
    await later(17, async () => expect((await poll(device_code)).json.error).toBe('slow_down'))
    await later(38, async () => expect((await poll(device_code)).status).toBe(200))
  })

  it.each([
    ['no client', { client_id: '' }, 'invalid_client'],
    ['a client that is no name', { client_id: 'a b' }, 'invalid_client'],
    ['a device that repaints terminals', { device_name: 'x\u001b[2J' }, 'invalid_request'],
    ['a scope that fills the page', { scope: 'x'.repeat(201) }, 'invalid_request'],
  ])('is refused with %s', async (_, more, error) => {
    const { status, json } = await post('code', { client_id, ...more })
    expect([status, json.error]).toEqual([400, error])
  })

  it.each([
    ['another grant', { grant_type: 'authorization_code' }, 'unsupported_grant_type'],
    ['no code', { device_code: '' }, 'invalid_request'],
    ['an unknown code', { device_code: 'x'.repeat(43) }, 'invalid_grant'],
    ['the user code', { device_code: 'BCDF-GHJK' }, 'invalid_grant'],
    ['the code of another client', { client_id: 'other' }, 'invalid_grant'],
  ])('answers nothing for %s', async (_, more, error) => {
    const { device_code } = await start()
    const { status, json } = await post('token', { grant_type, device_code, client_id, ...more })
    expect([status, json.error]).toEqual([400, error])
  })
})

describe('who decides about it', () => {
  it('is nobody without a session: neither a stranger, nor a CLI token, nor a service key', async () => {
    const { user_code } = await start()
    const stranger = openBrowser(server)
    expect((await view({ browser: stranger }, user_code)).json.code).toBe('not_signed_in')
    expect((await decide({ browser: stranger }, 'approve', user_code)).json.code).toBe('not_signed_in')
    const api = controlApi(server.control)
    const approval = await api('POST', '/api/auth/device/approve', { body: { userCode: user_code } })
    expect([approval.status, approval.json.code]).toEqual([401, 'not_signed_in'])
  })

  it('is the session that looked at it first: nobody can approve what somebody else has before their eyes', async () => {
    const [ann, bob] = [await signUp(server), await signUp(server)]
    const { user_code, device_code } = await start()
    await view(ann, user_code)
    expect((await view(bob, user_code)).json.code).toBe('device_code_not_yours')
    expect((await decide(bob, 'approve', user_code)).status).toBe(403)
    expect((await decide(bob, 'deny', user_code)).status).toBe(403)
    expect((await poll(device_code)).json.error).toBe('authorization_pending')
    expect((await decide(ann, 'approve', user_code)).status).toBe(200)
  })

  it('is nobody while nobody has looked at it', async () => {
    const ann = await signUp(server)
    const { user_code } = await start()
    for (const verb of ['approve', 'deny'] as const) expect((await decide(ann, verb, user_code)).status).toBe(403)
  })

  it('of two who look at the same time is one', async () => {
    const people = [await signUp(server), await signUp(server), await signUp(server)]
    const { user_code } = await start()
    const views = await Promise.all(people.map((person) => view(person, user_code)))
    expect(views.map(({ status }) => status).sort()).toEqual([200, 403, 403])
    const decisions = await Promise.all(people.map((person) => decide(person, 'approve', user_code)))
    expect(decisions.map(({ status }) => status).sort()).toEqual([200, 403, 403])
  })

  it('can guess five times, and is then not told of a right code either', async () => {
    const ann = await signUp(server)
    const { user_code } = await start()
    for (const last of 'BCDFG') expect((await view(ann, `ZZZZZZZ${last}`)).status).toBe(404)
    const sixth = await view(ann, user_code)
    expect([sixth.status, sixth.json.code]).toEqual([429, 'too_many_attempts'])
    expect((await decide(ann, 'approve', user_code)).status).toBe(429)
    const bob = await signUp(server)
    expect((await view(bob, user_code)).status).toBe(200)
  })

  it('can mistype: what cannot be a code is no guess', async () => {
    const ann = await signUp(server)
    for (const typed of ['AEIO-UAEI', 'BCDF', 'BCDF-GHJ1', 'ＢCDFGHJK', 'BCDFGHJKL'])
      expect((await view(ann, typed)).status).toBe(422)
    const { user_code } = await start()
    expect((await view(ann, user_code)).status).toBe(200)
  })

  it('cannot be a page of another site', async () => {
    const ann = await signUp(server)
    const { user_code } = await start()
    await view(ann, user_code)
    const forged = await ann.browser.call(
      'POST',
      '/api/auth/device/approve',
      { userCode: user_code },
      { origin: 'https://evil.example' },
    )
    expect([forged.status, forged.json.code]).toEqual([403, 'foreign_origin'])
  })
})

describe('a CLI token', () => {
  const login = async (person: SignedUp) => {
    const { device_code, user_code } = await start({ device_name: 'laptop' })
    await view(person, user_code)
    await decide(person, 'approve', user_code)
    return (await poll(device_code)).json.access_token as string
  }
  const ask = async (credential: string, method = 'GET', path = '/v1/whoami', body?: unknown) =>
    controlApi(server.control)(method, path, { credential, body })

  it('acts as its person, and the audit says that it was a terminal', async () => {
    const ann = await signUp(server)
    const token = await login(ann)
    const organization = (await ask(token)).json.organizations[0].id
    expect((await ask(token, 'POST', '/v1/projects', { organization, name: 'Web' })).status).toBe(201)
    const { events } = (await ask(token, 'GET', `/v1/audit?organization=${organization}`)).json
    expect(events[0]).toMatchObject({
      action: 'project.created',
      actor: { type: 'user', id: ann.id, triggeredBy: 'cli', address: '127.0.0.1' },
    })
    const cli = (await ask(token, 'GET', `/v1/audit?organization=${organization}&triggeredBy=cli`)).json.events
    expect(cli).toHaveLength(1)
  })

  it('is refused from the moment it is revoked, here or by itself', async () => {
    const ann = await signUp(server)
    const [one, two] = [await login(ann), await login(ann)]
    const { cliTokens } = (await ann.browser.call('GET', '/v1/cli-tokens')).json
    expect((await ann.browser.call('POST', `/v1/cli-tokens/${cliTokens[0].id}/revoke`)).status).toBe(200)
    expect([(await ask(one)).status, (await ask(two)).status]).toEqual([401, 200])
    expect((await ask(two, 'POST', '/v1/cli-tokens/current/revoke')).status).toBe(200)
    expect((await ask(two)).status).toBe(401)
  })

  it('is nobody else’s to see or revoke', async () => {
    const [ann, bob] = [await signUp(server), await signUp(server)]
    await login(ann)
    const [token] = (await ann.browser.call('GET', '/v1/cli-tokens')).json.cliTokens
    expect((await bob.browser.call('GET', '/v1/cli-tokens')).json.cliTokens).toEqual([])
    expect((await bob.browser.call('POST', `/v1/cli-tokens/${token.id}/revoke`)).status).toBe(404)
  })

  it('ends after 90 days', async () => {
    const token = await login(await signUp(server))
    await later(90 * 86_400 - 60, async () => expect((await ask(token)).status).toBe(200))
    await later(90 * 86_400, async () => expect((await ask(token)).status).toBe(401))
  })

  it('is in the database as a digest alone, and so are the codes that led to it', async () => {
    const ann = await signUp(server)
    const { device_code, user_code } = await start()
    await view(ann, user_code)
    await decide(ann, 'approve', user_code)
    const token = (await poll(device_code)).json.access_token
    const copy = join(server.folder, 'copy.db')
    for (const file of readdirSync(join(server.folder, 'data')).filter((name) => /^keywright\.db(-wal)?$/.test(name))) {
      copyFileSync(join(server.folder, 'data', file), copy + file.slice('keywright.db'.length))
    }
    const database = new BetterSqlite3(copy)
    const tables = database.prepare<[], string>("select name from sqlite_schema where type = 'table'").pluck().all()
    const everything = JSON.stringify(tables.map((table) => database.prepare(`select * from "${table}"`).all()))
    database.close()
    expect(everything).toContain(ann.id)
    for (const secret of [token, device_code, user_code, user_code.replace('-', '')]) {
      expect(everything).not.toContain(secret)
      expect(server.log()).not.toContain(secret)
    }
  })

  it('ends when somebody reports having found it', async () => {
    const token = await login(await signUp(server))
    const report = await ask('', 'POST', '/v1/leaks', { credentials: [token] })
    expect([report.status, (await ask(token)).status]).toEqual([202, 401])
  })

  it('is no session and no service key: neither opens what the other does', async () => {
    const token = await login(await signUp(server))
    expect((await ask(token, 'GET', '/api/auth/sessions')).json.code).toBe('not_signed_in')
    expect((await ask(token, 'GET', '/v1/service-keys')).status).toBe(403)
    expect((await ask(token, 'POST', '/v1/verify', { credential: 'x' })).status).toBe(401)
    const cookie = `keywright.session_token=${token}`
    expect((await fetch(`${server.control}/v1/whoami`, { headers: { cookie } })).status).toBe(401)
  })
})
