import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectWholeChain } from '../support/cluster.ts'
import type { Answer } from '../support/control-api.ts'
import { letThrough } from '../support/history.ts'
import { type TestPostgres, testPostgres } from '../support/postgres.ts'
import { startNode, type TestNode, verdictOf } from '../support/start-node.ts'

let postgres: TestPostgres
let database: string
let one: TestNode
let two: TestNode

const start = (staleSeconds = '2') => startNode(database, { KEYWRIGHT_MAX_STALENESS_SECONDS: staleSeconds })

beforeAll(async () => {
  postgres = await testPostgres()
  database = await postgres.createDatabase()
  // So that it is not taken for gone while it holds a call and the machine is busy.
  one = await start('5')
  two = await start()
  await two.api('POST', '/v1/organizations', { body: { id: 'acme', name: 'Acme' } })
})
afterAll(async () => {
  await Promise.all([one.stop(), two.stop()])
  await postgres.stop()
})

/** Statements on a connection of its own, whose locks hold until `release`. */
async function holding(...statements: string[]) {
  const [holder, watcher] = [1, 2].map(() => new Client({ connectionString: database })) as [Client, Client]
  await Promise.all([holder.connect(), watcher.connect()])
  await holder.query('begin')
  for (const statement of statements) await holder.query(statement)
  const waiting = `select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
  const callsTaken = async () => Number((await watcher.query('select count(*) from kw_calls')).rows[0].count)
  const before = await callsTaken()
  return {
    /** Resolves once a call has been taken since, and somebody waits; nodes that follow changes may wait as well. */
    async isWaitedFor() {
      while ((await callsTaken()) === before || (await watcher.query(waiting)).rows.length === 0) await sleep(10)
    },
    async release() {
      await holder.query('rollback')
      await Promise.all([holder.end(), watcher.end()])
    },
  }
}

/** As callers do who are told that the call is still running. */
async function repeated(call: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    const answer = await call()
    if (answer.json.code !== 'idempotency_running') return answer
    await sleep(200)
  }
}

let calls = 0
const fresh = () => ({ 'idempotency-key': `call-${++calls}` })

async function namesOf(): Promise<string[]> {
  const { json } = await two.api('GET', '/v1/keys?organization=acme&limit=100')
  return json.keys.map(({ name }: { name: string }) => name)
}

// Without the word that its node is gone a call is taken over after a minute, which is later than these tests end.
describe('a call whose node is killed in the middle', { timeout: 45_000 }, () => {
  it('is carried out once by whoever repeats it, two at once', async () => {
    const body = { organization: 'acme', name: 'killed', limits: [] }
    const headers = fresh()
    const create = () => two.api('POST', '/v1/keys', { body, headers })
    const lock = await holding('select * from kw_head for update')
    const first = one.api('POST', '/v1/keys', { body, headers }).catch(() => null)
    await lock.isWaitedFor()
    expect((await create()).json.code).toBe('idempotency_running')
    one.child.kill('SIGKILL')
    expect(await first).toBe(null)
    await lock.release()
    const answers = await Promise.all([repeated(create), repeated(create)])
    expect(answers.map(({ status }) => status)).toEqual([201, 201])
    expect(new Set(answers.map(({ json }) => json.id)).size).toBe(1)
    expect((await namesOf()).filter((name) => name === 'killed')).toHaveLength(1)
    const statuses = await Promise.all(answers.map(({ json }) => verdictOf(two, json.credential)))
    expect(statuses.toSorted()).toEqual([401, letThrough])
    await expectWholeChain(database)
    await one.stop()
    one = await start()
  })
})

describe('a call whose node is stopped for longer than its lease', { timeout: 45_000 }, () => {
  it('is carried out by whoever repeats it, and not by that node when it goes on', async () => {
    const made = await two.api('POST', '/v1/keys', { body: { organization: 'acme', name: 'stopped', limits: [] } })
    const { id } = made.json
    const options = { body: { graceSeconds: 600 }, headers: fresh() }
    const rotate = (node: TestNode) => node.api('POST', `/v1/keys/${id}/rotate`, options)
    // It has the call, and has not begun with the change: it reads the key first.
    const lock = await holding('lock table kw_keys in access exclusive mode')
    const first = rotate(one)
    await lock.isWaitedFor()
    one.child.kill('SIGSTOP')
    await lock.release()
    const second = await repeated(() => rotate(two))
    expect(second.status).toBe(200)
    one.child.kill('SIGCONT')
    const late = await first
    expect([late.status, late.json.code]).toEqual([409, 'idempotency_running'])
    const { json } = await two.api('GET', `/v1/keys/${id}`)
    expect(json.versions).toHaveLength(2)
    expect(await verdictOf(two, made.json.credential)).toBe(letThrough)
    expect(await verdictOf(two, second.json.credential)).toBe(letThrough)
    const changes = await expectWholeChain(database)
    expect(changes.filter(({ action, target }) => action === 'key.rotated' && target === id)).toHaveLength(1)
  })

  it('makes each of many keys once', async () => {
    const body = {
      keys: Array.from({ length: 50 }, (_, row) => ({ organization: 'acme', name: `bulk-${row}`, limits: [] })),
    }
    const headers = fresh()
    const create = (node: TestNode) => node.api('POST', '/v1/keys/bulk', { body, headers })
    const lock = await holding('lock table kw_organizations in access exclusive mode')
    const first = create(one)
    await lock.isWaitedFor()
    one.child.kill('SIGSTOP')
    await lock.release()
    const second = await repeated(() => create(two))
    expect(second.json).toMatchObject({ created: 50, refused: 0 })
    one.child.kill('SIGCONT')
    // Its transaction may have been ended meanwhile by the database, which is 503.
    const late = await first
    expect([409, 503]).toContain(late.status)
    const names = (await namesOf()).filter((name) => name.startsWith('bulk-'))
    expect([names.length, new Set(names).size]).toEqual([50, 50])
    const again = await repeated(() => create(one))
    expect(again.json.results.map(({ key }: { key: { id: string } }) => key.id)).toEqual(
      second.json.results.map(({ key }: { key: { id: string } }) => key.id),
    )
    await expectWholeChain(database)
  })
})

describe('a call that is repeated', { timeout: 45_000 }, () => {
  it('is known although the clock of another node is two days ahead', async () => {
    const options = { body: { organization: 'acme', name: 'known', limits: [] }, headers: fresh() }
    const create = () => two.api('POST', '/v1/keys', options)
    const first = await create()
    const shifted = `Date.now = ((real) => () => real() + 172_800_000)(Date.now)
      globalThis.Date = class extends Date { constructor(...parts) { super(...(parts.length ? parts : [Date.now()])) } }`
    const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(shifted)}`
    const ahead = await startNode(database, { KEYWRIGHT_MAX_STALENESS_SECONDS: '2', NODE_OPTIONS })
    const other = await ahead.api('POST', '/v1/keys', { ...options, headers: fresh() })
    expect(Date.parse(other.json.createdAt) - Date.parse(first.json.createdAt)).toBeGreaterThan(86_400_000)
    await ahead.stop()
    expect((await create()).json.id).toBe(first.json.id)
  })
})
