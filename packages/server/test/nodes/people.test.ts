import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cutAtTheCommit } from '../support/cut-at-the-commit.ts'
import { type Browser, goodPassword, openBrowser, type SignedUp, signUp, tokenOf } from '../support/people.ts'
import { type TestPostgres, testPostgres } from '../support/postgres.ts'
import { startNode, type TestNode } from '../support/start-node.ts'
import { totp } from '../support/totp.ts'

let postgres: TestPostgres
let nodes: [TestNode, TestNode]
let database: string

const env = {
  KEYWRIGHT_SECRET: 'the-same-secret-on-every-node-of-these-tests',
  KEYWRIGHT_SIGN_UP: 'open',
  KEYWRIGHT_CONSOLE_URL: 'http://keys.example.com',
}
const origin = { origin: env.KEYWRIGHT_CONSOLE_URL }

const shifted = `const Real = Date; const now = () => Real.now() + 3_600_000
  globalThis.Date = class extends Real {
    constructor(...parts) { super(...(parts.length > 0 ? parts : [now()])) }
    static now() { return now() }
  }`
/** What a node is started with to have its own clock so far ahead. */
const hourAhead = `--import=data:text/javascript,${encodeURIComponent(shifted)}`

beforeAll(async () => {
  postgres = await testPostgres()
  database = await postgres.createDatabase()
  nodes = await Promise.all([startNode(database, env), startNode(database, env)])
}, 60_000)
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop()))
  await postgres.stop()
}, 60_000)

/** The same browser, led to the other node by the proxy in front. */
const onNode = (number: 0 | 1, { browser }: Pick<SignedUp, 'browser'>) =>
  openBrowser(
    nodes[number],
    new Map(
      browser
        .cookie()
        .split('; ')
        .map((pair) => splitOnce(pair)),
    ),
  )

function splitOnce(pair: string): [string, string] {
  const at = pair.indexOf('=')
  return [pair.slice(0, at), pair.slice(at + 1)]
}

describe('people on two nodes with one database', () => {
  it('keep the place that they have taken where nobody heard that it was committed', async () => {
    const { relay, url } = await cutAtTheCommit(database)
    const node = await startNode(url, env)
    const email = 'cut-off@example.com'
    const { api } = nodes[0]
    expect((await api('POST', '/v1/organizations', { body: { id: 'cut', name: 'Cut' } })).status).toBe(201)
    const invited = await api('POST', '/v1/organizations/cut/invitations', { body: { email, role: 'admin' } })
    const body = { email, password: goodPassword, name: 'Person', invitation: tokenOf(invited.json.link) }
    expect((await openBrowser(node).call('POST', '/api/auth/sign-up/email', body, origin)).status).toBe(503)
    const browser = openBrowser(nodes[0])
    const signedIn = await browser.call('POST', '/api/auth/sign-in/email', { email, password: goodPassword }, origin)
    expect(signedIn.status).toBe(200)
    expect((await browser.call('GET', '/v1/whoami')).json.organizations).toMatchObject([{ id: 'cut', role: 'admin' }])
    await node.stop()
    relay.close()
  })

  it('sign up on both at once, though neither has made its tables yet', async () => {
    const people = await Promise.all(nodes.map((node) => signUp(node, { headers: origin })))
    for (const { browser, id } of people) {
      expect((await browser.call('GET', '/v1/whoami')).json.id).toBe(id)
    }
  })

  it('are signed in on both, and signed out on both at once', async () => {
    const ann = await signUp(nodes[0], { headers: origin })
    const other = onNode(1, ann)
    expect((await other.call('GET', '/v1/whoami')).json.id).toBe(ann.id)
    await ann.browser.call('POST', '/api/auth/sign-out', undefined, origin)
    expect((await other.call('GET', '/v1/whoami')).status).toBe(401)
  })

  it('start a login on one, approve it on the other, and redeem it on the first, once', async () => {
    const ann = await signUp(nodes[1], { headers: origin })
    const client_id = 'keywright-cli'
    const post = async (node: 0 | 1, path: string, body: object) => {
      const headers = { 'content-type': 'application/json' }
      const answer = await fetch(`${nodes[node].control}/api/auth/device/${path}`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      })
      return { status: answer.status, json: (await answer.json()) as Record<string, string> }
    }
    const { device_code, user_code = '' } = (await post(0, 'code', { client_id })).json
    await ann.browser.call('GET', `/api/auth/device?user_code=${user_code}`)
    await ann.browser.call('POST', '/api/auth/device/approve', { userCode: user_code }, origin)
    const grant_type = 'urn:ietf:params:oauth:grant-type:device_code'
    const polls = await Promise.all(
      ([0, 1, 0, 1] as const).map((node) => post(node, 'token', { grant_type, device_code, client_id })),
    )
    const tokens = polls.flatMap(({ json }) => (json.access_token ? [json.access_token] : []))
    expect(tokens).toHaveLength(1)
    const [credential = ''] = tokens
    for (const { api } of nodes) expect((await api('GET', '/v1/whoami', { credential })).json.id).toBe(ann.id)
    await nodes[0].api('POST', '/v1/cli-tokens/current/revoke', { credential })
    expect((await nodes[1].api('GET', '/v1/whoami', { credential })).status).toBe(401)
  })

  it('are counted together when they guess a password', async () => {
    const { email } = await signUp(nodes[0], { headers: origin })
    const guess = (node: TestNode) =>
      openBrowser(node).call('POST', '/api/auth/sign-in/email', { email, password: 'a wrong password' }, origin)
    const answers = await Promise.all(Array.from({ length: 14 }, (_, i) => guess(nodes[i % 2] as TestNode)))
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(10)
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(4)
  })

  it('are counted on where the clock of a node is an hour ahead', { timeout: 60_000 }, async () => {
    const { email } = await signUp(nodes[0], { headers: origin })
    const guess = (node: TestNode, at = email) =>
      openBrowser(node).call('POST', '/api/auth/sign-in/email', { email: at, password: 'a wrong password' }, origin)
    for (let i = 0; i < 10; i++) expect((await guess(nodes[0])).status).toBe(401)
    const ahead = await startNode(database, { ...env, NODE_OPTIONS: hourAhead })
    expect((await guess(ahead, 'somebody-else@example.com')).status).toBe(401)
    for (const node of [nodes[0], ahead]) {
      const { status, headers } = await guess(node)
      expect(status).toBe(429)
      expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(15 * 60)
    }
    await ahead.stop()
  })

  it('are refused a change from anywhere but the console, whose address both were told', async () => {
    const ann = await signUp(nodes[0], { headers: origin })
    const { json } = await onNode(1, ann).call('POST', '/v1/projects', {})
    expect(json.code).toBe('foreign_origin')
  })
})

describe('an instance on PostgreSQL without a secret', () => {
  it('runs, says so in its log, and lets no person in', async () => {
    const node = await startNode(await postgres.createDatabase())
    const { status, json } = await openBrowser(node).call('POST', '/api/auth/sign-in/email', {
      email: 'ann@example.com',
      password: 'a good long password',
    })
    expect([status, json.code]).toEqual([501, 'sign_in_off'])
    expect(node.log()).toContain('KEYWRIGHT_SECRET')
    expect((await node.api('GET', '/v1/organizations')).status).toBe(200)
    await node.stop()
  })
})

describe('a second factor that was set up under another secret', () => {
  it('cannot be confirmed, which says why, and is begun anew', async () => {
    const ann = await signUp(nodes[0], { headers: origin })
    const enrol = (browser: Browser) =>
      browser.call('POST', '/api/auth/second-factor/enrol', { password: goodPassword }, origin)
    const confirm = (browser: Browser, uri: string) =>
      browser.call('POST', '/api/auth/second-factor/confirm', { code: totp(uri) }, origin)
    const { uri } = (await enrol(ann.browser)).json
    const node = await startNode(database, { ...env, KEYWRIGHT_SECRET: 'another-secret-than-that-of-the-other-nodes' })
    const browser = openBrowser(node)
    await browser.call('POST', '/api/auth/sign-in/email', { email: ann.email, password: goodPassword }, origin)
    const { status, json } = await confirm(browser, uri)
    expect([status, json.code]).toEqual([401, 'sign_in_failed'])
    expect(json.detail).toContain('KEYWRIGHT_SECRET')
    expect((await confirm(browser, (await enrol(browser)).json.uri)).json).toEqual({ enabled: true })
    await node.stop()
  })

  it('is refused with the reason, and no longer asked for once an operator has turned it off', async () => {
    const ann = await signUp(nodes[0], { headers: origin })
    const enrolled = await ann.browser.call('POST', '/api/auth/second-factor/enrol', { password: goodPassword }, origin)
    const { uri, recoveryCodes } = enrolled.json
    await ann.browser.call('POST', '/api/auth/second-factor/confirm', { code: totp(uri) }, origin)
    const node = await startNode(database, { ...env, KEYWRIGHT_SECRET: 'another-secret-than-that-of-the-other-nodes' })
    const browser = openBrowser(node)
    const signIn = () =>
      browser.call('POST', '/api/auth/sign-in/email', { email: ann.email, password: goodPassword }, origin)
    expect((await signIn()).json).toEqual({ secondFactor: true })
    for (const given of [{ code: totp(uri, Date.now() + 30_000) }, { recoveryCode: recoveryCodes[0] }]) {
      const { status, json } = await browser.call('POST', '/api/auth/sign-in/second-factor', given, origin)
      expect([status, json.code]).toEqual([401, 'sign_in_failed'])
      expect(json.detail).toContain('KEYWRIGHT_SECRET')
    }
    expect((await node.api('DELETE', `/v1/people/${ann.id}/second-factor`)).status).toBe(200)
    expect((await signIn()).json.person.id).toBe(ann.id)
    await node.stop()
  })
})
