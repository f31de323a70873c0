import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { routes } from '../../src/routes/index.ts'
import { type Api, controlApi } from '../support/control-api.ts'
import { rawRequest } from '../support/raw-request.ts'
import { serviceKey, startServer, type TestServer } from '../support/start-server.ts'

let server: TestServer
let api: Api
let apiKey: string
const ids: Record<string, string> = {}

beforeAll(async () => {
  server = await startServer({ contract: 'keywright' })
  api = controlApi(server.control)
  const issued = await server.issue()
  apiKey = issued.credential
  const project = await api('POST', '/v1/projects', { body: { organization: 'acme', name: 'Web' } })
  const machine = await api('POST', '/v1/service-keys', { body: { name: 'CI', permissions: ['manage'] } })
  Object.assign(ids, {
    organization: 'acme',
    project: project.json.id,
    key: issued.key.id,
    number: '1',
    receipt: project.json.receipt,
    serviceKey: machine.json.id,
  })
})
afterAll(() => server.stop())

function pathOf(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? name)
}

const guarded = routes
  .filter(({ permission }) => permission !== null)
  .map(({ method, path, operationId, permission }) => ({ method: method.toUpperCase(), path, operationId, permission }))

describe.each(guarded)('$method $path', ({ method, path, permission }) => {
  const identity = { userId: 'root', organization: 'acme', organizationId: 'acme', tenantId: 'acme', role: 'owner' }
  const body = method === 'GET' || method === 'DELETE' ? undefined : identity

  it('is refused without a credential, whoever the body claims to be', async () => {
    const { status, json, headers } = await api(method, pathOf(path), { credential: null, body })
    expect([status, json.code]).toEqual([401, 'missing_credential'])
    expect(headers.get('www-authenticate')).toBe('Bearer realm="keywright"')
  })

  it('is refused with an API key, which is told apart by its form alone', async () => {
    const { status, json, headers } = await api(method, pathOf(path), { credential: apiKey, body })
    expect([status, json.code]).toEqual([401, 'wrong_credential_type'])
    expect(headers.get('www-authenticate')).toBe('Bearer realm="keywright", error="invalid_token"')
  })

  it.each(['garbage', 'kwc_notoday', `${serviceKey}x`, serviceKey.toUpperCase()])(
    'is refused with %s',
    async (credential) => {
      const { status, json } = await api(method, pathOf(path), { credential, body })
      expect([status, json.code]).toEqual([401, 'invalid_credential'])
    },
  )

  it('is refused with a service key that lacks the permission, before the request is looked at', async () => {
    const weak = await api('POST', '/v1/service-keys', {
      body: { name: 'weak', permissions: ['metrics', ...(permission === 'verify' ? [] : ['verify'])] },
    })
    const { status, json } = await api(method, pathOf(path), {
      credential: weak.json.credential,
      ...(body && { raw: '{' }),
    })
    expect([status, json.code]).toEqual([403, 'permission_missing'])
    expect(json.detail).toContain(`'${permission}'`)
  })
})

describe('the Authorization header', () => {
  const ask = (...lines: string[]) => rawRequest(server.control, { target: '/v1/organizations', lines })
  const code = (body: string) => JSON.parse(body.replace(/^[0-9a-f]+\r\n/, '').replace(/\r\n0\r\n.*$/s, '')).code

  it.each(['bearer', 'BEARER', 'Bearer  '])('is taken with the scheme %j', async (scheme) => {
    expect((await ask(`Authorization: ${scheme} ${serviceKey}`)).status).toBe(200)
  })

  it.each([`Basic ${serviceKey}`, `Token ${serviceKey}`, `Bearer\t${serviceKey}`, `Bearer${serviceKey}`, serviceKey])(
    'is none with the value %j',
    async (value) => {
      const { status, body } = await ask(`Authorization: ${value}`)
      expect([status, code(body)]).toEqual([401, 'missing_credential'])
    },
  )

  it.each([
    [serviceKey, 'other'],
    ['other', serviceKey],
    [serviceKey, serviceKey],
  ])('is refused twice, in any order', async (first, second) => {
    const { status, body } = await ask(`Authorization: Bearer ${first}`, `Authorization: Bearer ${second}`)
    expect([status, code(body)]).toEqual([400, 'repeated_credential'])
  })

  it('is the only place: a cookie, a query and other headers are not looked at', async () => {
    const { status, json } = await api('GET', `/v1/organizations?access_token=${serviceKey}`, {
      credential: null,
      headers: { cookie: `session=${serviceKey}`, 'x-api-key': serviceKey },
    })
    expect([status, json.code]).toEqual([401, 'missing_credential'])
  })
})

describe('a service key bound to one organization', () => {
  let bound: string
  const foreign: Record<string, string> = {}
  const missing = {
    organization: 'nobody',
    project: 'prj_00000000000000000000000000',
    key: 'key_00000000000000000000000000',
    number: '1',
    receipt: '1.0000000000000000',
    serviceKey: 'svc_00000000000000000000000000',
  }

  beforeAll(async () => {
    await api('POST', '/v1/organizations', { body: { id: 'globex', name: 'Globex' } })
    const machine = { name: 'Globex CI', permissions: ['*'], organization: 'globex' }
    bound = (await api('POST', '/v1/service-keys', { body: machine })).json.credential
    Object.assign(foreign, ids)
  })

  /** Operators, accounts, followers and CLI tokens are none of its business, whoever's they are. */
  const withIds = guarded.filter(
    ({ path, operationId }) =>
      path.includes('{') &&
      !path.includes('{receipt}') &&
      !path.startsWith('/v1/people/') &&
      !['removeOperator', 'revokeCliToken', 'stopFollowing'].includes(operationId),
  )
  const bodies: Record<string, unknown> = {
    changeGrace: { graceSeconds: 0 },
    updateMember: { role: 'admin' },
    createInvitation: { email: 'someone@example.com', role: 'member' },
    createOrganization: { name: 'Another' },
    createPasswordLink: { email: 'someone@example.com' },
    findKeyToFollow: { digest: 'f'.repeat(64) },
    importKeys: { keys: [{ organization: 'globex', name: 'Key', digest: 'f'.repeat(64) }] },
    inviteOperator: { email: 'someone@example.com' },
  }

  it.each(withIds)('gets from $operationId of a foreign id what it gets of one that does not exist', async (route) => {
    const body = bodies[route.operationId] ?? { PATCH: { name: 'mine now' } }[route.method]
    const ask = async (from: Record<string, string>) => {
      const path = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => from[name] ?? name)
      const { status, json } = await api(route.method, path, { credential: bound, body })
      return { status, code: json.code, detail: json.detail }
    }
    const answer = await ask(foreign)
    expect(answer).toMatchObject({ status: 404, code: 'not_found' })
    expect(answer).toEqual(await ask(missing))
  })

  /** Those for its own service keys ask for '*' as well, and are answered within its organization. */
  const ofInstance = guarded.filter(
    ({ operationId, permission }) =>
      ['createOrganization', 'importKeys'].includes(operationId) ||
      (permission !== 'manage' && !['createServiceKey', 'listServiceKeys', 'revokeServiceKey'].includes(operationId)),
  )

  it.each(ofInstance)('may not $operationId, which concerns all of them', async ({ method, path, operationId }) => {
    const body = bodies[operationId]
    const query = operationId === 'followChanges' ? '?follower=globex&maxStaleness=5' : ''
    const answer = await api(method, pathOf(path) + query, { credential: bound, body })
    expect([answer.status, answer.json.code]).toEqual([403, 'permission_missing'])
  })

  it.each([
    ['POST', '/v1/projects', { organization: 'acme', name: 'Mine' }],
    ['POST', '/v1/keys', { organization: 'acme', name: 'Mine' }],
    ['POST', '/v1/service-keys', { organization: 'acme', name: 'Mine', permissions: ['manage'] }],
    ['GET', '/v1/keys?organization=acme', undefined],
    ['GET', '/v1/projects?organization=acme', undefined],
    ['GET', '/v1/audit?organization=acme', undefined],
  ])('cannot name another organization in %s %s', async (method, path, body) => {
    const answer = await api(method, path, { credential: bound, body })
    expect([answer.status, answer.json.code]).toEqual([404, 'not_found'])
  })

  it('cannot put a key into a project of another organization', async () => {
    const body = { organization: 'globex', project: ids.project, name: 'Mine' }
    const { status } = await api('POST', '/v1/keys', { credential: bound, body })
    expect(status).toBe(404)
  })

  it('sees its own organization alone in every list', async () => {
    await api('POST', '/v1/keys', { credential: bound, body: { organization: 'globex', name: 'Own' } })
    const list = async (path: string) => (await api('GET', path, { credential: bound })).json
    expect((await list('/v1/organizations')).organizations.map(({ id }: { id: string }) => id)).toEqual(['globex'])
    const lists = [
      (await list('/v1/keys')).keys,
      (await list('/v1/audit')).events,
      (await list('/v1/service-keys')).serviceKeys,
    ]
    for (const items of lists) {
      expect(items.length).toBeGreaterThan(0)
      expect(items.every((item: { organization: string }) => item.organization === 'globex')).toBe(true)
    }
    expect((await list('/v1/projects')).projects).toEqual([])
  })

  it('cannot change its own plan, quota or state, nor make organizations', async () => {
    const patch = await api('PATCH', '/v1/organizations/globex', { credential: bound, body: { monthlyQuota: null } })
    const create = await api('POST', '/v1/organizations', { credential: bound, body: { name: 'Another' } })
    expect([patch.status, create.status]).toEqual([403, 403])
  })

  it('makes only service keys that are bound like itself, and revokes them, as the operator does', async () => {
    for (const credential of [bound, undefined]) {
      const made = await api('POST', '/v1/service-keys', { credential: bound, body: { name: 'x', permissions: ['*'] } })
      expect(made.json.organization).toBe('globex')
      const revoked = await api('POST', `/v1/service-keys/${made.json.id}/revoke`, credential ? { credential } : {})
      expect(revoked.status).toBe(200)
    }
  })
})

describe('a service key', () => {
  it('is refused from the moment its revocation is answered', async () => {
    const made = await api('POST', '/v1/service-keys', { body: { name: 'short', permissions: ['manage'] } })
    const { id, credential } = made.json
    expect((await api('GET', '/v1/keys', { credential })).status).toBe(200)
    expect((await api('POST', `/v1/service-keys/${id}/revoke`)).json.revokedAt).not.toBeNull()
    expect((await api('GET', '/v1/keys', { credential })).status).toBe(401)
  })

  it('with manage alone cannot make or see service keys, so that it cannot outlive its revocation', async () => {
    const made = await api('POST', '/v1/service-keys', { body: { name: 'm', permissions: ['manage'] } })
    const { credential } = made.json
    const body = { name: 'heir', permissions: ['manage'] }
    expect((await api('POST', '/v1/service-keys', { credential, body })).status).toBe(403)
    expect((await api('GET', '/v1/service-keys', { credential })).status).toBe(403)
  })

  it('is in no list and no audit with its credential or digest', async () => {
    const made = await api('POST', '/v1/service-keys', { body: { name: 'secret', permissions: ['manage'] } })
    const texts = [(await api('GET', '/v1/service-keys')).text, (await api('GET', '/v1/audit?limit=200')).text]
    for (const text of texts) {
      expect(text).not.toContain(made.json.credential)
      expect(text).not.toContain('digest')
    }
  })
})

describe('what is not in the table', () => {
  it.each(['/v1', '/v1/', '/v1/keys/', '/v1/Keys', '/v1//keys', '/v1/users', '/V1/keys', '/v1/keys/x/y/z'])(
    '%s is 404',
    async (path) => {
      expect((await api('GET', path)).json.code).toBe('not_found')
    },
  )

  it('a method that is not offered is 405 and says which are', async () => {
    const { status, headers } = await api('PUT', '/v1/keys', { body: {} })
    expect([status, headers.get('allow')]).toEqual([405, 'POST, GET, HEAD'])
  })

  it.each([
    ['GET', '/v1/verify', 'POST'],
    ['GET', '/api/auth/device/code', 'POST'],
    ['GET', '/api/auth/device/token', 'POST'],
    ['POST', '/api/auth/provider/x/callback', 'GET, HEAD'],
    ['POST', '/openapi.json', 'GET, HEAD'],
    ['POST', '/metrics', 'GET, HEAD'],
    ['PUT', '/ready', 'GET, HEAD'],
    ['DELETE', '/health', 'GET, HEAD'],
    ['POST', '/docs/', 'GET, HEAD'],
    ['POST', '/', 'GET, HEAD'],
  ])('%s %s is 405 as well', async (method, path, allow) => {
    const { status, headers, json } = await api(method, path)
    expect([status, json.code, headers.get('allow')]).toEqual([405, 'method_not_allowed', allow])
  })

  it('methods are never overridden by a header', async () => {
    const headers = { 'x-http-method-override': 'DELETE', 'x-method-override': 'DELETE' }
    expect((await api('GET', `/v1/keys/${ids.key}`, { headers })).status).toBe(200)
    expect((await api('GET', `/v1/keys/${ids.key}`)).status).toBe(200)
  })
})
