import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { readSettings } from '../../src/config/read-settings.ts'
import { startInstance } from '../../src/main.ts'
import { keywright } from '../support/command-line.ts'
import { controlApi } from '../support/control-api.ts'
import { type TestPostgres, testPostgres } from '../support/postgres.ts'
import { startNode } from '../support/start-node.ts'
import { serviceKey } from '../support/start-server.ts'

let server: TestPostgres
let folder: string
let to: string

beforeAll(async () => {
  server = await testPostgres()
})
afterAll(() => server.stop())
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keywright-migrate-'))
  to = await server.createDatabase()
})
afterEach(() => rmSync(folder, { recursive: true }))

const account = { email: 'ann@example.com', password: 'a long enough password', name: 'Ann' }

/** An instance with keys, use and a person, which is stopped again. */
async function embedded(keys: number) {
  const env = { KEYWRIGHT_SERVICE_KEY: serviceKey, KEYWRIGHT_SIGN_UP: 'open' }
  const settings = await readSettings({ flags: { port: '0', controlPort: '0', data: 'data' }, env, folder })
  const instance = await startInstance(settings, { folder, logTo: { write: () => {} } })
  const api = controlApi(instance.control)
  await api('POST', '/v1/organizations', { body: { id: 'acme', name: 'Acme \\ 🚀' } })
  const credentials: string[] = []
  for (let count = 0; count < keys; count++) {
    const body = { organization: 'acme', name: `key ${count}`, limits: [] }
    const { status, json } = await api('POST', '/v1/keys', { body })
    expect(status).toBe(201)
    credentials.push(json.credential)
    await fetch(`${instance.edge}/x`, { headers: { authorization: `Bearer ${json.credential}` } })
  }
  const signedUp = await signUp(instance.control)
  expect(signedUp.status).toBeLessThan(300)
  await instance.stop()
  return { credentials }
}

function signUp(control: string): Promise<Response> {
  return post(control, 'sign-up/email', account)
}

function post(control: string, path: string, body: object): Promise<Response> {
  return fetch(`${control}/api/auth/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: control },
    body: JSON.stringify(body),
  })
}

describe('keywright migrate', { timeout: 60_000 }, () => {
  it('moves an instance with its keys, its audit and its people, and says how much it was', async () => {
    const { credentials } = await embedded(3)
    const { code, stdout, stderr } = await keywright(['migrate', '--from', join(folder, 'data'), '--to', to, '--json'])
    expect(code, stderr).toBe(0)
    const moved = new Map(
      JSON.parse(stdout).moved.map(({ table, rows }: { table: string; rows: number }) => [table, rows]),
    )
    expect(moved.get('kw_keys')).toBe(3)
    expect(moved.get('kw_people')).toBe(1)
    expect(moved.get('kw_usage')).toBeGreaterThan(0)
    const node = await startNode(to, { KEYWRIGHT_SECRET: 'a-secret-of-the-tests-with-many-characters' })
    for (const credential of credentials) expect(await node.ask(credential)).toBe(404)
    const { json } = await node.api('GET', '/v1/organizations')
    expect(json.organizations.map(({ name }: { name: string }) => name)).toContain('Acme \\ 🚀')
    const { email, password } = account
    expect((await post(node.control, 'sign-in/email', { email, password })).status).toBe(200)
    expect((await node.api('POST', '/v1/keys', { body: { organization: 'acme', name: 'new' } })).status).toBe(201)
    await node.stop()
  })

  it('goes on where it was broken off, and does nothing twice', async () => {
    await embedded(2)
    const run = () => keywright(['migrate', '--from', join(folder, 'data', 'keywright.db'), '--to', to])
    expect((await run()).code).toBe(0)
    const client = new Client({ connectionString: to })
    await client.connect()
    await client.query(`update kw_head set number = 0; delete from kw_changes where number > 2; delete from kw_digests`)
    expect((await run()).code).toBe(0)
    expect((await client.query('select from kw_digests')).rowCount).toBe(2)
    expect((await run()).code).toBe(0)
    await client.query('update kw_head set number = 99')
    const other = await run()
    expect(other.code).toBe(1)
    expect(other.stderr).toContain('Choose an empty database.')
    await client.end()
  })

  it('says what is missing', async () => {
    const nowhere = await keywright(['migrate', '--from', join(folder, 'nothing'), '--to', to])
    expect([nowhere.code, nowhere.stderr]).toEqual([2, expect.stringContaining('There is no')])
    const aimless = await keywright(['migrate', '--from', folder])
    expect([aimless.code, aimless.stderr]).toEqual([2, expect.stringContaining('KEYWRIGHT_DATABASE_URL')])
  })
})
