import { once } from 'node:events'
import {
  createProject,
  type Issued,
  issue,
  type ProjectRecord,
  remove,
  revoke,
  rotate,
  suspend,
  updateOrganization,
} from '@keywright/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectTo } from '../support/connect-to.ts'
import { controlApi } from '../support/control-api.ts'
import { startUpstream, type Upstream } from '../support/echo-upstream.ts'
import { rawRequest } from '../support/raw-request.ts'
import { serviceKey, startServer, type TestServer, tester } from '../support/start-server.ts'
import { bearer, type Wire, type WireRequest, wireTo } from '../support/wire.ts'

let upstream: Upstream
let server: TestServer
let own: Issued
let sibling: Issued
let siblingProject: ProjectRecord
let stranger: Issued
let api: Wire

beforeAll(async () => {
  upstream = await startUpstream()
  server = await startServer({ contract: 'holocron', upstream: upstream.url })
  own = await server.issue({ name: 'ci' })
  const { project } = await createProject(server.lifecycle, tester, { organization: 'acme', name: 'Other docs' })
  siblingProject = project
  sibling = await server.issue({ project: project.id })
  stranger = await server.issueElsewhere()
  api = wireTo(server.edge, bearer(own.credential))
})
afterAll(async () => {
  await server.stop()
  await upstream.stop()
})

const unauthorized = { error: 'unauthorized', message: expect.any(String) }
const forbidden = { error: 'forbidden', message: expect.any(String) }
const notFound = { error: 'not_found', message: expect.any(String) }
const invalidRequest = { error: 'invalid_request', message: expect.any(String) }
const rfc3339 = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)

const create = (body: Record<string, unknown>, more: WireRequest = {}) => api('POST', '/api/v0/keys', { body, ...more })
const status = async (credential: string, path = '/api/v0/me') =>
  (await wireTo(server.edge, bearer(credential))('GET', path)).status

describe('an API key', () => {
  it('looks like holo_xxxxxxxx, and its prefix is the first of its random characters', async () => {
    const { json } = await create({ name: 'production', projectId: own.key.project })
    expect(json.key).toMatch(/^holo_[0-9A-Za-z]+$/)
    expect(json.prefix).toHaveLength(8)
    expect(json.key.startsWith(`holo_${json.prefix}`)).toBe(true)
  })

  it('is whoever may deploy and chat: what is not in the table goes upstream with its project', async () => {
    const paths = [
      ['POST', '/api/v0/deployments'],
      ['GET', '/api/v0/deployments/dpl_1/files'],
      ['POST', '/api/chat'],
      ['GET', '/api/v0/projects/anything'],
      ['GET', '/api/v0/keysX'],
      ['GET', '/api/v0/keys/key_1/more'],
      ['GET', '/api/v0/me/'],
      ['GET', '/api/v0'],
      ['GET', '/'],
    ]
    for (const [method, path] of paths) {
      expect((await api(method ?? '', path ?? '')).status).toBe(200)
      expect(upstream.received.at(-1)).toMatchObject({ method, url: path })
      expect(upstream.lastHeader('X-Organization-Id')).toEqual(['acme'])
      expect(upstream.lastHeader('X-Project-Id')).toEqual([own.key.project])
    }
    expect(JSON.stringify(upstream.received)).not.toContain(own.credential)
  })

  it.each([
    ['GET', '/api/v0/me'],
    ['GET', '/api/v0/projects'],
    ['POST', '/api/v0/projects'],
    ['GET', '/api/v0/keys'],
    ['POST', '/api/v0/keys'],
    ['DELETE', '/api/v0/keys/key_1'],
    ['PUT', '/api/v0/keys'],
    ['OPTIONS', '/api/v0/keys'],
  ])('is asked for by %s %s', async (method, path) => {
    const revoked = await server.issue()
    await server.revoke(revoked.key.id)
    const ask = (headers: Record<string, string>) => wireTo(server.edge)(method, path, { headers })
    for (const headers of [{}, { 'X-Api-Key': own.credential }, { authorization: `Basic ${own.credential}` }]) {
      const answer = await ask(headers)
      expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="holocron"'])
      expect(answer.json).toEqual(unauthorized)
    }
    const wrong = [revoked.credential, serviceKey, 'kwc_nobody', `${own.credential}x`, own.credential.toLowerCase()]
    for (const credential of wrong) {
      const answer = await ask(bearer(credential))
      expect([answer.status, answer.json]).toEqual([401, unauthorized])
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="holocron", error="invalid_token"')
    }
  })

  it('sent twice is refused', async () => {
    const line = `Authorization: Bearer ${own.credential}`
    const answer = await rawRequest(server.edge, { target: '/api/v0/me', lines: [line, line] })
    expect([answer.status, JSON.parse(answer.body)]).toEqual([401, unauthorized])
  })
})

describe('GET /api/v0/me', () => {
  it('is no user, and the one organization holding the one project', async () => {
    const answer = await api('GET', '/api/v0/me')
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store'])
    const projects = [{ projectId: own.key.project, name: 'Web', createdAt: rfc3339 }]
    expect(answer.json).toEqual({ user: null, orgs: [{ id: 'acme', name: 'acme', role: 'member', projects }] })
  })
})

describe('/api/v0/projects', () => {
  it('lists the one project of the key', async () => {
    const { status, json } = await api('GET', '/api/v0/projects')
    const only = { projectId: own.key.project, name: 'Web', orgId: 'acme', orgName: 'acme', createdAt: rfc3339 }
    expect([status, json]).toEqual([200, { projects: [only] }])
  })

  it('creates none: that needs a signed-in user', async () => {
    for (const request of [{ body: { name: 'Docs' } }, { body: { name: 'Docs', orgId: 'acme' } }, { raw: 'no JSON' }]) {
      const { status, json } = await api('POST', '/api/v0/projects', request)
      expect([status, json]).toEqual([403, forbidden])
      expect(json.message).toContain('signed-in user')
    }
    const { items } = await server.lifecycle.store.projects({ organization: 'acme', limit: 10 })
    expect(items).toHaveLength(2)
  })
})

/** As from before the contract bound keys to projects. */
function unbound(organization: string): Promise<Issued> {
  const before = { ...server.lifecycle, contract: { ...server.lifecycle.contract, boundTo: 'organization' } as const }
  return issue(before, tester, { organization, name: 'unbound' })
}

describe('GET /api/v0/keys', () => {
  it('lists the keys of its own project, and nothing secret of them', async () => {
    const { json: made } = await create({ name: 'listed', projectId: own.key.project })
    const { status, json, text } = await api('GET', '/api/v0/keys')
    expect(status).toBe(200)
    for (const key of json.keys) {
      expect(key).toEqual({
        id: expect.stringMatching(/^key_/),
        name: expect.any(String),
        prefix: expect.stringMatching(/^[0-9A-Za-z]{8}$/),
        projectId: own.key.project,
        createdAt: rfc3339,
        lastUsedAt: key.lastUsedAt === null ? null : rfc3339,
      })
    }
    const { id, name, prefix } = made
    expect(json.keys).toContainEqual(expect.objectContaining({ id, name, prefix, lastUsedAt: null }))
    const ids = json.keys.map((key: { id: string }) => key.id)
    expect(ids).toContain(own.key.id)
    expect(ids).not.toContain(sibling.key.id)
    expect(ids).not.toContain(stranger.key.id)
    expect(text).not.toContain(made.key)
    expect(text).not.toMatch(/[0-9a-f]{64}/)
  })

  it('lists to a key without a project no key of one', async () => {
    const { key, credential } = await unbound('acme')
    const { json } = await api('GET', '/api/v0/keys', { headers: bearer(credential) })
    expect(json.keys.map(({ id }: { id: string }) => id)).toEqual([key.id])
  })

  it('tells when each was used last', async () => {
    const { json } = await create({ name: 'used', projectId: own.key.project })
    const lastUse = async (): Promise<string | null> => {
      const { json: all } = await api('GET', '/api/v0/keys')
      return all.keys.find((key: { id: string }) => key.id === json.id).lastUsedAt
    }
    expect(await lastUse()).toBeNull()
    const before = new Date()
    await status(json.key, '/api/v0/deployments')
    const at = new Date((await lastUse()) ?? 0)
    expect(at.getTime()).toBeGreaterThanOrEqual(before.getTime())
    expect(at.getTime()).toBeLessThanOrEqual(Date.now())
  })

  it('leaves out what was deleted or revoked', async () => {
    const { json: deleted } = await create({ name: 'deleted', projectId: own.key.project })
    const { json: revoked } = await create({ name: 'revoked', projectId: own.key.project })
    await api('DELETE', `/api/v0/keys/${deleted.id}`)
    await revoke(server.lifecycle, tester, revoked.id)
    const { text } = await api('GET', '/api/v0/keys')
    expect(text).not.toContain(deleted.id)
    expect(text).not.toContain(revoked.id)
  })
})

describe('POST /api/v0/keys', () => {
  it('answers the key, this once', async () => {
    const answer = await create({ name: 'production', projectId: own.key.project })
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(answer.json).toEqual({
      id: expect.stringMatching(/^key_/),
      name: 'production',
      prefix: expect.any(String),
      key: expect.stringMatching(/^holo_/),
    })
    expect(await status(answer.json.key)).toBe(200)
    const audit = await controlApi(server.control)('GET', `/v1/audit?key=${answer.json.id}`)
    expect(audit.json.events).toMatchObject([
      { action: 'key.created', actor: { type: 'api_key', id: own.key.id, triggeredBy: 'api' } },
    ])
    for (const text of [audit.text, server.log()]) expect(text).not.toContain(answer.json.key)
  })

  it('for another project is forbidden, be it there or not', async () => {
    const projects = [siblingProject.id, stranger.key.project, 'prj_nobody', '', 'acme']
    const answers = await Promise.all(projects.map((projectId) => create({ name: 'reach', projectId })))
    for (const { status, json } of answers) expect([status, json]).toEqual([403, forbidden])
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    const { items } = await server.lifecycle.store.keys({ project: siblingProject.id, limit: 10 })
    expect(items.map(({ id }) => id)).toEqual([sibling.key.id])
  })

  it.each([
    ['no body', ''],
    ['no JSON', 'name=production'],
    ['a list', '[]'],
    ['no project', '{"name":"production"}'],
    ['no name', '{"projectId":"{own}"}'],
    ['an empty name', '{"name":" ","projectId":"{own}"}'],
    ['a name of 201 characters', `{"name":"${'a'.repeat(201)}","projectId":"{own}"}`],
    ['a number for a name', '{"name":1,"projectId":"{own}"}'],
    ['two projects', '{"name":"a","projectId":"{own}","projectId":"{own}"}'],
    ['an organization', '{"name":"a","projectId":"{own}","orgId":"acme"}'],
    ['permissions', '{"name":"a","projectId":"{own}","permissions":["*"]}'],
    ['__proto__', '{"name":"a","projectId":"{own}","__proto__":{}}'],
  ])('with %s is 400', async (_, raw) => {
    const answer = await api('POST', '/api/v0/keys', { raw: raw.replaceAll('{own}', own.key.project ?? '') })
    expect([answer.status, answer.json]).toEqual([400, invalidRequest])
  })

  it('with more than 64 KiB is 413', async () => {
    const { status, json } = await create({ name: 'a'.repeat(64 * 1024), projectId: own.key.project })
    expect([status, json.error]).toEqual([413, 'payload_too_large'])
  })

  it('gives no more than the key itself holds', async () => {
    const expiresAt = new Date(Date.now() + 3_600_000)
    const limits = [{ requests: 3, windowSeconds: 3600, per: 'key', kind: 'window' }] as const
    const held = await server.issue({ expiresAt, limits, allowedIps: ['127.0.0.0/8'] })
    const body = { name: 'successor', projectId: own.key.project }
    const { json, headers } = await create(body, { headers: bearer(held.credential) })
    expect(headers.get('x-ratelimit-remaining')).toBe('2')
    const made = await server.lifecycle.store.key(json.id)
    expect(made).toMatchObject({ expiresAt, limits, allowedIps: ['127.0.0.0/8'], permissions: null })

    const elsewhere = await server.issue({ allowedIps: ['192.0.2.0/24'] })
    expect((await create(body, { headers: bearer(elsewhere.credential) })).status).toBe(403)
    const narrow = await server.issue({ permissions: ['docs:read'] })
    expect((await create(body, { headers: bearer(narrow.credential) })).status).toBe(403)
  })

  it('past the limit of the key is 429', async () => {
    const limited = await server.issue({ limits: [{ requests: 1, windowSeconds: 3600, per: 'key', kind: 'window' }] })
    expect(await status(limited.credential)).toBe(200)
    const answer = await wireTo(server.edge, bearer(limited.credential))('GET', '/api/v0/keys')
    expect([answer.status, answer.json.error]).toEqual([429, 'rate_limited'])
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
  })
})

describe('DELETE /api/v0/keys/:id', () => {
  it('ends a key of its own project at once', async () => {
    const { json } = await create({ name: 'short-lived', projectId: own.key.project })
    expect(await status(json.key)).toBe(200)
    const answer = await api('DELETE', `/api/v0/keys/${json.id}`)
    expect([answer.status, answer.json]).toEqual([200, { id: json.id }])
    expect(await status(json.key)).toBe(401)
    expect((await api('DELETE', `/api/v0/keys/${json.id}`)).status).toBe(404)
  })

  it("answers another's key as one that does not exist", async () => {
    const ids = [sibling.key.id, stranger.key.id, 'key_nobody', 'acme', '%20', '*']
    const answers = await Promise.all(ids.map((id) => api('DELETE', `/api/v0/keys/${id}`)))
    for (const { status, json } of answers) expect([status, json]).toEqual([404, notFound])
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    expect([await status(sibling.credential), await status(stranger.credential)]).toEqual([200, 200])
  })

  it('ends no key of another organization where neither has a project', async () => {
    const { credential } = await unbound('acme')
    const { key, credential: other } = await unbound(stranger.key.organization)
    const answer = await api('DELETE', `/api/v0/keys/${key.id}`, { headers: bearer(credential) })
    expect([answer.status, await status(other, '/')]).toEqual([404, 200])
  })

  it('lets a key end itself', async () => {
    const { key, credential } = await server.issue()
    const { status: first } = await api('DELETE', `/api/v0/keys/${key.id}`, { headers: bearer(credential) })
    expect([first, await status(credential)]).toEqual([200, 401])
  })
})

it.each([
  ['revoked', (id: string) => server.revoke(id)],
  ['rotated', (id: string) => rotate(server.lifecycle, tester, id)],
  ['suspended', (id: string) => suspend(server.lifecycle, tester, id)],
  ['deleted', (id: string) => remove(server.lifecycle, tester, id)],
])('a key that is %s while its request is under way leaves no successor behind', async (_, end) => {
  const { key, credential } = await server.issue()
  const body = JSON.stringify({ name: `made by ${key.id}`, projectId: key.project })
  const { host } = new URL(server.edge)
  const socket = connectTo(server.edge).setEncoding('latin1')
  const lines = [`Host: ${host}`, `Authorization: Bearer ${credential}`, `Content-Length: ${body.length}`]
  socket.write(`POST /api/v0/keys HTTP/1.1\r\n${lines.join('\r\n')}\r\nExpect: 100-continue\r\n\r\n`)
  // Nobody is asked to go on before the key was found good.
  expect(String(await once(socket, 'data'))).toMatch(/^HTTP\/1\.1 100 /)
  await end(key.id)
  socket.write(body)
  expect(String(await once(socket, 'data'))).toMatch(/^HTTP\/1\.1 401 /)
  socket.destroy()
  expect((await api('GET', '/api/v0/keys')).text).not.toContain(`made by ${key.id}`)
})

it('a key whose organization is suspended while its request is under way leaves no successor behind', async () => {
  const { key, credential } = await server.issueElsewhere()
  const body = JSON.stringify({ name: 'successor', projectId: key.project })
  const { host } = new URL(server.edge)
  const socket = connectTo(server.edge).setEncoding('latin1')
  const lines = [`Host: ${host}`, `Authorization: Bearer ${credential}`, `Content-Length: ${body.length}`]
  socket.write(`POST /api/v0/keys HTTP/1.1\r\n${lines.join('\r\n')}\r\nExpect: 100-continue\r\n\r\n`)
  expect(String(await once(socket, 'data'))).toMatch(/^HTTP\/1\.1 100 /)
  await updateOrganization(server.lifecycle, tester, key.organization, { state: 'suspended' })
  socket.write(body)
  expect(String(await once(socket, 'data'))).toMatch(/^HTTP\/1\.1 401 /)
  socket.destroy()
  const { items } = await server.lifecycle.store.keys({ organization: key.organization, limit: 10 })
  expect(items.map(({ id }) => id)).toEqual([key.id])
})

describe('the table', () => {
  it.each([
    ['PUT', '/api/v0/keys'],
    ['PATCH', '/api/v0/me'],
    ['POST', '/api/v0/me'],
    ['DELETE', '/api/v0/keys'],
    ['GET', '/api/v0/keys/key_1'],
    ['OPTIONS', '/api/v0/projects'],
  ])('has no %s %s, and the upstream never sees it', async (method, path) => {
    const count = upstream.received.length
    const { status, json } = await api(method, path)
    expect([status, json]).toEqual([404, notFound])
    expect(upstream.received).toHaveLength(count)
  })

  it('is read in the one spelling that is forwarded', async () => {
    const count = upstream.received.length
    expect((await api('GET', '/api/v0/%6Bey%73')).json).toMatchObject({ keys: expect.any(Array) })
    expect((await rawRequest(server.edge, { target: '/api/v0//keys', lines: [] })).status).toBe(400)
    expect(upstream.received).toHaveLength(count)
  })

  it('is reached by no WebSocket', async () => {
    const count = upstream.received.length
    const lines = [
      `Authorization: Bearer ${own.credential}`,
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
      'Connection: Upgrade',
    ]
    expect((await rawRequest(server.edge, { target: '/api/v0/keys', lines })).status).toBe(200)
    expect(upstream.received).toHaveLength(count)
  })

  it('answers HEAD with the headers of GET and no body', async () => {
    const lines = [`Authorization: Bearer ${own.credential}`, 'X-Request-Id: mine']
    const head = await rawRequest(server.edge, { method: 'HEAD', target: '/api/v0/me', lines })
    const get = await rawRequest(server.edge, { target: '/api/v0/me', lines })
    expect([head.status, head.body]).toEqual([200, ''])
    expect({ ...head.headers, date: '' }).toEqual({ ...get.headers, date: '' })
  })
})
