import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Api, controlApi } from '../support/control-api.ts'
import { issueCliToken } from '../support/issue-cli-token.ts'
import { becomeOperator, goodPassword, openBrowser, signUp, tokenOf } from '../support/people.ts'
import { startServer, type TestServer, tester } from '../support/start-server.ts'

let server: TestServer
let api: Api
let manager: string

beforeAll(async () => {
  server = await startServer({ contract: 'keywright' })
  api = controlApi(server.control)
  await api('POST', '/v1/organizations', { body: { id: 'globex', name: 'Globex' } })
  manager = (await api('POST', '/v1/service-keys', { body: { name: 'portal', permissions: ['manage'] } })).json
    .credential
})
afterAll(() => server.stop())

async function open(organization: string, user: string, role = 'admin') {
  const body = { organization, user, role }
  const { status, json } = await api('POST', '/v1/portal-sessions', { credential: manager, body })
  return { status, portal: status === 201 ? tokenOf(json.link) : '' }
}

async function enter(portal: string) {
  const browser = openBrowser(server)
  const { status, json } = await browser.call('POST', '/api/auth/portal', { portal })
  return { browser, status, json }
}

describe('a portal link', () => {
  it('opens the console as a person of the one organization, once', async () => {
    const { portal } = await open('acme', 'ann@customer.example')
    const { browser, status } = await enter(portal)
    expect(status).toBe(200)
    const who = (await browser.call('GET', '/v1/whoami')).json
    expect(who).toMatchObject({ name: 'ann@customer.example', operator: false, signedInBy: 'session' })
    expect(who.organizations).toEqual([{ id: 'acme', name: 'acme', role: 'admin' }])
    expect((await browser.call('POST', '/v1/keys', { organization: 'acme', name: 'Key' })).json.createdBy).toBe(who.id)
    expect((await browser.call('GET', '/v1/keys?organization=globex')).status).toBe(404)
    expect((await enter(portal)).status).toBe(410)
  })

  it('is no invitation: whoever invited somebody with an account could enter as them', async () => {
    const invite = async () => {
      const body = { email: 'owner@example.com', role: 'owner' }
      return tokenOf((await api('POST', '/v1/organizations/acme/invitations', { body })).json.link)
    }
    await signUp(server, { email: 'owner@example.com', invitation: await invite() })
    const { browser, status, json } = await enter(await invite())
    expect([status, json.code, json.title]).toEqual([410, 'invitation_invalid', 'This link does not hold any more'])
    expect(browser.cookie()).toBe('')
  })

  it('is the same person each time, as what the latest link says', async () => {
    const first = await enter((await open('acme', 'bob', 'admin')).portal)
    const second = await enter((await open('acme', 'bob', 'member')).portal)
    expect(second.json.person.id).toBe(first.json.person.id)
    const { status } = await second.browser.call('POST', '/v1/keys', { organization: 'acme', name: 'Key' })
    expect(status).toBe(403)
  })

  it('with another role ends the sessions and terminals of before, so that none rises with it', async () => {
    const { id } = (await enter((await open('acme', 'earl', 'admin')).portal)).json.person
    const lowered = (await enter((await open('acme', 'earl', 'member')).portal)).browser
    const { credential } = await issueCliToken(server.lifecycle, tester, { user: id, name: 'laptop' })
    const terminal = () => api('GET', '/v1/whoami', { credential })
    const again = (await enter((await open('acme', 'earl', 'member')).portal)).browser
    for (const one of [lowered, again]) expect((await one.call('GET', '/v1/whoami')).status).toBe(200)
    expect((await terminal()).status).toBe(200)
    const { browser } = await enter((await open('acme', 'earl', 'admin')).portal)
    for (const one of [lowered, again]) expect((await one.call('GET', '/v1/whoami')).status).toBe(401)
    expect((await terminal()).status).toBe(401)
    expect((await browser.call('GET', '/v1/whoami')).json.organizations[0].role).toBe('admin')
  })

  it('with another role ends them as well where it is taken as an invitation is', async () => {
    const { browser } = await enter((await open('acme', 'fay', 'member')).portal)
    const { portal: invitation } = await open('acme', 'fay', 'admin')
    const { status, json } = await browser.call('POST', '/api/auth/invitation/accept', { invitation })
    expect([status, json.role]).toEqual([200, 'admin'])
    expect((await browser.call('GET', '/v1/whoami')).status).toBe(401)
  })

  it('that would leave an organization without an owner is refused, and ends nothing', async () => {
    const { browser } = await enter((await open('globex', 'gus', 'owner')).portal)
    expect((await enter((await open('globex', 'gus', 'member')).portal)).status).toBe(409)
    expect((await browser.call('GET', '/v1/whoami')).json.organizations[0].role).toBe('owner')
  })

  it('is made by no person, in a browser or at a terminal: it would let them in as somebody else', async () => {
    const owner = await enter((await open('acme', 'boss', 'owner')).portal)
    const body = { organization: 'acme', user: 'boss', role: 'member' }
    const { id } = owner.json.person
    const { credential } = await issueCliToken(server.lifecycle, tester, { user: id, name: 'laptop' })
    for (const { status, json } of [
      await owner.browser.call('POST', '/v1/portal-sessions', body),
      await api('POST', '/v1/portal-sessions', { credential, body }),
    ]) {
      expect([status, json.code]).toEqual([403, 'permission_missing'])
    }
  })

  it('is somebody else in another organization, and never who has an account here', async () => {
    const operator = await becomeOperator(server)
    const one = await enter((await open('acme', operator.email, 'member')).portal)
    const two = await enter((await open('globex', operator.email, 'member')).portal)
    expect(new Set([operator.id, one.json.person.id, two.json.person.id]).size).toBe(3)
    expect((await one.browser.call('GET', '/v1/operators')).status).toBe(403)
  })

  it('stays the only way in: there is no passkey, no provider, no password and no terminal for who comes by it', async () => {
    const { browser } = await enter((await open('acme', 'gina')).portal)
    const started = await api('POST', '/api/auth/device/code', { body: { client_id: 'keywright' } })
    const { user_code } = started.json
    expect(started.status).toBe(200)
    const asked: [method: string, path: string, body?: unknown][] = [
      ['POST', '/api/auth/passkeys/options'],
      ['POST', '/api/auth/passkeys', { name: 'own', response: {} }],
      ['POST', '/api/auth/sign-in/provider', { provider: 'acme', link: true }],
      ['POST', '/api/auth/password', { current: goodPassword, password: 'a much better password' }],
      ['GET', `/api/auth/device?user_code=${user_code}`],
      ['POST', '/api/auth/device/approve', { userCode: user_code }],
    ]
    for (const [method, path, body] of asked) {
      const { status, json } = await browser.call(method, path, body)
      expect([path, status, json.code]).toEqual([path, 403, 'permission_missing'])
    }
    expect((await browser.call('GET', '/v1/whoami')).status).toBe(200)
  })

  it('makes no operator of who comes by it, not even with the link of the first start', async () => {
    const fresh = await startServer({ contract: 'keywright' })
    const body = { organization: 'acme', user: 'hal', role: 'member' }
    const { json } = await controlApi(fresh.control)('POST', '/v1/portal-sessions', { body })
    const browser = openBrowser(fresh)
    await browser.call('POST', '/api/auth/portal', { portal: tokenOf(json.link) })
    const invitation = tokenOf(await fresh.operatorLink())
    const taken = await browser.call('POST', '/api/auth/invitation/accept', { invitation })
    expect([taken.status, taken.json.code]).toEqual([403, 'permission_missing'])
    expect((await browser.call('GET', '/v1/whoami')).json.operator).toBe(false)
    expect((await signUp(fresh, { invitation })).id).toMatch(/^usr_/)
    await fresh.stop()
  })

  it('leaves nothing of those before it, used or not, so that no number of visits fills the list of invitations', async () => {
    await enter((await open('acme', 'hal')).portal)
    const { portal: unused } = await open('acme', 'hal')
    await open('globex', 'hal')
    const { portal: latest } = await open('acme', 'hal')
    const address = (await openBrowser(server).call('POST', '/api/auth/invitation', { invitation: latest })).json.email
    const { json } = await api('GET', '/v1/organizations/acme/invitations?limit=100')
    expect(json.invitations.filter(({ email }: { email: string }) => email === address)).toHaveLength(1)
    expect((await enter(unused)).status).toBe(410)
    expect((await enter(latest)).status).toBe(200)
  })

  it('lets in from one network as many as there are right links', async () => {
    for (let visits = 0; visits < 61; visits++) {
      const { portal } = await open('acme', 'ivy')
      const looked = await openBrowser(server).call('POST', '/api/auth/invitation', { invitation: portal })
      expect(looked.json.organization.id).toBe('acme')
      expect((await enter(portal)).status).toBe(200)
    }
  })

  it('ends after five minutes', async () => {
    const { portal } = await open('acme', 'carl')
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 300_000 })
    expect((await enter(portal)).status).toBe(410)
    vi.useRealTimers()
  })

  it('cannot be turned into an account with a password', async () => {
    const { portal } = await open('acme', 'dora')
    const offer = await openBrowser(server).call('POST', '/api/auth/invitation', { invitation: portal })
    const { email } = offer.json
    const body = { email, password: goodPassword, name: 'Dora', invitation: portal }
    expect((await openBrowser(server).call('POST', '/api/auth/sign-up/email', body)).status).toBe(422)
    expect((await api('POST', '/v1/people/password-links', { body: { email } })).status).toBe(422)
  })

  it('is for portals alone: an invitation is no portal link', async () => {
    const body = { email: 'eve@example.com', role: 'member' }
    const { json } = await api('POST', '/v1/organizations/acme/invitations', { body })
    expect((await enter(tokenOf(json.link))).status).toBe(410)
  })

  it('is not made for an organization out of reach', async () => {
    const machine = { name: 'bound', permissions: ['manage'], organization: 'globex' }
    const { credential } = (await api('POST', '/v1/service-keys', { body: machine })).json
    const body = { organization: 'acme', user: 'x', role: 'owner' }
    expect((await api('POST', '/v1/portal-sessions', { credential, body })).status).toBe(404)
    expect((await open('nobody', 'x')).status).toBe(404)
  })
})
