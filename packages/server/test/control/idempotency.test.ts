import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { keywright } from '@keywright/contracts'
import {
  compileFormat,
  createDigester,
  createOrganization,
  issue,
  issueMany,
  type Lifecycle,
  revokeMany,
  rotate,
  type Store,
} from '@keywright/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSettings } from '../../src/config/read-settings.ts'
import { once } from '../../src/control/idempotency.ts'
import { type Instance, startInstance } from '../../src/main.ts'
import { openSqlite } from '../../src/stores/index.ts'
import { type Answer, type Api, controlApi } from '../support/control-api.ts'
import { openBrowser, signUp, tokenOf } from '../support/people.ts'
import { serviceKey, startServer, type TestServer, tester } from '../support/start-server.ts'

let server: TestServer
let api: Api

beforeAll(async () => {
  server = await startServer({ contract: 'keywright' })
  api = controlApi(server.control)
})
afterAll(() => server.stop())

let count = 0
const freshKey = () => `test-${++count}`
const newKey = { organization: 'acme', name: 'Production' }

async function edge(credential: string, url = server.edge): Promise<number> {
  return (await fetch(`${url}/v1/things`, { headers: { authorization: `Bearer ${credential}` } })).status
}

describe('a create repeated with its Idempotency-Key', () => {
  it('answers the same key with a fresh secret, and the one sent before is refused at once', async () => {
    const headers = { 'idempotency-key': freshKey() }
    const first = await api('POST', '/v1/keys', { body: newKey, headers })
    const second = await api('POST', '/v1/keys', { body: newKey, headers })
    const third = await api('POST', '/v1/keys', { body: newKey, headers })
    expect([second.status, second.json.id, third.json.id]).toEqual([201, first.json.id, first.json.id])
    const statuses = await Promise.all([first, second, third].map(({ json }) => edge(json.credential)))
    expect(statuses).toEqual([401, 401, 404])
  })

  it('makes one organization, one project and one service key', async () => {
    for (const [path, body] of [
      ['/v1/organizations', { name: 'Once' }],
      ['/v1/projects', { organization: 'acme', name: 'Once' }],
      ['/v1/service-keys', { name: 'Once', permissions: ['manage'] }],
    ] as const) {
      const headers = { 'idempotency-key': freshKey() }
      const first = await api('POST', path, { body, headers })
      const second = await api('POST', path, { body, headers })
      expect([second.status, second.json.id]).toEqual([201, first.json.id])
    }
  })

  it('of a service key ends the credential sent before', async () => {
    const call = { body: { name: 'CI', permissions: ['manage'] }, headers: { 'idempotency-key': freshKey() } }
    const first = await api('POST', '/v1/service-keys', call)
    const second = await api('POST', '/v1/service-keys', call)
    expect((await api('GET', '/v1/keys', { credential: first.json.credential })).status).toBe(401)
    expect((await api('GET', '/v1/keys', { credential: second.json.credential })).status).toBe(200)
    await api('POST', `/v1/service-keys/${first.json.id}/revoke`)
    expect((await api('POST', '/v1/service-keys', call)).status).toBe(409)
  })

  it('takes the key with or without quotation marks for the same', async () => {
    const name = freshKey()
    const first = await api('POST', '/v1/keys', { body: newKey, headers: { 'idempotency-key': `"${name}"` } })
    const second = await api('POST', '/v1/keys', { body: newKey, headers: { 'idempotency-key': name } })
    expect(second.json.id).toBe(first.json.id)
  })

  it('with another body is refused, and changes nothing', async () => {
    const headers = { 'idempotency-key': freshKey() }
    const first = await api('POST', '/v1/keys', { body: newKey, headers })
    const second = await api('POST', '/v1/keys', { body: { ...newKey, name: 'Other' }, headers })
    expect([second.status, second.json.code]).toEqual([422, 'idempotency_mismatch'])
    expect(await edge(first.json.credential)).toBe(404)
  })

  it('by another caller is another call', async () => {
    const machine = await api('POST', '/v1/service-keys', { body: { name: 'x', permissions: ['manage'] } })
    const headers = { 'idempotency-key': freshKey() }
    const first = await api('POST', '/v1/keys', { body: newKey, headers })
    const { credential } = machine.json
    const second = await api('POST', '/v1/keys', { body: newKey, headers, credential })
    expect(second.json.id).not.toBe(first.json.id)
  })

  it('made ten times at once makes one key; the others are told to wait, or answer it too', async () => {
    const headers = { 'idempotency-key': freshKey() }
    const call = { body: { organization: 'acme', name: headers['idempotency-key'] }, headers }
    const answers = await Promise.all(Array.from({ length: 10 }, () => api('POST', '/v1/keys', call)))
    const made = new Set(answers.filter(({ status }) => status === 201).map(({ json }) => json.id))
    expect(made.size).toBe(1)
    const refused = answers.filter(({ status }) => status !== 201)
    expect(refused.every(({ json }) => json.code === 'idempotency_running')).toBe(true)
    expect(refused.every(({ headers }) => headers.get('retry-after') === '1')).toBe(true)
  })

  it('after a rotation by someone else is refused, and ends nobody’s secret', async () => {
    const headers = { 'idempotency-key': freshKey() }
    const first = await api('POST', '/v1/keys', { body: newKey, headers })
    const rotated = await api('POST', `/v1/keys/${first.json.id}/rotate`)
    const second = await api('POST', '/v1/keys', { body: newKey, headers })
    expect([second.status, second.json.code]).toEqual([409, 'idempotency_superseded'])
    expect(await edge(rotated.json.credential)).toBe(404)
  })

  it('that was refused may be made again, corrected', async () => {
    const headers = { 'idempotency-key': freshKey() }
    const body = { organization: 'later', name: 'x' }
    expect((await api('POST', '/v1/keys', { body, headers })).status).toBe(404)
    await api('POST', '/v1/organizations', { body: { id: 'later', name: 'Later' } })
    expect((await api('POST', '/v1/keys', { body, headers })).status).toBe(201)
  })

  it.each(['', 'x'.repeat(256), 'ümlaut', 'a b'])('with the key %j is refused by its name', async (value) => {
    const { status, json } = await api('POST', '/v1/keys', {
      body: newKey,
      headers: { 'idempotency-key': Buffer.from(value).toString('latin1') },
    })
    expect([status, json.errors?.[0]?.field]).toEqual([422, 'Idempotency-Key'])
  })
})

describe('a rotation repeated with its Idempotency-Key', () => {
  it('replaces the secret it sent, while the deadline of the older one stands', async () => {
    const { key, credential } = await server.issue()
    const call = { body: { graceSeconds: 3600 }, headers: { 'idempotency-key': freshKey() } }
    const first = await api('POST', `/v1/keys/${key.id}/rotate`, call)
    const second = await api('POST', `/v1/keys/${key.id}/rotate`, call)
    expect(second.json.retiring).toEqual(first.json.retiring)
    const statuses = await Promise.all(
      [credential, first.json.credential, second.json.credential].map((it) => edge(it)),
    )
    expect(statuses).toEqual([404, 401, 404])
  })

  it('of another key is another content, and refused', async () => {
    const [one, other] = [await server.issue(), await server.issue()]
    const headers = { 'idempotency-key': freshKey() }
    await api('POST', `/v1/keys/${one.key.id}/rotate`, { headers })
    const { json } = await api('POST', `/v1/keys/${other.key.id}/rotate`, { headers })
    expect(json.code).toBe('idempotency_mismatch')
  })
})

describe('a suspension repeated with its Idempotency-Key', () => {
  it('does not suspend what has been resumed since', async () => {
    const { key } = await server.issue()
    const headers = { 'idempotency-key': freshKey() }
    await api('POST', `/v1/keys/${key.id}/suspend`, { headers })
    await api('POST', `/v1/keys/${key.id}/resume`)
    const { status, json } = await api('POST', `/v1/keys/${key.id}/suspend`, { headers })
    expect([status, json.state]).toEqual([200, 'active'])
  })
})

describe('any other call repeated with its Idempotency-Key', () => {
  it.each([
    [
      '/v1/organizations/acme/invitations',
      { email: 'ann@example.com', role: 'member' },
      { email: 'ann@example.com', role: 'admin' },
    ],
    ['/v1/operators/invitations', { email: 'ben@example.com' }, { email: 'dan@example.com' }],
    [
      '/v1/portal-sessions',
      { organization: 'acme', user: 'cleo', role: 'admin' },
      { organization: 'acme', user: 'cleo', role: 'member' },
    ],
  ])(
    '%s makes a fresh link in the place of the one before, and none for another body',
    async (path, body, otherwise) => {
      const headers = { 'idempotency-key': freshKey() }
      const [first, second] = [await api('POST', path, { body, headers }), await api('POST', path, { body, headers })]
      expect([first.status, second.status]).toEqual([201, 201])
      const open = async ({ json }: Answer) => {
        const invitation = tokenOf(json.link)
        return (await openBrowser(server).call('POST', '/api/auth/invitation', { invitation })).status
      }
      expect([await open(first), await open(second)]).toEqual([410, 200])
      const other = await api('POST', path, { body: otherwise, headers })
      expect([other.status, other.json.code]).toEqual([422, 'idempotency_mismatch'])
    },
  )

  it('answers again what it ended', async () => {
    const { json } = await api('POST', '/v1/service-keys', { body: { name: 'CI', permissions: ['manage'] } })
    const headers = { 'idempotency-key': freshKey() }
    const revoke = () => api('POST', `/v1/service-keys/${json.id}/revoke`, { headers })
    const [first, second] = [await revoke(), await revoke()]
    expect([first.status, second.status, second.json.revokedAt]).toEqual([200, 200, first.json.revokedAt])
  })

  it('does not keep out again a person who has been let in since', async () => {
    const invited = await api('POST', '/v1/organizations/acme/invitations', {
      body: { email: 'eve@example.com', role: 'member' },
    })
    const person = await signUp(server, { invitation: tokenOf(invited.json.link), email: 'eve@example.com' })
    const headers = { 'idempotency-key': freshKey() }
    await api('POST', `/v1/people/${person.id}/disable`, { headers })
    await api('POST', `/v1/people/${person.id}/enable`)
    const again = await api('POST', `/v1/people/${person.id}/disable`, { headers })
    expect([again.status, again.json.disabledAt]).toEqual([200, null])
  })
})

describe('across a restart', () => {
  let folder: string
  let instance: Instance

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'keywright-restart-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  async function start(): Promise<Api> {
    const flags = { port: '0', controlPort: '0', data: 'data', contract: 'keywright' }
    const settings = await readSettings({ flags, env: { KEYWRIGHT_SERVICE_KEY: serviceKey }, folder })
    instance = await startInstance(settings, { folder, logTo: { write: () => {} } })
    return controlApi(instance.control)
  }

  /** Begins the call that `api` would make, in a process that dies before it has answered. */
  async function dieWhile(
    name: string,
    body: object,
    work: (lifecycle: Lifecycle) => Promise<unknown>,
    { route = 'createKey', path = '/v1/keys' } = {},
  ) {
    const opened = openSqlite(join(folder, 'data', 'keywright.db'))
    const base = { contract: keywright, format: compileFormat(keywright.key), digester: createDigester() }
    const attempted = {
      caller: 'service_key:configured',
      route,
      header: name,
      content: [path, '', JSON.stringify(body)],
      now: new Date(),
    }
    await new Promise<void>((dead, failed) => {
      const run = async (store: Store) => {
        await work({ ...base, store, now: () => new Date() })
        dead()
        await new Promise(() => {})
      }
      once(opened.calls, opened, attempted, { run, replay: run }).catch(failed)
    })
    await opened.close()
  }

  it('a create is repeated as before', async () => {
    let call = await start()
    await createOrganization(instance.lifecycle, tester, { id: 'acme', name: 'Acme' })
    const options = { body: newKey, headers: { 'idempotency-key': 'restart' } }
    const first = await call('POST', '/v1/keys', options)
    await instance.stop()
    call = await start()
    const second = await call('POST', '/v1/keys', options)
    expect([second.status, second.json.id]).toEqual([201, first.json.id])
    expect(await edge(first.json.credential, instance.edge)).toBe(401)
    expect(await edge(second.json.credential, instance.edge)).toBe(404)
    await instance.stop()
  })

  it('a create whose process died after its commit finds its key again', async () => {
    let made = ''
    await dieWhile('died-after', newKey, async (lifecycle) => {
      made = (await issue(lifecycle, tester, newKey)).key.id
    })
    const call = await start()
    const before = (await call('GET', '/v1/keys')).json.keys.length
    const answer = await call('POST', '/v1/keys', { body: newKey, headers: { 'idempotency-key': 'died-after' } })
    expect([answer.status, answer.json.id]).toEqual([201, made])
    expect((await call('GET', '/v1/keys')).json.keys).toHaveLength(before)
    await instance.stop()
  })

  it('a call that had nothing to change, and whose repetition died, does not do it when it is repeated again', async () => {
    let call = await start()
    const { id } = (await call('POST', '/v1/keys', { body: newKey })).json
    const path = `/v1/keys/${id}/resume`
    const resume = () => call('POST', path, { body: {}, headers: { 'idempotency-key': 'nothing-to-resume' } })
    expect((await resume()).status).toBe(200)
    await call('POST', `/v1/keys/${id}/suspend`)
    await instance.stop()
    await dieWhile('nothing-to-resume', {}, async () => {}, { route: 'resumeKey', path })
    call = await start()
    const { status, json } = await resume()
    expect([status, json.state]).toEqual([200, 'suspended'])
    await instance.stop()
  })

  it('a rotation whose process died after its commit ends the secret that nobody received', async () => {
    const call = await start()
    const made = await call('POST', '/v1/keys', { body: newKey })
    await instance.stop()
    const { id } = made.json
    let lost = ''
    const body = { graceSeconds: 3600 }
    const once = { route: 'rotateKey', path: `/v1/keys/${id}/rotate` }
    await dieWhile(
      'rotation-died',
      body,
      async (lifecycle) => {
        lost = (await rotate(lifecycle, tester, id, body)).credential
      },
      once,
    )
    const again = await start()
    const answer = await again('POST', once.path, { body, headers: { 'idempotency-key': 'rotation-died' } })
    expect(answer.json.retiring.map(({ number }: { number: number }) => number)).toEqual([1])
    const statuses = [made.json.credential, lost, answer.json.credential].map((it) => edge(it, instance.edge))
    expect(await Promise.all(statuses)).toEqual([404, 401, 404])
    expect((await again('GET', `/v1/keys/${id}`)).json.versions).toHaveLength(3)
    await instance.stop()
  })

  it('a rotation whose process died before its commit is carried out once', async () => {
    const call = await start()
    const { id } = (await call('POST', '/v1/keys', { body: newKey })).json
    await instance.stop()
    const once = { route: 'rotateKey', path: `/v1/keys/${id}/rotate` }
    await dieWhile('rotation-not-begun', {}, async () => {}, once)
    const again = await start()
    for (let i = 0; i < 2; i++) {
      const headers = { 'idempotency-key': 'rotation-not-begun' }
      expect((await again('POST', once.path, { body: {}, headers })).status).toBe(200)
    }
    const { versions } = (await again('GET', `/v1/keys/${id}`)).json
    expect(versions.filter(({ retiresAt }: { retiresAt: string | null }) => retiresAt === null)).toHaveLength(1)
    await instance.stop()
  })

  it('a bulk call whose process died after its commit finds each of its keys again', async () => {
    const made: string[] = []
    const body = { keys: [newKey, { ...newKey, organization: 'nobody' }, { ...newKey, name: 'Second' }] }
    const rows = [0, 2].map((row) => ({ row, key: { ...newKey, name: body.keys[row]?.name ?? '' }, reach: null }))
    await dieWhile(
      'bulk-died',
      body,
      async (lifecycle) => {
        const bulk = await issueMany(lifecycle, tester, rows)
        for (const row of bulk.rows) if ('done' in row) made.push(row.done.key.id)
      },
      { route: 'createKeys', path: '/v1/keys/bulk' },
    )
    const call = await start()
    const before = (await call('GET', '/v1/keys?limit=200')).json.keys.length
    const headers = { 'idempotency-key': 'bulk-died' }
    const { json } = await call('POST', '/v1/keys/bulk', { body, headers })
    expect(json.results.map(({ key, problem }: Row) => key?.id ?? problem?.code)).toEqual([
      made[0],
      'not_found',
      made[1],
    ])
    for (const at of [0, 2]) expect(await edge(json.results[at].credential, instance.edge)).toBe(404)
    expect((await call('GET', '/v1/keys?limit=200')).json.keys).toHaveLength(before)
    await instance.stop()
  })

  it('a bulk call whose process died before its commit is carried out once', async () => {
    const body = { keys: [newKey, { ...newKey, name: 'Second' }] }
    await dieWhile('bulk-not-begun', body, async () => {}, { route: 'createKeys', path: '/v1/keys/bulk' })
    const call = await start()
    const before = (await call('GET', '/v1/keys?limit=200')).json.keys.length
    const options = { body, headers: { 'idempotency-key': 'bulk-not-begun' } }
    const first = await call('POST', '/v1/keys/bulk', options)
    const second = await call('POST', '/v1/keys/bulk', options)
    expect(first.json).toMatchObject({ created: 2, refused: 0 })
    expect(idsOf(second)).toEqual(idsOf(first))
    expect((await call('GET', '/v1/keys?limit=200')).json.keys).toHaveLength(before + 2)
    await instance.stop()
  })

  it.each([
    ['before', 0],
    ['after', 2],
  ])('a bulk revocation whose process died %s its commit revokes each key once', async (when, doneBefore) => {
    let call = await start()
    const made = await call('POST', '/v1/keys/bulk', { body: { keys: [newKey, newKey] } })
    await instance.stop()
    const ids = idsOf(made)
    const body = { keys: [...ids, 'key_none'], reason: 'leaked' }
    const revokeThem = async (lifecycle: Lifecycle) => {
      const rows = ids.slice(0, doneBefore).map((id, row) => ({ row, id }))
      if (rows.length > 0) await revokeMany(lifecycle, tester, rows, body)
    }
    const name = `revocation-died-${when}`
    await dieWhile(name, body, revokeThem, { route: 'revokeKeys', path: '/v1/keys/bulk-revoke' })

    call = await start()
    const options = { body, headers: { 'idempotency-key': name } }
    const first = await call('POST', '/v1/keys/bulk-revoke', options)
    const second = await call('POST', '/v1/keys/bulk-revoke', options)
    expect(first.json).toMatchObject({ revoked: 2, refused: 1 })
    expect(second.json.results).toEqual(first.json.results)
    for (const [row, id] of ids.entries()) {
      expect(await edge(made.json.results[row].credential, instance.edge)).toBe(401)
      expect((await call('GET', `/v1/audit?key=${id}&action=key.revoked`)).json.events).toHaveLength(1)
    }
    await instance.stop()
  })

  function idsOf({ json }: Answer): string[] {
    return json.results.map(({ key }: { key: { id: string } }) => key.id)
  }

  interface Row {
    key?: { id: string }
    problem?: { code: string }
  }

  it('a create whose process died before its commit is carried out', async () => {
    await dieWhile('died-before', newKey, async () => {})
    const call = await start()
    const before = (await call('GET', '/v1/keys')).json.keys.length
    const answer = await call('POST', '/v1/keys', { body: newKey, headers: { 'idempotency-key': 'died-before' } })
    expect(answer.status).toBe(201)
    expect((await call('GET', '/v1/keys')).json.keys).toHaveLength(before + 1)
    await instance.stop()
  })
})
