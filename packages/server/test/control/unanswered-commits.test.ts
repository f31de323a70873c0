import { setTimeout } from 'node:timers/promises'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Answer, controlApi } from '../support/control-api.ts'
import { type OwnPostgres, startPostgres } from '../support/postgres.ts'
import { startServer, type TestServer } from '../support/start-server.ts'

let postgres: OwnPostgres
let server: TestServer
let client: Client

beforeAll(async () => {
  // Whoever asks for that waits for a standby that is not there.
  postgres = await startPostgres({ synchronous_standby_names: 'nobody', synchronous_commit: 'local' })
  const database = await postgres.createDatabase()
  server = await startServer({ contract: 'keywright', database })
  client = new Client({ connectionString: database })
  await client.connect()
  await client.query(`create function waits() returns trigger language plpgsql as $$
    begin perform set_config('synchronous_commit', 'on', true); return null; end $$`)
}, 60_000)
afterAll(async () => {
  await client?.end()
  await server?.stop()
  await postgres?.stop()
})

/** Ends the connection on which a change is committed, after the commit and before its answer. */
async function unanswered(call: () => Promise<Answer>): Promise<Answer> {
  await client.query('create trigger waits after insert on kw_changes execute function waits()')
  const answer = call()
  const end = `select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'`
  while ((await client.query(end)).rowCount === 0) await setTimeout(10)
  await client.query('drop trigger waits on kw_changes')
  return answer
}

it('a call whose commit is not answered, nor that of its repetition, gives its one key a secret when it is repeated', async () => {
  const options = { body: { organization: 'acme', name: 'unanswered' }, headers: { 'idempotency-key': 'unanswered' } }
  const create = () => controlApi(server.control)('POST', '/v1/keys', options)
  for (const _ of ['the first', 'its repetition']) expect((await unanswered(create)).status).toBe(503)
  const { status, json } = await create()
  expect([status, json.code]).toEqual([201, undefined])
  const { keys } = (await controlApi(server.control)('GET', '/v1/keys')).json
  expect(keys.map(({ id }: { id: string }) => id)).toEqual([json.id])
  const headers = { authorization: `Bearer ${json.credential}` }
  expect((await fetch(`${server.edge}/v1/things`, { headers })).status).toBe(404)
}, 60_000)
