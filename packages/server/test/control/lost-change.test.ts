import { setTimeout } from 'node:timers/promises'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { controlApi } from '../support/control-api.ts'
import { type TestPostgres, testPostgres } from '../support/postgres.ts'
import { startServer, type TestServer } from '../support/start-server.ts'

let postgres: TestPostgres
let server: TestServer
let client: Client

beforeAll(async () => {
  postgres = await testPostgres()
  const database = await postgres.createDatabase()
  const env = { KEYWRIGHT_SECRET: 'a-secret-of-the-tests-with-many-characters' }
  server = await startServer({ contract: 'keywright', database, env })
  client = new Client({ connectionString: database })
  await client.connect()
}, 60_000)
afterAll(async () => {
  await client.end()
  await server.stop()
  await postgres.stop()
})

it('a revocation that the database loses while others are waited for is an outage, and is made when it is repeated', async () => {
  const { key } = await server.issue()
  const before = await server.lifecycle.store.head()
  // Another node, which has not heard of the revocation and may live for long.
  await client.query(`insert into kw_nodes (id, max_staleness_ms, applied, heard_at)
    values ('node_far', 3600000, 0, extract(epoch from clock_timestamp()) * 1000)`)
  const headers = { 'idempotency-key': 'lost' }
  const revoke = () => controlApi(server.control)('POST', `/v1/keys/${key.id}/revoke?wait=all`, { headers })
  const revoking = revoke()
  while ((await server.lifecycle.store.head()).number === before.number) await setTimeout(10)

  // What a primary has lost that its standby never had; its number is given to another change.
  await client.query('begin')
  await client.query('delete from kw_changes where number > $1', [before.number])
  await client.query('update kw_keys set revoked_at = null, revoked_reason = null')
  await client.query('update kw_head set number = $1, hash = $2', [before.number, before.hash])
  await client.query('commit')
  await controlApi(server.control)('POST', '/v1/organizations', { body: { id: 'later', name: 'Later' } })
  await client.query(`delete from kw_nodes where id = 'node_far'`)

  const { status, json } = await revoking
  expect([status, json.code, json.detail]).toEqual([503, 'unavailable', expect.stringContaining('has lost the change')])
  expect(await revoke()).toMatchObject({ status: 200, json: { id: key.id } })
  expect((await server.lifecycle.store.key(key.id))?.revokedAt).toBeInstanceOf(Date)
}, 60_000)
