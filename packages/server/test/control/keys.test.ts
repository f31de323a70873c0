import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Api, controlApi } from '../support/control-api.ts'
import { startServer, type TestServer } from '../support/start-server.ts'

let server: TestServer
let api: Api

beforeAll(async () => {
  server = await startServer({ contract: 'keywright' })
  api = controlApi(server.control)
})
afterAll(() => server.stop())

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

async function create(input: Record<string, unknown> = {}) {
  return (await api('POST', '/v1/keys', { body: { organization: 'acme', name: 'Production', ...input } })).json
}

/** What the edge says of a credential: 404 is the answer to an allowed request where there is no upstream. */
async function edge(credential: string): Promise<number> {
  return (await fetch(`${server.edge}/v1/things`, { headers: { authorization: `Bearer ${credential}` } })).status
}

describe('a key', () => {
  it('is made, used, suspended, resumed and revoked', async () => {
    const key = await create({ metadata: { team: 'billing', seats: 3, trial: false } })
    expect(key).toMatchObject({
      id: expect.stringMatching(/^key_[0-9a-hjkmnp-tv-z]{26}$/),
      name: 'Production',
      state: 'active',
      organization: 'acme',
      metadata: { team: 'billing', seats: 3, trial: false },
      versions: [{ number: 1, retiresAt: null }],
    })
    expect(await edge(key.credential)).toBe(404)

    expect((await api('POST', `/v1/keys/${key.id}/suspend`)).json.state).toBe('suspended')
    expect(await edge(key.credential)).toBe(401)
    expect((await api('POST', `/v1/keys/${key.id}/resume`)).json.state).toBe('active')
    expect(await edge(key.credential)).toBe(404)

    const revoked = await api('POST', `/v1/keys/${key.id}/revoke?wait=all`, { body: { reason: 'Left the company' } })
    expect(revoked.json).toEqual({ id: key.id, revokedAt: expect.any(String), receipt: expect.any(String) })
    expect(await edge(key.credential)).toBe(401)
    const { json } = await api('GET', `/v1/keys/${key.id}`)
    expect(json).toMatchObject({ state: 'revoked', revokedReason: 'Left the company' })
  })

  it('shows its credential once, and nowhere else', async () => {
    const key = await create()
    const secret = key.credential
    const later = [`/v1/keys/${key.id}`, '/v1/keys?limit=200', '/v1/audit?limit=200']
    for (const path of later) expect((await api('GET', path)).text).not.toContain(secret)
    expect(server.log()).not.toContain(secret)
  })

  it('has no digest in any answer', async () => {
    const key = await create()
    for (const path of [`/v1/keys/${key.id}`, '/v1/keys?limit=200']) {
      const { text } = await api('GET', path)
      expect(text).not.toContain('digest')
      expect(text).not.toMatch(/[0-9a-f]{64}/)
    }
  })

  it('is revoked for the reason that its digest is known, alone and among others, and the digest is shown nowhere', async () => {
    const keys = [await create(), await create(), await create()]
    const digests = keys.map(({ credential }) => sha256(credential))
    const [alone, ...others] = keys
    const reason = `The digests ${digests.join(' and ')} are in a dump`
    const headers = { 'x-request-id': digests[0] ?? '' }
    expect((await api('POST', `/v1/keys/${alone.id}/revoke`, { body: { reason }, headers })).status).toBe(200)
    const body = { keys: others.map(({ id }) => id), reason }
    expect((await api('POST', '/v1/keys/bulk-revoke', { body })).json).toMatchObject({ revoked: 2 })
    for (const { credential } of keys) expect(await edge(credential)).toBe(401)
    for (const [index, { id }] of keys.entries()) {
      const { text, json } = await api('GET', `/v1/keys/${id}`)
      expect(json.revokedReason).toContain('[digest]')
      expect(text).not.toContain(digests[index])
      expect((await api('GET', `/v1/audit?key=${id}`)).text).not.toContain(digests[index])
    }
  })

  it('takes its own digest into neither its name nor its metadata', async () => {
    const key = await create()
    const digest = sha256(key.credential)
    for (const body of [
      { name: `x ${digest.toUpperCase()}` },
      { metadata: { sha256: digest } },
      { metadata: { [digest]: 1 } },
    ]) {
      const { status, json } = await api('PATCH', `/v1/keys/${key.id}`, { body })
      expect([status, json.code]).toEqual([422, 'invalid_request'])
    }
    const name = sha256('of something else')
    expect((await api('PATCH', `/v1/keys/${key.id}`, { body: { name } })).json.name).toBe(name)
  })

  it('revoked again stays as it was, with a receipt all the same', async () => {
    const key = await create()
    const first = await api('POST', `/v1/keys/${key.id}/revoke`)
    const second = await api('POST', `/v1/keys/${key.id}/revoke`, { body: { reason: 'again' } })
    expect(second.json.revokedAt).toBe(first.json.revokedAt)
    expect((await api('GET', `/v1/receipts/${second.json.receipt}`)).json.complete).toBe(true)
  })

  it.each(['rotate', 'suspend', 'resume'])('once revoked is not there for %s', async (verb) => {
    const key = await create()
    await api('POST', `/v1/keys/${key.id}/revoke`)
    const { status, json } = await api('POST', `/v1/keys/${key.id}/${verb}`)
    expect([status, json.code]).toEqual([409, 'conflict'])
  })

  it('deleted is refused and hidden, and its audit stays', async () => {
    const key = await create({ name: 'Gone' })
    expect((await api('DELETE', `/v1/keys/${key.id}`)).json.id).toBe(key.id)
    expect(await edge(key.credential)).toBe(401)
    expect((await api('GET', `/v1/keys/${key.id}`)).status).toBe(404)
    expect((await api('DELETE', `/v1/keys/${key.id}`)).status).toBe(404)
    expect((await api('GET', '/v1/keys?limit=200')).text).not.toContain(key.id)
    const { json } = await api('GET', `/v1/audit?key=${key.id}&first=oldest`)
    expect(json.events.map(({ action }: { action: string }) => action)).toEqual(['key.created', 'key.deleted'])
  })

  it('is changed member by member, and null goes back to the default', async () => {
    const key = await create({ allowedIps: ['192.0.2.0/24'], limits: [], expiresAt: '2099-01-01T00:00:00+02:00' })
    expect(key).toMatchObject({ allowedIps: ['192.0.2.0/24'], limits: [], expiresAt: '2098-12-31T22:00:00.000Z' })
    const body = { name: 'EU', allowedIps: null, limits: [{ requests: 5, windowSeconds: 1 }], expiresAt: null }
    const { json } = await api('PATCH', `/v1/keys/${key.id}`, { body })
    expect(json).toMatchObject({
      name: 'EU',
      allowedIps: null,
      limits: [{ requests: 5, windowSeconds: 1, per: 'key', kind: 'window' }],
      expiresAt: null,
      metadata: {},
    })
  })

  it('is limited from the moment a change of its limits is answered', async () => {
    const key = await create()
    expect(await edge(key.credential)).toBe(404)
    await api('PATCH', `/v1/keys/${key.id}`, { body: { limits: [{ requests: 1, windowSeconds: 3600 }] } })
    expect(await edge(key.credential)).toBe(404)
    expect(await edge(key.credential)).toBe(429)
  })
})

describe('a rotation', () => {
  it('without a grace ends the old secret at once', async () => {
    const key = await create()
    const { json } = await api('POST', `/v1/keys/${key.id}/rotate`)
    expect(json).toMatchObject({ id: key.id, retiring: [] })
    expect([await edge(key.credential), await edge(json.credential)]).toEqual([401, 404])
  })

  it('with a grace lets both work, until the old one is ended early', async () => {
    const key = await create()
    const { json } = await api('POST', `/v1/keys/${key.id}/rotate`, { body: { graceSeconds: 3600 } })
    expect(json.retiring).toEqual([{ number: 1, hint: key.hint, retiresAt: expect.any(String) }])
    expect([await edge(key.credential), await edge(json.credential)]).toEqual([404, 404])

    const extended = await api('PATCH', `/v1/keys/${key.id}/versions/1`, { body: { graceSeconds: 7200 } })
    expect(Date.parse(extended.json.versions[0].retiresAt)).toBeGreaterThan(Date.parse(json.retiring[0].retiresAt))
    await api('PATCH', `/v1/keys/${key.id}/versions/1`, { body: { graceSeconds: 0 } })
    expect([await edge(key.credential), await edge(json.credential)]).toEqual([401, 404])
    const again = await api('PATCH', `/v1/keys/${key.id}/versions/1`, { body: { graceSeconds: 60 } })
    expect(again.status).toBe(409)
  })

  it.each([-1, 0.5, 2_592_001, '60', null, 1e300])(
    'with a grace of %j is refused by the name of the member',
    async (graceSeconds) => {
      const key = await create()
      const { status, json } = await api('POST', `/v1/keys/${key.id}/rotate`, { body: { graceSeconds } })
      expect([status, json.code, json.errors[0].field]).toEqual([422, 'invalid_request', 'graceSeconds'])
      expect(await edge(key.credential)).toBe(404)
    },
  )

  it.each(['2', '0', 'x', '1e0', '99999999999999999999'])('has no secret version %s', async (number) => {
    const key = await create()
    const { status } = await api('PATCH', `/v1/keys/${key.id}/versions/${number}`, { body: { graceSeconds: 0 } })
    expect(status).toBe(404)
  })

  it('done ten times at once leaves one secret current', async () => {
    const key = await create()
    const answers = await Promise.all(Array.from({ length: 10 }, () => api('POST', `/v1/keys/${key.id}/rotate`)))
    const accepted = await Promise.all(answers.map(({ json }) => edge(json.credential)))
    expect(accepted.filter((status) => status === 404)).toHaveLength(1)
  })
})

describe('what a key is made of', () => {
  it.each([
    [{ name: undefined }, 'name', 'is missing'],
    [{ name: '' }, 'name', 'at least 1 character'],
    [{ name: 'x'.repeat(201) }, 'name', 'at most 200 characters'],
    [{ name: 'a\r\nb' }, 'name', 'control characters'],
    [{ name: '\u001b[31mred' }, 'name', 'control characters'],
    [{ name: 'a\u2028b' }, 'name', 'control characters'],
    [{ name: 'half \ud83d' }, 'name', 'control characters'],
    [{ name: 7 }, 'name', 'must be a string'],
    [{ kind: 'imaginary' }, 'kind', ''],
    [{ environment: 'moon' }, 'environment', ''],
    [{ permissions: ['Not A Permission'] }, 'permissions', ''],
    [{ permissions: Array.from({ length: 101 }, (_, i) => `p${i}:read`) }, 'permissions', 'at most 100 entries'],
    [{ permissions: ['a:read', 'a:read'] }, 'permissions', ''],
    [{ namespaces: ['../x'] }, 'namespaces.0', ''],
    [{ allowedIps: ['10.0.0.0/8', 'localhost'] }, 'allowedIps', ''],
    [{ allowedIps: ['10.0.0.1/8'] }, 'allowedIps', '10.0.0.0/8'],
    [{ limits: [{ requests: 0, windowSeconds: 60 }] }, 'limits.0.requests', 'at least 1'],
    [{ limits: [{ requests: 1, windowSeconds: 60, burst: 5 }] }, 'limits.0.burst', 'not a known member'],
    [
      { limits: [{ requests: 1, windowSeconds: 60, per: 'planet' }] },
      'limits.0.per',
      'key, user, project or organization',
    ],
    [{ expiresAt: 'tomorrow' }, 'expiresAt', 'RFC 3339'],
    [{ expiresAt: '2026-02-30T00:00:00Z' }, 'expiresAt', 'RFC 3339'],
    [{ expiresAt: '2001-01-01T00:00:00Z' }, 'expiresAt', 'future'],
    [{ expiresAt: '9999-12-31T23:59:59-23:59' }, 'expiresAt', '9999'],
    [{ metadata: { deep: { er: 1 } } }, 'metadata.deep', ''],
    [{ metadata: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`m${i}`, i])) }, 'metadata', '32'],
    [{ metadata: { long: 'x'.repeat(501) } }, 'metadata.long', ''],
    [{ id: 'key_mine' }, 'id', 'not a known member'],
    [{ digest: 'x' }, 'digest', 'not a known member'],
    [{ createdAt: '2026-01-01T00:00:00Z' }, 'createdAt', 'not a known member'],
    [{ createdBy: 'root' }, 'createdBy', 'not a known member'],
    [{ versions: [] }, 'versions', 'not a known member'],
    [{ constructor: 'x' }, 'constructor', 'not a known member'],
    [{ toString: 'x' }, 'toString', 'not a known member'],
  ])('is refused with %j by the name of the member', async (input, field, message) => {
    const { status, json } = await api('POST', '/v1/keys', { body: { organization: 'acme', name: 'x', ...input } })
    expect([status, json.code]).toEqual([422, 'invalid_request'])
    const error = json.errors.find((candidate: { field: string }) => candidate.field === field)
    expect(error?.message).toContain(message)
    expect(json.detail).toContain(error.message)
  })

  it.each(['id', 'organization', 'kind', 'environment', 'state', 'versions', 'revokedAt', 'createdBy', 'digest'])(
    'cannot be changed in its %s later',
    async (member) => {
      const key = await create()
      const { status, json } = await api('PATCH', `/v1/keys/${key.id}`, { body: { [member]: 'x' } })
      expect([status, json.errors]).toEqual([422, [{ field: member, message: 'is not a known member' }]])
    },
  )

  it('keeps metadata named like what every object has', async () => {
    const key = await create({ metadata: { constructor: 'a', toString: 'b', hasOwnProperty: true } })
    expect(key.metadata).toEqual({ constructor: 'a', toString: 'b', hasOwnProperty: true })
  })

  it.each([
    ['organization', { organization: 'nobody' }],
    ['project', { project: 'prj_nothing' }],
  ])('needs an existing %s', async (_, input) => {
    const { status, json } = await api('POST', '/v1/keys', { body: { organization: 'acme', name: 'x', ...input } })
    expect([status, json.code]).toEqual([404, 'not_found'])
  })
})

describe('under a contract with one key for each organization', () => {
  it('a second key is a conflict that says what to do', async () => {
    const other = await startServer({ contract: 'holonomix' })
    const call = controlApi(other.control)
    const body = { organization: 'acme', name: 'main' }
    expect((await call('POST', '/v1/keys', { body })).status).toBe(201)
    const { status, json } = await call('POST', '/v1/keys', { body })
    expect([status, json.code]).toEqual([409, 'conflict'])
    expect(json.detail).toContain('Rotate it instead')
    await other.stop()
  })

  it('a grace is refused where the contract has none, in words that say so', async () => {
    const other = await startServer({ contract: 'holonomix' })
    const call = controlApi(other.control)
    const { key } = await other.issue()
    const rotated = await call('POST', `/v1/keys/${key.id}/rotate`, { body: { graceSeconds: 1 } })
    expect([rotated.status, rotated.json.errors[0].field]).toEqual([422, 'graceSeconds'])
    expect(rotated.json.detail).toContain('has no grace: an old secret ends at once')
    await other.stop()
  })
})
