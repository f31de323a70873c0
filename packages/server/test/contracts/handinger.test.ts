import { type Role, removeMember, rotate, setMember } from '@keywright/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { controlApi } from '../support/control-api.ts'
import { startUpstream } from '../support/echo-upstream.ts'
import { type Stage, startStage, stopStage } from '../support/instances.ts'
import { startServer, tester } from '../support/start-server.ts'
import { bearer, type Wire, wireTo } from '../support/wire.ts'

let stage: Stage
let ask: Wire

beforeAll(async () => {
  stage = await startStage('handinger')
  ask = wireTo(stage.server.edge)
  await become('owner', 'owner')
})
afterAll(() => stopStage(stage))

const become = (user: string, role: Role) =>
  setMember(stage.server.lifecycle, tester, { organization: 'acme', user, role })

const statusOf = async (credential: string, method: string, path: string) =>
  (await ask(method, path, { headers: bearer(credential) })).status

const forbidden = {
  error: 'The API key does not have access to the worker, task or organization being addressed.',
}

describe('a key that a person made can do what its maker can do now', () => {
  const calls = [
    ['GET', '/api/workers', true],
    ['HEAD', '/api/workers', true],
    ['GET', '/api/workers/w_1/logs', true],
    ['POST', '/api/workers', false],
    ['PATCH', '/api/workers/w_1', false],
    ['DELETE', '/api/workers/w_1', false],
    ['GET', '/api/tasks', true],
    ['POST', '/api/tasks', true],
    ['DELETE', '/api/tasks/t_1', true],
    ['GET', '/api/billing', false],
    ['POST', '/api/members', false],
    ['GET', '/api/Workers', false],
    ['GET', '/api/workers.', false],
    ['GET', '/api', false],
    ['GET', '/other', false],
  ] as const

  it.each(calls)('%s %s, as a member: %s', async (method, path, may) => {
    await become('member', 'member')
    const { credential } = await stage.server.issue({ createdBy: 'member' })
    expect(await statusOf(credential, method, path)).toBe(may ? 200 : 403)
    if (!may) expect((await ask(method, path, { headers: bearer(credential) })).json).toEqual(forbidden)
  })

  it.each(['owner', 'admin'] as const)('everything, as %s', async (role) => {
    await become(`one-${role}`, role)
    const { credential } = await stage.server.issue({ createdBy: `one-${role}` })
    for (const [method, path] of calls.slice(0, 11)) expect(await statusOf(credential, method, path)).toBe(200)
    expect(stage.upstream.lastHeader('X-User-Id')).toEqual([`one-${role}`])
  })

  it('less when their role falls, and more when it rises, without a new key', async () => {
    await become('climber', 'admin')
    const { credential } = await stage.server.issue({ createdBy: 'climber' })
    expect(await statusOf(credential, 'POST', '/api/workers')).toBe(200)
    await become('climber', 'member')
    expect(await statusOf(credential, 'POST', '/api/workers')).toBe(403)
    expect(await statusOf(credential, 'GET', '/api/workers')).toBe(200)
    await become('climber', 'admin')
    expect(await statusOf(credential, 'POST', '/api/workers')).toBe(200)
  })

  it('never more than the key itself was given', async () => {
    const { credential } = await stage.server.issue({ createdBy: 'owner', permissions: ['tasks:read'] })
    expect(await statusOf(credential, 'GET', '/api/tasks')).toBe(200)
    expect(stage.upstream.lastHeader('X-Permissions')).toEqual(['tasks:read'])
    expect(await statusOf(credential, 'POST', '/api/tasks')).toBe(403)
    expect(await statusOf(credential, 'GET', '/api/workers')).toBe(403)
  })

  it('nothing once they have left', async () => {
    await become('leaver', 'admin')
    const { credential } = await stage.server.issue({ createdBy: 'leaver' })
    expect(await statusOf(credential, 'GET', '/api/workers')).toBe(200)
    await removeMember(stage.server.lifecycle, tester, 'acme', 'leaver')
    const answer = await ask('GET', '/api/workers', { headers: bearer(credential) })
    expect([answer.status, answer.json]).toEqual([401, { error: 'The API key is malformed, unknown or revoked.' }])
  })
})

describe('the upstream is told', () => {
  const names = ['X-Triggered-By', 'X-Organization-Id', 'X-User-Id', 'X-Key-Id']
  const claims = Object.fromEntries([...names, 'x_user_id', 'X-USER-ID'].map((name) => [name, 'spoofed']))

  it('how the call was made, for whom, by whose key', async () => {
    const { credential, key } = await stage.server.issue({ createdBy: 'owner' })
    await ask('GET', '/api/workers', { headers: { ...bearer(credential), ...claims } })
    const told = names.map((name) => stage.upstream.lastHeader(name))
    expect(told).toEqual([['api'], ['acme'], ['owner'], [key.id]])
  })

  it('of no user where a service key made the key, which has the whole organization', async () => {
    const control = controlApi(stage.server.control)
    const { json } = await control('POST', '/v1/keys', { body: { organization: 'acme', name: 'Nightly import' } })
    for (const path of ['/api/workers', '/api/billing', '/other']) {
      expect((await ask('POST', path, { headers: { ...bearer(json.credential), ...claims } })).status).toBe(200)
      expect(stage.upstream.lastHeader('X-User-Id')).toEqual([])
    }
    const { json: audit } = await control('GET', `/v1/audit?key=${json.id}`)
    expect(audit.events).toMatchObject([{ action: 'key.created', details: { name: 'Nightly import' } }])
  })

  it('what it refuses itself is passed on unchanged', async () => {
    const body = '{"error":"This worker is of another team."}'
    const upstream = await startUpstream((_, response) => {
      response.writeHead(403, { 'content-type': 'application/json', 'x-worker': '1' }).end(body)
    })
    const server = await startServer({ contract: 'handinger', upstream: upstream.url })
    const { credential } = await server.issue()
    const answer = await wireTo(server.edge, bearer(credential))('GET', '/api/workers/w_1')
    expect([answer.status, answer.text, answer.headers.get('x-worker')]).toEqual([403, body, '1'])
    await server.stop()
    await upstream.stop()
  })
})

describe('rotation', () => {
  const day = 86_400

  it('at once ends the old key', async () => {
    const { key, credential } = await stage.server.issue()
    const rotated = await rotate(stage.server.lifecycle, tester, key.id)
    expect(await statusOf(credential, 'GET', '/api/workers')).toBe(401)
    expect(await statusOf(rotated.credential, 'GET', '/api/workers')).toBe(200)
  })

  it('with a day of grace lets both work, and tells callers of the old one when it ends', async () => {
    const { key, credential } = await stage.server.issue({ permissions: ['workers:read'] })
    const control = controlApi(stage.server.control)
    const { json } = await control('POST', `/v1/keys/${key.id}/rotate`, { body: { graceSeconds: day } })
    const old = await ask('GET', '/api/workers', { headers: bearer(credential) })
    const end = new Date(json.retiring[0].retiresAt)
    expect(old.status).toBe(200)
    expect(old.headers.get('api-key-status')).toBe('rotating')
    expect(old.headers.get('api-key-expires')).toBe(end.toUTCString())
    for (const name of ['deprecation', 'sunset']) expect(old.headers.has(name)).toBe(false)

    const refused = await ask('POST', '/api/workers', { headers: bearer(credential) })
    expect(refused.status).toBe(403)
    expect(refused.headers.get('api-key-expires')).toBe(end.toUTCString())

    const current = await ask('GET', '/api/workers', { headers: bearer(json.credential) })
    expect([current.status, current.headers.has('api-key-status')]).toEqual([200, false])
    await stage.server.revoke(key.id)
    for (const each of [credential, json.credential]) expect(await statusOf(each, 'GET', '/api/workers')).toBe(401)
  })

  it('with more than a day of grace is refused', async () => {
    const { key, credential } = await stage.server.issue()
    const control = controlApi(stage.server.control)
    const { status } = await control('POST', `/v1/keys/${key.id}/rotate`, { body: { graceSeconds: day + 1 } })
    expect(status).toBe(422)
    expect(await statusOf(credential, 'GET', '/api/workers')).toBe(200)
  })
})

it('past the limit of the key the answer says how long to wait', async () => {
  const limits = [{ requests: 1, windowSeconds: 3600, per: 'key', kind: 'window' }] as const
  const { credential } = await stage.server.issue({ limits })
  expect(await statusOf(credential, 'GET', '/api/workers')).toBe(200)
  const answer = await ask('GET', '/api/workers', { headers: bearer(credential) })
  const wait = answer.headers.get('retry-after')
  expect([answer.status, answer.json]).toEqual([429, { error: `Rate limit exceeded. Retry after ${wait} seconds.` }])
})
