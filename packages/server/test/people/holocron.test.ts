import { type Role, removeMember, setMember } from '@keywright/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startUpstream, type Upstream } from '../support/echo-upstream.ts'
import { holdBody } from '../support/held-body.ts'
import { becomeOperator, type SignedUp, signUp } from '../support/people.ts'
import { rawRequest } from '../support/raw-request.ts'
import { startServer, type TestServer, tester } from '../support/start-server.ts'

let server: TestServer
let upstream: Upstream

beforeAll(async () => {
  upstream = await startUpstream()
  server = await startServer({
    contract: 'holocron',
    upstream: upstream.url,
    env: { KEYWRIGHT_SIGN_UP: 'open' },
  })
})
afterAll(async () => {
  await server.stop()
  await upstream.stop()
})

interface Person extends SignedUp {
  token: string
}

/** Logs a terminal in as the page says, over the edge, with the person approving on the console. */
async function login(person: SignedUp): Promise<Person> {
  const post = async (path: string, body: object) => {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${server.edge}/api/auth/device/${path}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    })
    return answer.json() as Promise<Record<string, string>>
  }
  const client_id = 'holocron-cli'
  const { device_code, user_code } = await post('code', { client_id })
  await person.browser.call('GET', `/api/auth/device?user_code=${user_code}`)
  await person.browser.call('POST', '/api/auth/device/approve', { userCode: user_code })
  const grant_type = 'urn:ietf:params:oauth:grant-type:device_code'
  const { access_token = '' } = await post('token', { grant_type, device_code, client_id })
  return { ...person, token: access_token }
}

async function call(credential: string, method: string, path: string, body?: object) {
  const response = await fetch(server.edge + path, {
    method,
    headers: { authorization: `Bearer ${credential}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, text, json: text === '' ? undefined : JSON.parse(text) }
}

const join = (user: string, organization: string, role: Role) =>
  setMember(server.lifecycle, tester, { organization, user, role })

describe('somebody who has logged in from a terminal', () => {
  it('does what the page says, one command after the other', async () => {
    const ann = await login(await signUp(server, { email: 'ann@example.com' }))
    const me = await call(ann.token, 'GET', '/api/v0/me')
    expect(me).toMatchObject({
      status: 200,
      json: { user: { id: ann.id, email: 'ann@example.com' }, orgs: [{ role: 'owner', projects: [] }] },
    })

    const project = await call(ann.token, 'POST', '/api/v0/projects', { name: 'My Docs' })
    expect(project).toMatchObject({ status: 200, json: { name: 'My Docs' } })
    const { projectId } = project.json
    expect((await call(ann.token, 'GET', '/api/v0/projects')).json.projects).toMatchObject([
      { projectId, name: 'My Docs', orgId: me.json.orgs[0].id, orgName: 'Person' },
    ])

    const made = await call(ann.token, 'POST', '/api/v0/keys', { name: 'production', projectId })
    expect(made.status).toBe(200)
    const { id, key, prefix } = made.json
    expect(key.startsWith(`holo_${prefix}`)).toBe(true)
    expect((await call(key, 'GET', '/api/v0/me')).json).toMatchObject({ user: null })
    expect((await server.lifecycle.store.key(id))?.createdBy).toBe(ann.id)

    expect((await call(ann.token, 'GET', '/api/v0/keys')).json.keys).toMatchObject([
      { id, name: 'production', prefix, projectId },
    ])
    expect((await call(ann.token, 'DELETE', `/api/v0/keys/${id}`)).status).toBe(200)
    expect((await call(key, 'GET', '/api/v0/me')).status).toBe(401)
    expect((await call(ann.token, 'GET', '/api/v0/keys')).json.keys).toEqual([])

    const { items } = { items: await server.lifecycle.store.changes(0, 10_000) }
    const own = items.filter(({ actor }) => actor.id === ann.id && actor.triggeredBy === 'cli')
    expect(own.map(({ action }) => action)).toEqual([
      'cli_token.created',
      'project.created',
      'key.created',
      'key.deleted',
    ])
  })

  it('gets an organization with the first project where they have none', async () => {
    const closed = await startServer({ contract: 'holocron' })
    const operator = await becomeOperator(closed)
    const before = server
    server = closed
    const { token } = await login(operator)
    expect((await call(token, 'GET', '/api/v0/me')).json.orgs).toEqual([])
    const answers = await Promise.all(['One', 'Two'].map((name) => call(token, 'POST', '/api/v0/projects', { name })))
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    expect((await call(token, 'GET', '/api/v0/me')).json.orgs).toMatchObject([{ role: 'owner' }])
    server = before
    await closed.stop()
  })

  it('as a member looks, and changes nothing', async () => {
    const owner = await login(await signUp(server))
    const { projectId } = (await call(owner.token, 'POST', '/api/v0/projects', { name: 'Docs' })).json
    const { id: keyId } = (await call(owner.token, 'POST', '/api/v0/keys', { name: 'k', projectId })).json
    const [{ id: organization }] = (await call(owner.token, 'GET', '/api/v0/me')).json.orgs
    const guest = await login(await signUp(server))
    await join(guest.id, organization, 'member')

    const { orgs } = (await call(guest.token, 'GET', '/api/v0/me')).json
    expect(orgs.map(({ role }: { role: string }) => role)).toEqual(['owner', 'member'])
    expect((await call(guest.token, 'GET', '/api/v0/keys')).json.keys).toMatchObject([{ id: keyId }])
    const refused = [
      await call(guest.token, 'POST', '/api/v0/keys', { name: 'x', projectId }),
      await call(guest.token, 'POST', '/api/v0/projects', { name: 'x', orgId: organization }),
      await call(guest.token, 'DELETE', `/api/v0/keys/${keyId}`),
    ]
    expect(refused.map(({ status, json }) => [status, json.error])).toEqual(Array(3).fill([403, 'forbidden']))
    expect((await call(guest.token, 'POST', '/api/v0/projects', { name: 'Own' })).status).toBe(200)
  })

  it('makes a project in the first organization that they may change, and sees no key that is revoked', async () => {
    const person = await login(await signUp(server))
    const [{ id: first }] = (await call(person.token, 'GET', '/api/v0/me')).json.orgs
    await join('usr_successor', first, 'owner')
    await join(person.id, first, 'member')
    const { organizations } = (await (await signUp(server)).browser.call('GET', '/v1/whoami')).json
    await join(person.id, organizations[0].id, 'admin')
    const { projectId } = (await call(person.token, 'POST', '/api/v0/projects', { name: 'Docs' })).json
    const { projects } = (await call(person.token, 'GET', '/api/v0/projects')).json
    expect(projects).toMatchObject([{ projectId, orgId: organizations[0].id }])
    const { id } = (await call(person.token, 'POST', '/api/v0/keys', { name: 'k', projectId })).json
    await server.revoke(id)
    expect((await call(person.token, 'GET', '/api/v0/keys')).json.keys).toEqual([])
  })

  it('gets of what belongs to others what they get of what does not exist', async () => {
    const owner = await login(await signUp(server))
    const { projectId } = (await call(owner.token, 'POST', '/api/v0/projects', { name: 'Docs' })).json
    const { id } = (await call(owner.token, 'POST', '/api/v0/keys', { name: 'k', projectId })).json
    const [{ id: orgId }] = (await call(owner.token, 'GET', '/api/v0/me')).json.orgs
    const { token } = await login(await signUp(server))
    const pairs = [
      [
        await call(token, 'DELETE', `/api/v0/keys/${id}`),
        await call(token, 'DELETE', '/api/v0/keys/key_00000000000000000000000000'),
      ],
      [
        await call(token, 'POST', '/api/v0/keys', { name: 'x', projectId }),
        await call(token, 'POST', '/api/v0/keys', { name: 'x', projectId: 'prj_00000000000000000000000000' }),
      ],
      [
        await call(token, 'POST', '/api/v0/projects', { name: 'x', orgId }),
        await call(token, 'POST', '/api/v0/projects', { name: 'x', orgId: 'nobody' }),
      ],
    ]
    for (const [foreign, missing] of pairs) {
      expect([foreign?.status, foreign?.json.error]).toEqual([404, 'not_found'])
      expect(foreign).toEqual(missing)
    }
    expect((await call(token, 'GET', '/api/v0/keys')).text).not.toContain(projectId)
  })

  it('leaves no key behind that one of theirs has made, where their keys go with them', async () => {
    const owner = await login(await signUp(server))
    const { projectId } = (await call(owner.token, 'POST', '/api/v0/projects', { name: 'Docs' })).json
    const [{ id: organization }] = (await call(owner.token, 'GET', '/api/v0/me')).json.orgs
    const { key } = (await call(owner.token, 'POST', '/api/v0/keys', { name: 'CI', projectId })).json
    const successor = (await call(key, 'POST', '/api/v0/keys', { name: 'by CI', projectId })).json.key
    expect((await call(successor, 'GET', '/api/v0/me')).status).toBe(200)
    await join('usr_successor', organization, 'owner')
    await removeMember(server.lifecycle, tester, organization, owner.id, { withKeys: true })
    expect((await call(key, 'GET', '/api/v0/me')).status).toBe(401)
    expect((await call(successor, 'GET', '/api/v0/me')).status).toBe(401)
  })

  it('cannot take what they have lost a moment ago', async () => {
    const owner = await login(await signUp(server))
    const { projectId } = (await call(owner.token, 'POST', '/api/v0/projects', { name: 'Docs' })).json
    const [{ id: organization }] = (await call(owner.token, 'GET', '/api/v0/me')).json.orgs
    await join('usr_successor', organization, 'owner')
    await join(owner.id, organization, 'member')
    expect((await call(owner.token, 'POST', '/api/v0/keys', { name: 'x', projectId })).status).toBe(403)
  })
})

it('a body that is held back until after its CLI token is revoked makes no project and no key', async () => {
  const person = await login(await signUp(server))
  const { projectId } = (await call(person.token, 'POST', '/api/v0/projects', { name: 'Docs' })).json
  const [{ id: organization }] = (await call(person.token, 'GET', '/api/v0/me')).json.orgs
  const hold = (resource: string, body: object) =>
    holdBody(server.edge, { target: `/api/v0/${resource}`, lines: [`Authorization: Bearer ${person.token}`], body })
  const held = [await hold('projects', { name: 'late' }), await hold('keys', { name: 'late', projectId })]
  const [token] = (await person.browser.call('GET', '/v1/cli-tokens')).json.cliTokens
  await person.browser.call('POST', `/v1/cli-tokens/${token.id}/revoke`)
  for (const body of held) expect((await body.send()).status).toBe(401)
  const { store } = server.lifecycle
  expect((await store.projects({ organization, limit: 9 })).items.map(({ id }) => id)).toEqual([projectId])
  expect((await store.keys({ organization, limit: 9 })).items).toEqual([])
})

describe('a CLI token on the edge', () => {
  it('works on the three resources and nowhere else, and is never forwarded', async () => {
    const { token } = await login(await signUp(server))
    for (const path of ['/api/chat', '/api/v0/deployments', '/api/v0/me/', '/api/v0', '/']) {
      const { status, json } = await call(token, 'POST', path, {})
      expect([path, status, json.error]).toEqual([path, 401, 'unauthorized'])
    }
    expect((await call(token, 'GET', '/api/v0/nothing')).status).toBe(401)
  })

  it('that is revoked is refused in the contract’s words', async () => {
    const person = await login(await signUp(server))
    const [token] = (await person.browser.call('GET', '/v1/cli-tokens')).json.cliTokens
    await person.browser.call('POST', `/v1/cli-tokens/${token.id}/revoke`)
    const { status, json } = await call(person.token, 'GET', '/api/v0/me')
    expect([status, json.error]).toEqual([401, 'unauthorized'])
  })

  it('is refused beside another credential, in any order', async () => {
    const { token } = await login(await signUp(server))
    const { credential } = await server.issue()
    for (const [first, second] of [
      [token, credential],
      [credential, token],
      [token, token],
    ]) {
      const lines = [`Authorization: Bearer ${first}`, `Authorization: Bearer ${second}`]
      expect((await rawRequest(server.edge, { target: '/api/v0/me', lines })).status).toBe(401)
    }
  })

  it('is read from no cookie: a session of the console is nobody here', async () => {
    const { browser } = await signUp(server)
    const { status } = await fetch(`${server.edge}/api/v0/me`, { headers: { cookie: browser.cookie() } })
    expect(status).toBe(401)
  })
})
