import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pruneAudit } from '@keywright/core'
import BetterSqlite3 from 'better-sqlite3'
import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { readSettings } from '../../src/config/read-settings.ts'
import { startInstance } from '../../src/main.ts'
import { openPostgres } from '../../src/stores/index.ts'
import { loggedTables, peopleTables, unloggedTables } from '../../src/stores/move-tables.ts'
import { createAuthenticator } from '../support/authenticator.ts'
import { keywright } from '../support/command-line.ts'
import { controlApi } from '../support/control-api.ts'
import { goodPassword, openBrowser, signUp } from '../support/people.ts'
import { type TestPostgres, testPostgres } from '../support/postgres.ts'
import { relayTo } from '../support/relay.ts'
import { startNode, type TestNode } from '../support/start-node.ts'
import { serviceKey, tester } from '../support/start-server.ts'
import { totp } from '../support/totp.ts'

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

const secret = 'a-secret-of-the-tests-with-many-characters'
const peppers = `first:${'p'.repeat(40)}`

async function startEmbedded() {
  const env = {
    KEYWRIGHT_SERVICE_KEY: serviceKey,
    KEYWRIGHT_SIGN_UP: 'open',
    KEYWRIGHT_SECRET: secret,
    KEYWRIGHT_PEPPERS: peppers,
  }
  const settings = await readSettings({ flags: { port: '0', controlPort: '0', data: 'data' }, env, folder })
  const instance = await startInstance(settings, { folder, logTo: { write: () => {} } })
  const use = (credential: string) =>
    fetch(`${instance.edge}/x`, { headers: { authorization: `Bearer ${credential}` } })
  return { instance, api: controlApi(instance.control), use }
}

/** An instance with keys, use and a person with a second factor and a passkey, which is stopped again. */
async function embedded(keys: number, { pruned = 0 } = {}) {
  const { instance, api, use } = await startEmbedded()
  await api('POST', '/v1/organizations', { body: { id: 'acme', name: 'Acme \\ 🚀' } })
  const ids: string[] = []
  const credentials: string[] = []
  for (let count = 0; count < keys; count++) {
    const body = { organization: 'acme', name: `key ${count}`, limits: [] }
    const { status, json } = await api('POST', '/v1/keys', { body })
    expect(status).toBe(201)
    ids.push(json.id)
    credentials.push(json.credential)
    await use(json.credential)
  }
  const { browser, id, email } = await signUp(instance)
  const authenticator = createAuthenticator()
  const { options } = (await browser.call('POST', '/api/auth/passkeys/options')).json
  const response = authenticator.create(options, instance.control)
  expect((await browser.call('POST', '/api/auth/passkeys', { name: 'laptop', response })).status).toBe(201)
  const { json } = await browser.call('POST', '/api/auth/second-factor/enrol', { password: goodPassword })
  await browser.call('POST', '/api/auth/second-factor/confirm', { code: totp(json.uri) })
  await pruneAudit(instance.lifecycle, tester, { before: new Date(Date.now() + 1_000), limit: pruned })
  await instance.stop()
  return { ids, credentials, person: { id, email, authenticator, uri: json.uri, recoveryCodes: json.recoveryCodes } }
}

const migrate = () => keywright(['migrate', '--from', join(folder, 'data', 'keywright.db'), '--to', to])

async function sql(text: string): Promise<unknown[]> {
  const client = new Client({ connectionString: to })
  await client.connect()
  const { rows } = await client.query(text)
  await client.end()
  return rows
}

/** A move that comes as far as this table. */
async function breakOffAt(table: string): Promise<void> {
  const store = openPostgres(to)
  await store.prepare()
  await store.close()
  await sql(`create function fail() returns trigger language plpgsql as $$ begin raise 'broken off'; end $$`)
  await sql(`create trigger fail before insert on ${table} execute function fail()`)
  const { code, stderr } = await migrate()
  expect([code, stderr]).toEqual([
    1,
    'error: PostgreSQL says: broken off.\nhint: Put that right, and move again: it goes on where it was broken off.\n',
  ])
  await sql('drop function fail cascade')
}

type Person = Awaited<ReturnType<typeof embedded>>['person']

async function signInBySecondFactor(node: TestNode, { id, email, uri, recoveryCodes }: Person): Promise<void> {
  for (const second of [{ code: totp(uri, Date.now() + 30_000) }, { recoveryCode: recoveryCodes[0] }]) {
    const browser = openBrowser(node)
    const { json } = await browser.call('POST', '/api/auth/sign-in/email', { email, password: goodPassword })
    expect(json).toEqual({ secondFactor: true })
    expect((await browser.call('POST', '/api/auth/sign-in/second-factor', second)).json.person.id).toBe(id)
    expect((await browser.call('GET', '/v1/whoami')).json.id).toBe(id)
  }
}

async function signInByPasskey(node: TestNode, { id, authenticator }: Person): Promise<void> {
  const browser = openBrowser(node)
  const { options } = (await browser.call('POST', '/api/auth/sign-in/passkey/options')).json
  const response = authenticator.get(options, node.control)
  expect((await browser.call('POST', '/api/auth/sign-in/passkey', { response })).json.person.id).toBe(id)
}

describe('keywright migrate', { timeout: 60_000 }, () => {
  it('moves an instance with its keys, its audit and its people, and says how much it was', async () => {
    const { credentials, person } = await embedded(3)
    const { code, stdout, stderr } = await keywright(['migrate', '--from', join(folder, 'data'), '--to', to, '--json'])
    expect(code, stderr).toBe(0)
    const moved = new Map(
      JSON.parse(stdout).moved.map(({ table, rows }: { table: string; rows: number }) => [table, rows]),
    )
    expect(moved.get('kw_keys')).toBe(3)
    for (const table of ['kw_people', 'kw_second_factors', 'kw_passkeys', 'kw_peppers'])
      expect(moved.get(table)).toBe(1)
    expect(moved.get('kw_usage')).toBeGreaterThan(0)
    await expect(startNode(to, { KEYWRIGHT_SECRET: secret })).rejects.toThrow("pepper 'first', which was not given")
    const node = await startNode(to, { KEYWRIGHT_SECRET: secret, KEYWRIGHT_PEPPERS: peppers })
    for (const credential of credentials) expect(await node.ask(credential)).toBe(404)
    const { json } = await node.api('GET', '/v1/organizations')
    expect(json.organizations.map(({ name }: { name: string }) => name)).toContain('Acme \\ 🚀')
    expect((await node.api('POST', '/v1/keys', { body: { organization: 'acme', name: 'new' } })).status).toBe(201)
    await signInBySecondFactor(node, person)
    await signInByPasskey(node, person)
    await node.stop()
  })

  it('moves every table that is not for minutes alone', async () => {
    await embedded(1)
    const tables = (name: string) => {
      const file = new BetterSqlite3(join(folder, 'data', name), { readonly: true })
      const all = file.prepare<[], string>(`select name from sqlite_schema where type = 'table'`).pluck().all()
      file.close()
      return all.filter((table) => table.startsWith('kw_'))
    }
    const moved = new Set([...loggedTables, ...unloggedTables, ...peopleTables].map(({ name }) => name))
    const stay = [...tables('keywright.db'), ...tables('people.db')].filter((table) => !moved.has(table))
    expect(stay.sort()).toEqual([
      'kw_applied',
      'kw_attempts',
      'kw_checkpoint',
      'kw_device_logins',
      'kw_head',
      'kw_limits',
      'kw_migrations',
      'kw_nodes',
      'kw_verifications',
    ])
  })

  it.runIf(existsSync('/dev/full')).each([
    ['as a table', []],
    ['as JSON', ['--json']],
  ])('says that it was carried out where its counts cannot be written %s', async (_, flags) => {
    await embedded(1)
    const file = join(folder, 'data', 'keywright.db')
    const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
    const args = ['--conditions=keywright-source', main, 'migrate', '--from', file, '--to', to, ...flags]
    const full = openSync('/dev/full', 'w')
    const child = spawn(process.execPath, args, { stdio: ['ignore', full, 'pipe'] })
    let said = ''
    child.stderr?.on('data', (chunk) => {
      said += chunk
    })
    const [code] = await once(child, 'close')
    closeSync(full)
    expect([code, said]).toEqual([1, expect.stringContaining(`(ENOSPC), but it was carried out: ${file}.`)])
  })

  it('does nothing twice, which it says, and nothing to another instance', async () => {
    const { credentials } = await embedded(1)
    expect((await migrate()).stderr).toContain('Moved, counted and checked.')
    const { instance, use } = await startEmbedded()
    await use(credentials[0] as string)
    await instance.stop()
    const again = await migrate()
    expect([again.code, again.stderr]).toEqual([0, expect.stringContaining('nothing was copied now.')])
    expect(again.stderr).not.toContain('Moved, counted and checked.')
    await sql('update kw_head set number = 99')
    const other = await migrate()
    expect([other.code, other.stderr]).toEqual([1, expect.stringContaining('Choose an empty database.')])
    await sql('update kw_head set number = 0')
    const unmarked = await migrate()
    expect([unmarked.code, unmarked.stderr]).toEqual([1, expect.stringContaining('The database is not empty')])
  })

  it('goes on where it was broken off, with what was counted since, and is no instance until then', async () => {
    const { credentials } = await embedded(2)
    await breakOffAt('kw_peppers')
    await expect(startNode(to, { KEYWRIGHT_SECRET: secret, KEYWRIGHT_PEPPERS: peppers })).rejects.toThrow(
      'not all of it is there',
    )
    await sql(`update kw_keys set name = 'copied before' where name = 'key 0'`)
    const { instance, use } = await startEmbedded()
    for (let times = 0; times < 3; times++) await use(credentials[0] as string)
    await instance.stop()
    expect((await migrate()).code).toBe(0)
    expect(await sql(`select name from kw_keys order by name`)).toEqual([{ name: 'copied before' }, { name: 'key 1' }])
    expect(await sql('select sum(count)::int as uses from kw_usage')).toEqual([{ uses: 5 }])
  })

  it('goes on where it was broken off, without what was over and has been deleted since', async () => {
    await embedded(1)
    const client = new BetterSqlite3(join(folder, 'data', 'keywright.db'))
    client.exec(
      `insert into kw_invitations (id, role, digest, created_at, expires_at) values ('inv_1', 'operator', 'd', 0, 0)`,
    )
    await breakOffAt('kw_peppers')
    client.exec('delete from kw_invitations')
    client.close()
    expect((await migrate()).code).toBe(0)
    expect(await sql('select id from kw_invitations')).toEqual([])
  })

  it('begins anew where the instance was changed since it was broken off', async () => {
    const { ids, credentials } = await embedded(2)
    await breakOffAt('kw_changes')
    const { instance, api } = await startEmbedded()
    expect((await api('POST', `/v1/keys/${ids[0]}/revoke`)).status).toBe(200)
    await instance.stop()
    expect((await migrate()).code).toBe(0)
    const node = await startNode(to, { KEYWRIGHT_SECRET: secret, KEYWRIGHT_PEPPERS: peppers })
    expect(await Promise.all(credentials.map((credential) => node.ask(credential)))).toEqual([401, 404])
    await node.stop()
  })

  it('takes along where the audit begins, so that its chain can be checked from there', async () => {
    await embedded(3, { pruned: 2 })
    expect((await keywright(['migrate', '--from', join(folder, 'data'), '--to', to])).code).toBe(0)
    const node = await startNode(to, { KEYWRIGHT_PEPPERS: peppers })
    const { json } = await node.api('GET', '/v1/audit?first=oldest')
    expect([json.checkpoint.number, json.events[0].number]).toEqual([2, 3])
    const env = { KEYWRIGHT_URL: node.control, KEYWRIGHT_SERVICE_KEY: serviceKey }
    const { code, stdout, stderr } = await keywright(['audit', 'verify'], { env })
    expect(code, stderr).toBe(0)
    expect(stdout).toContain('Those up to 2 were deleted when they were due.')
    await node.stop()
  })

  it('names the change at which the audit log is broken', async () => {
    await embedded(3)
    const file = new BetterSqlite3(join(folder, 'data', 'keywright.db'))
    file.exec(`update kw_changes set entry = replace(entry, '"acme"', '"emca"') where number = 3`)
    file.close()
    const { code, stderr } = await migrate()
    expect([code, stderr]).toEqual([1, expect.stringContaining('The audit log is broken at change 3.')])
  })

  it('says what to do about a database that is not there, or cannot be reached', async () => {
    await embedded(0)
    const target = new URL(to)
    target.pathname = '/keywright_nowhere'
    const args = ['migrate', '--from', join(folder, 'data'), '--to']
    const missing = await keywright([...args, target.href])
    expect([missing.code, missing.stderr]).toEqual([
      1,
      expect.stringMatching(
        /^error: PostgreSQL has no such database: .+\nhint: Make it: createdb keywright_nowhere\n$/,
      ),
    ])
    const away = await keywright([...args, 'postgres://127.0.0.1:9/keywright'])
    expect([away.code, away.stderr]).toEqual([
      1,
      expect.stringMatching(
        /^error: PostgreSQL cannot be reached: .+\nhint: Start it, or correct --to, and move again\.\n$/,
      ),
    ])
  })

  it.each([
    ['the keys', 'insert into kw_keys'],
    ['making the tables of people', 'create table "kw_people"'],
  ])('says what to do where the way to the database is cut in the middle of %s', async (_, words) => {
    await embedded(1)
    const { relay, url } = await relayTo(to, (near) => (data) => {
      if (data.includes(words)) near.destroy()
    })
    const { code, stderr } = await keywright(['migrate', '--from', join(folder, 'data'), '--to', url])
    relay.close()
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(
        /^error: PostgreSQL cannot be reached: .+\nhint: Start it, or correct --to, and move again\.\n$/,
      ),
    ])
    expect((await migrate()).code).toBe(0)
  })

  it.each([
    [['--to', 'mysql://ann:a-password@127.0.0.1/x'], '--to'],
    [[], 'KEYWRIGHT_DATABASE_URL'],
  ])('refuses what is no address of PostgreSQL, as serve does: %j', async (flags, where) => {
    const env = { KEYWRIGHT_DATABASE_URL: 'mysql://ann:a-password@127.0.0.1/x' }
    const { code, stderr } = await keywright(['migrate', '--from', folder, ...flags], { env })
    expect([code, stderr]).toEqual([
      2,
      `error: ${where} is not usable: it has to begin with postgres://.\nhint: Change ${where}.\n`,
    ])
  })

  it('says what is missing', async () => {
    const nowhere = await keywright(['migrate', '--from', join(folder, 'nothing'), '--to', to])
    expect([nowhere.code, nowhere.stderr]).toEqual([2, expect.stringContaining('There is no')])
    const aimless = await keywright(['migrate', '--from', folder])
    expect([aimless.code, aimless.stderr]).toEqual([2, expect.stringContaining('KEYWRIGHT_DATABASE_URL')])
  })
})
