import { setTimeout } from 'node:timers/promises'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openPostgres } from '../../src/stores/index.ts'
import { type TestPostgres, testPostgres } from '../support/postgres.ts'
import { type Recorded, startRecorded } from '../usage/recorded.ts'

const kinds = ['callers', 'refusals'] as const
const keep = 100
const tooMany = 50

let postgres: TestPostgres
beforeAll(async () => {
  postgres = await testPostgres()
}, 60_000)
afterAll(() => postgres.stop(), 60_000)

/** `keep` and `tooMany` of each kind. */
async function crowd({ store, clock, issue }: Recorded): Promise<string> {
  const { key } = await issue()
  const at = new Date(clock.nowMs)
  const common = { key: key.id, version: 1, organization: 'acme', route: '/**', userAgent: 'curl' }
  const each = Array.from({ length: keep + tooMany }, (_, i) => ({ ...common, address: `10.0.0.${i}` }))
  await store.usage.write({
    counts: [],
    callers: each.map((line) => ({
      ...{ ...line, allowed: 1, refused: 0 },
      ...{ hour: new Date(Date.UTC(2026, 10, 20, 8)), firstSeenAt: at, lastSeenAt: at },
    })),
    refusals: each.map((line, i) => ({
      ...{ ...line, id: `dec_${key.id}${i}`, at, verdict: 'revoked_key' },
      ...{ project: null, user: null, method: 'GET', requestId: null },
    })),
    lastUses: [],
    dropped: [],
  })
  return key.id
}

it.each([
  { on: 'SQLite', database: async () => undefined },
  { on: 'PostgreSQL', database: () => postgres.createDatabase() },
])('what is dropped of a key twice at once is counted once on $on', async ({ database }) => {
  const url = await database()
  const recorded = await startRecorded(url === undefined ? {} : { database: url })
  const other = url === undefined ? null : openPostgres(url)
  const key = await crowd(recorded)
  const now = new Date(recorded.clock.nowMs)
  for (const kind of kinds) {
    const capped = [recorded.store, other ?? recorded.store].map(({ usage }) => usage.cap(kind, [key], keep, now))
    expect((await Promise.all(capped)).sort()).toEqual([0, tooMany])
    expect(await recorded.store.usage.dropped({ key }, kind)).toBe(tooMany)
  }
  await other?.close()
  await recorded.close()
})

it.each(kinds)('of %s that a node comes to delete after another had, none is counted', async (kind) => {
  const url = await postgres.createDatabase()
  const recorded = await startRecorded({ database: url })
  const other = openPostgres(url)
  const key = await crowd(recorded)
  const now = new Date(recorded.clock.nowMs)
  const holder = new Client({ connectionString: url })
  await holder.connect()
  const waiting = async () => {
    await holder.query('select pg_stat_clear_snapshot()')
    const query = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    return (await holder.query(query)).rowCount
  }
  await holder.query('begin; lock table kw_dropped in exclusive mode')
  const first = recorded.store.usage.cap(kind, [key], keep, now)
  while ((await waiting()) !== 1) await setTimeout(10)
  const second = other.usage.cap(kind, [key], keep, now)
  while ((await waiting()) !== 2) await setTimeout(10)
  await holder.query('commit')
  expect(await Promise.all([first, second])).toEqual([tooMany, 0])
  expect(await recorded.store.usage.dropped({ key }, kind)).toBe(tooMany)
  await holder.end()
  await other.close()
  await recorded.close()
})
