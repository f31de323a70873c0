import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type HeldBody, holdBody } from '../support/held-body.ts'
import { issueCliToken } from '../support/issue-cli-token.ts'
import { becomeOperator, type SignedUp, signUp, tokenOf } from '../support/people.ts'
import { startServer, type TestServer, tester } from '../support/start-server.ts'

let server: TestServer
let operator: SignedUp

beforeAll(async () => {
  server = await startServer({ contract: 'keywright', env: { KEYWRIGHT_SIGN_UP: 'open' } })
  operator = await becomeOperator(server)
})
afterAll(() => server.stop())

async function call(method: string, path: string, body?: unknown) {
  const { status, json } = await operator.browser.call(method, path, body)
  expect(status).toBeLessThan(300)
  return json
}

async function anotherOperator(): Promise<SignedUp> {
  const email = `operator-${crypto.randomUUID()}@example.com`
  const { link } = await call('POST', '/v1/operators/invitations', { email })
  return signUp(server, { email, invitation: tokenOf(link) })
}

async function adminOf(organization: string): Promise<SignedUp> {
  const email = `admin-${crypto.randomUUID()}@example.com`
  const { link } = await call('POST', `/v1/organizations/${organization}/invitations`, { email, role: 'admin' })
  return signUp(server, { email, invitation: tokenOf(link) })
}

const sessionOf = ({ browser }: SignedUp) => [`Cookie: ${browser.cookie()}`, `Origin: ${server.control}`]

const newServiceKey = (lines: readonly string[]) =>
  holdBody(server.control, { target: '/v1/service-keys', lines, body: { name: 'late', permissions: ['*'] } })

async function answerOf(held: HeldBody): Promise<[number, unknown]> {
  const { status, text } = await held.send()
  return [status, /"code":"(\w+)"/.exec(text)?.[1]]
}

describe('a body that is held back until after', () => {
  it('a service key is revoked makes no other', async () => {
    const { id, credential } = await call('POST', '/v1/service-keys', { name: 'CI', permissions: ['*'] })
    const held = await newServiceKey([`Authorization: Bearer ${credential}`])
    await call('POST', `/v1/service-keys/${id}/revoke`)
    expect(await answerOf(held)).toEqual([401, 'invalid_credential'])
  })

  it('a CLI token is revoked makes no service key', async () => {
    const bob = await anotherOperator()
    const { token, credential } = await issueCliToken(server.lifecycle, tester, { user: bob.id, name: 'laptop' })
    const held = await newServiceKey([`Authorization: Bearer ${credential}`])
    expect((await bob.browser.call('POST', `/v1/cli-tokens/${token.id}/revoke`)).status).toBe(200)
    expect(await answerOf(held)).toEqual([401, 'invalid_credential'])
  })

  it('a session ends makes no service key', async () => {
    const bob = await anotherOperator()
    const held = await newServiceKey(sessionOf(bob))
    expect((await bob.browser.call('POST', '/api/auth/sign-out')).status).toBe(200)
    expect(await answerOf(held)).toEqual([401, 'missing_credential'])
  })

  it('an operator is none any more makes no service key', async () => {
    const bob = await anotherOperator()
    const held = await newServiceKey(sessionOf(bob))
    await call('DELETE', `/v1/operators/${bob.id}`)
    expect(await answerOf(held)).toEqual([403, 'permission_missing'])
  })

  it('somebody has left an organization makes no key there', async () => {
    const ann = await adminOf('acme')
    const body = { organization: 'acme', name: 'Late' }
    const held = await holdBody(server.control, { target: '/v1/keys', lines: sessionOf(ann), body })
    await call('DELETE', `/v1/organizations/acme/members/${ann.id}`)
    expect(await answerOf(held)).toEqual([404, 'not_found'])
  })

  it('an account is disabled takes no place by an invitation', async () => {
    const ann = await adminOf('acme')
    await call('POST', '/v1/organizations', { id: 'globex', name: 'Globex' })
    const { link } = await call('POST', '/v1/organizations/globex/invitations', { email: ann.email, role: 'owner' })
    const target = '/api/auth/invitation/accept'
    const body = { invitation: tokenOf(link) }
    const held = await holdBody(server.control, { target, lines: sessionOf(ann), body })
    await call('POST', `/v1/people/${ann.id}/disable`)
    expect(await answerOf(held)).toEqual([401, 'not_signed_in'])
    expect((await call('GET', '/v1/organizations/globex/members')).members).toEqual([])
  })
})
