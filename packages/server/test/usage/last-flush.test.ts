import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createOrganization, issueMany } from '@keywright/core'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readSettings } from '../../src/config/read-settings.ts'
import { type Instance, startInstance } from '../../src/main.ts'
import { controlApi } from '../support/control-api.ts'
import { type TestPostgres, testPostgres } from '../support/postgres.ts'
import { serviceKey, tester } from '../support/start-server.ts'

const keys = 1500

let postgres: TestPostgres
let folder: string
beforeAll(async () => {
  postgres = await testPostgres()
  folder = mkdtempSync(join(tmpdir(), 'keywright-test-'))
}, 60_000)
afterAll(async () => {
  await postgres.stop()
  rmSync(folder, { recursive: true })
}, 60_000)

async function start(flags: object): Promise<Instance> {
  const settings = await readSettings({
    flags: { port: '0', controlPort: '0', contract: 'keywright', ...flags },
    env: { KEYWRIGHT_SERVICE_KEY: serviceKey },
    folder,
  })
  return startInstance(settings, { folder, logTo: { write: () => {} } })
}

async function use({ lifecycle, edge }: Instance): Promise<void> {
  await createOrganization(lifecycle, tester, { id: 'acme', name: 'Acme' })
  const inputs = Array.from({ length: keys }, (_, row) => ({
    row,
    key: { organization: 'acme', name: `${row}` },
    reach: null,
  }))
  const { rows } = await issueMany(lifecycle, tester, inputs)
  for (let from = 0; from < keys; from += 50) {
    const asked = rows.slice(from, from + 50).map(async (row) => {
      const credential = 'done' in row ? row.done.credential : ''
      const answer = await fetch(`${edge}/v1/things`, { headers: { authorization: `Bearer ${credential}` } })
      expect(answer.status).toBe(404)
    })
    await Promise.all(asked)
  }
}

/** Each statement takes a while, as where the database is far away. */
async function slowDown(database: string): Promise<void> {
  const client = new Client({ connectionString: database })
  await client.connect()
  await client.query(`
    create function take_a_while() returns trigger language plpgsql as 'begin perform pg_sleep(0.2); return null; end';
    create trigger slow before insert on kw_usage for each statement execute function take_a_while()`)
  await client.end()
}

it.each([
  { on: 'SQLite', flagsOf: async () => ({ data: 'data' }) },
  { on: 'PostgreSQL', flagsOf: async () => ({ data: 'shared', database: await postgres.createDatabase() }) },
])(
  'a normal stop writes all that was counted, of however many keys, on $on',
  async ({ flagsOf }) => {
    const flags: { data: string; database?: string } = await flagsOf()
    const instance = await start(flags)
    if (flags.database !== undefined) await slowDown(flags.database)
    await use(instance)
    await instance.stop()
    const again = await start(flags)
    const { json } = await controlApi(again.control)('GET', '/v1/usage?organization=acme&outcome=allowed&by=outcome')
    expect(json.usage.reduce((sum: number, { count }: { count: number }) => sum + count, 0)).toBe(keys)
    await again.stop()
  },
  60_000,
)
