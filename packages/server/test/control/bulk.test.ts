import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Api, controlApi } from '../support/control-api.ts'
import { startServer, type TestServer } from '../support/start-server.ts'

let server: TestServer
let api: Api
let bound: string

beforeAll(async () => {
  server = await startServer({ contract: 'keywright' })
  api = controlApi(server.control)
  await api('POST', '/v1/organizations', { body: { id: 'globex', name: 'Globex' } })
  const machine = { name: 'Acme CI', permissions: ['manage'], organization: 'acme' }
  bound = (await api('POST', '/v1/service-keys', { body: machine })).json.credential
})
afterAll(() => server.stop())

let count = 0
const freshKey = () => ({ 'idempotency-key': `bulk-${++count}` })
const row = (name: string, more: object = {}) => ({ organization: 'acme', name, ...more })
const create = (keys: unknown[], options: { headers?: Record<string, string>; dryRun?: boolean } = {}) =>
  api('POST', '/v1/keys/bulk', {
    body: { keys, ...(options.dryRun !== undefined && { dryRun: options.dryRun }) },
    ...(options.headers && { headers: options.headers }),
  })

async function edge(credential: string): Promise<number> {
  return (await fetch(`${server.edge}/v1/things`, { headers: { authorization: `Bearer ${credential}` } })).status
}

interface Result {
  row: number
  id: string
  status: string
  key: { id: string; name: string }
  credential: string
  problem: { code: string; detail: string; errors?: { field: string }[] }
}

describe('creating keys in bulk', () => {
  it('answers each row in its order, with a credential that is accepted', async () => {
    const { status, json } = await create([row('one'), row('two', { permissions: ['reports:read'] }), row('three')])
    expect([status, json.created, json.refused, json.dryRun]).toEqual([200, 3, 0, false])
    const results: Result[] = json.results
    expect(results.map(({ row, key }) => [row, key.name])).toEqual([
      [0, 'one'],
      [1, 'two'],
      [2, 'three'],
    ])
    for (const { credential } of results) expect(await edge(credential)).not.toBe(401)
    expect((await api('GET', `/v1/receipts/${json.receipt}`)).json.complete).toBe(true)
  })

  it('leaves the others alone where a row is wrong, and says of each what is', async () => {
    const { json } = await create([
      row('fine'),
      row('no such organization', { organization: 'nobody' }),
      { organization: 'acme' },
      row('unknown member', { digest: 'x' }),
      'no object',
      row('past', { expiresAt: '2001-01-01T00:00:00Z' }),
      row('foreign project', { project: 'prj_00000000000000000000000000' }),
      row('fine too'),
      null,
    ])
    const results: Result[] = json.results
    expect([json.created, json.refused]).toEqual([2, 7])
    const told = results.map(({ status, problem }) => problem?.code ?? status)
    expect(told).toEqual([
      'created',
      'not_found',
      'invalid_request',
      'invalid_request',
      'invalid_request',
      'invalid_request',
      'not_found',
      'created',
      'invalid_request',
    ])
    expect(results[3]?.problem.errors).toEqual([{ field: 'digest', message: 'is not a known member' }])
    expect(results[5]?.problem.errors?.[0]?.field).toBe('expiresAt')
  })

  it('reaches no other organization than the caller does, row by row', async () => {
    const body = { keys: [row('mine'), row('foreign', { organization: 'globex' })] }
    const { json } = await api('POST', '/v1/keys/bulk', { credential: bound, body })
    const [mine, foreign]: Result[] = json.results
    expect([mine?.status, foreign?.problem.code]).toEqual(['created', 'not_found'])
    const missing = await api('POST', '/v1/keys/bulk', {
      credential: bound,
      body: { keys: [row('x', { organization: 'nobody' })] },
    })
    expect(missing.json.results[0].problem).toEqual(foreign?.problem)
  })

  it('as a dry run checks everything and makes nothing', async () => {
    const before = await server.lifecycle.store.head()
    const { json } = await create([row('fine'), row('wrong', { kind: 'imaginary' })], { dryRun: true })
    expect(json).toMatchObject({ dryRun: true, created: 0, refused: 1, receipt: null })
    expect(json.results.map(({ status }: Result) => status)).toEqual(['valid', 'refused'])
    expect(await server.lifecycle.store.head()).toEqual(before)
  })

  it('takes 1,000 rows in one go, each with an event of its own, and not one more', async () => {
    const before = (await server.lifecycle.store.head()).number
    const keys = Array.from({ length: 1000 }, (_, index) => row(`many ${index}`))
    const { json } = await create(keys)
    expect(json.created).toBe(1000)
    expect(new Set(json.results.map(({ credential }: Result) => credential)).size).toBe(1000)
    expect((await server.lifecycle.store.head()).number).toBe(before + 1000)
    const more = await create([...keys, row('one too many')])
    expect([more.status, more.json.errors]).toEqual([422, [{ field: 'keys', message: expect.any(String) }]])
    expect((await create([])).status).toBe(422)
    expect((await server.lifecycle.store.head()).number).toBe(before + 1000)
  })

  it('takes more bytes than other calls, and not without end', async () => {
    const metadata = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`m${i}`, 'x'.repeat(400)]))
    const keys = Array.from({ length: 200 }, (_, index) => row(`large ${index}`, { metadata }))
    expect((await create(keys)).json.created).toBe(200)
    const { status, json } = await create([row('x'.repeat(5 * 1024 * 1024))])
    expect([status, json.code]).toEqual([413, 'payload_too_large'])
  })

  it('counts rows before where a contract allows one key', async () => {
    const other = await startServer({ contract: 'holonomix' })
    const call = controlApi(other.control)
    await call('POST', '/v1/organizations', { body: { id: 'one', name: 'One' } })
    const keys = [
      { organization: 'one', name: 'first' },
      { organization: 'one', name: 'second' },
    ]
    for (const dryRun of [true, false]) {
      const { json } = await call('POST', '/v1/keys/bulk', { body: { keys, dryRun } })
      expect(json.results.map(({ status, problem }: Result) => problem?.code ?? status)).toEqual([
        dryRun ? 'valid' : 'created',
        'conflict',
      ])
    }
    await other.stop()
  })

  it('repeated with its Idempotency-Key answers the same keys with fresh secrets, any number of times', async () => {
    const options = { headers: freshKey() }
    const keys = [row('a'), row('b', { organization: 'nobody' }), row('c')]
    const answers = [await create(keys, options), await create(keys, options), await create(keys, options)]
    const ids = answers.map(({ json }) => json.results.map(({ key }: Result) => key?.id))
    expect(ids[1]).toEqual(ids[0])
    expect(ids[2]).toEqual(ids[0])
    const statuses = answers.map(({ json }) => json.results.map(({ problem }: Result) => problem?.code ?? 'created'))
    expect(statuses).toEqual(Array(3).fill(['created', 'not_found', 'created']))
    for (const [turn, { json }] of answers.entries()) {
      for (const at of [0, 2]) expect((await edge(json.results[at].credential)) === 401).toBe(turn < 2)
    }
  })

  it('repeated makes no row that was refused at first, even where it could now', async () => {
    const options = { headers: freshKey() }
    const keys = [row('x', { organization: 'later' }), row('y')]
    await create(keys, options)
    await api('POST', '/v1/organizations', { body: { id: 'later', name: 'Later' } })
    const { json } = await create(keys, options)
    expect(json.results.map(({ problem, status }: Result) => problem?.code ?? status)).toEqual([
      'not_repeated',
      'created',
    ])
    expect((await api('GET', '/v1/keys?organization=later')).json.keys).toEqual([])
  })

  it('repeated after a rotation by someone else leaves that row alone', async () => {
    const options = { headers: freshKey() }
    const first = await create([row('a'), row('b')], options)
    const rotated = await api('POST', `/v1/keys/${first.json.results[0].key.id}/rotate`)
    const { json } = await create([row('a'), row('b')], options)
    expect(json.results.map(({ problem, status }: Result) => problem?.code ?? status)).toEqual([
      'idempotency_superseded',
      'created',
    ])
    expect(await edge(rotated.json.credential)).not.toBe(401)
  })

  it('with another body under the same Idempotency-Key is refused', async () => {
    const options = { headers: freshKey() }
    await create([row('a')], options)
    expect((await create([row('b')], options)).json.code).toBe('idempotency_mismatch')
  })

  it('shows no credential again, and none in the audit', async () => {
    const { json } = await create([row('canary')])
    const [{ credential, key }] = json.results
    const audit = await api('GET', `/v1/audit?key=${key.id}`)
    expect(audit.json.events).toHaveLength(1)
    expect(audit.text).not.toContain(credential)
    expect((await api('GET', `/v1/keys/${key.id}`)).text).not.toContain(credential)
  })
})

describe('revoking keys in bulk', () => {
  const revoke = (body: object, options: { credential?: string; headers?: Record<string, string> } = {}) =>
    api('POST', '/v1/keys/bulk-revoke?wait=all', { body, ...options })

  it('refuses every one of them before it answers', async () => {
    const made = await create(Array.from({ length: 100 }, (_, index) => row(`r${index}`)))
    const results: Result[] = made.json.results
    for (const { credential } of results.slice(0, 5)) expect(await edge(credential)).not.toBe(401)
    const { json } = await revoke({ keys: results.map(({ key }) => key.id), reason: 'leaked' })
    expect([json.revoked, json.refused]).toEqual([100, 0])
    expect(json.results.map(({ id }: Result) => id)).toEqual(results.map(({ key }) => key.id))
    for (const { credential } of results) expect(await edge(credential)).toBe(401)
    const { json: one } = await api('GET', `/v1/keys/${results[7]?.key.id}`)
    expect(one).toMatchObject({ state: 'revoked', revokedReason: 'leaked' })
  })

  it('answers unknown, foreign, repeated and revoked ids each by itself', async () => {
    const mine = await server.issue()
    const gone = await server.issue()
    await api('POST', `/v1/keys/${gone.key.id}/revoke`)
    const foreign = (await create([row('foreign', { organization: 'globex' })])).json.results[0]
    const missing = 'key_00000000000000000000000000'
    const keys = [mine.key.id, foreign.key.id, missing, mine.key.id, gone.key.id, '__proto__', 'constructor']
    const { json } = await revoke({ keys }, { credential: bound })
    expect(json.results.map(({ status }: Result) => status)).toEqual([
      'revoked',
      'refused',
      'refused',
      'revoked',
      'revoked',
      'refused',
      'refused',
    ])
    expect([json.revoked, json.refused]).toEqual([2, 4])
    expect(json.results[1].problem).toEqual(json.results[2].problem)
    expect(json.results[1].problem.code).toBe('not_found')
    expect(await edge(foreign.credential)).not.toBe(401)
    expect(await edge(mine.credential)).toBe(401)
    const events = (await api('GET', `/v1/audit?key=${mine.key.id}&action=key.revoked`)).json.events
    expect(events).toHaveLength(1)
  })

  it('as a dry run revokes nothing', async () => {
    const { key, credential } = await server.issue()
    const { json } = await revoke({ keys: [key.id, 'key_x'], dryRun: true })
    expect(json).toMatchObject({ dryRun: true, revoked: 0, refused: 1, receipt: null })
    expect(await edge(credential)).not.toBe(401)
  })

  it('repeated with its Idempotency-Key answers the same', async () => {
    const { key } = await server.issue()
    const options = { headers: freshKey() }
    const first = await revoke({ keys: [key.id, 'key_x'] }, options)
    const second = await revoke({ keys: [key.id, 'key_x'] }, options)
    expect(second.json.results).toEqual(first.json.results)
  })

  it.each([
    [{ keys: [] }, 'keys'],
    [{ keys: Array(1001).fill('key_x') }, 'keys'],
    [{ keys: [7] }, 'keys.0'],
    [{ keys: ['x'.repeat(65)] }, 'keys.0'],
    [{}, 'keys'],
    [{ keys: ['key_x'], organization: 'acme' }, 'organization'],
  ])('is refused by the name of the member: %#', async (body, field) => {
    const { status, json } = await revoke(body)
    expect([status, json.errors?.[0]?.field]).toEqual([422, field])
  })
})
