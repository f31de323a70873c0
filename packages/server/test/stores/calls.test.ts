import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { emptyHead, LifecycleError, type Store, type Transaction, verifyChain } from '@keywright/core'
import { anOrganization, someEvent } from '@keywright/core/testing'
import { Client, Pool } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type CallStore, callsRunMs } from '../../src/control/calls.ts'
import { once } from '../../src/control/idempotency.ts'
import { openPostgres, openSqlite, postgres, type SharedStore } from '../../src/stores/index.ts'
import { type TestPostgres, testPostgres } from '../support/postgres.ts'

type StoreWithCalls = Store & { calls: CallStore }

interface Pair {
  /** Of two nodes; one store twice where there is only one. */
  stores: [StoreWithCalls, StoreWithCalls]
  close(): Promise<void>
}

let server: TestPostgres
beforeAll(async () => {
  server = await testPostgres()
})
afterAll(() => server.stop())

const start = Date.now()
const later = new Date(start + callsRunMs)

/** Makes an organization once. Resolves with whether it was made now or found; `meanwhile` comes before the transaction ends. */
function make(store: StoreWithCalls, name: string, { now = new Date(start), meanwhile = async () => {} } = {}) {
  const attempted = { caller: 'c', route: 'r', header: 'k', content: ['same'], now }
  return once(store.calls, store, attempted, {
    async run(marked) {
      await marked.transact(async (transaction) => {
        await meanwhile()
        await put(transaction, name)
      })
      return 'made'
    },
    replay: async (_, { target }) => `found ${target}`,
  })
}

async function put(transaction: Transaction, id: string): Promise<void> {
  await transaction.putOrganization(anOrganization({ id }))
  transaction.record(someEvent({ action: 'organization.created', target: id }))
}

async function made(store: Store): Promise<string[]> {
  const changes = await store.changes(0, 1000)
  expect(verifyChain(emptyHead, changes)).toEqual({ ok: true, head: await store.head() })
  const { items } = await store.organizations({ limit: 100 })
  expect(items.map(({ id }) => id).toSorted()).toEqual(changes.map(({ target }) => target).toSorted())
  return changes.map(({ target }) => target)
}

const isRunning = { code: 'idempotency_running' }

/** As callers do who are told that the call has not ended: it may be ending just then. */
async function repeated(call: () => Promise<unknown>): Promise<unknown> {
  for (;;) {
    try {
      return await call()
    } catch (error) {
      expect(error).toMatchObject(isRunning)
      await sleep(20)
    }
  }
}

const databases: Record<string, () => Promise<Pair>> = {
  async SQLite() {
    const folder = mkdtempSync(join(tmpdir(), 'keywright-calls-'))
    const store = openSqlite(join(folder, 'keywright.db'))
    const close = async () => {
      await store.close()
      rmSync(folder, { recursive: true })
    }
    return { stores: [store, store], close }
  },
  async PostgreSQL() {
    const url = await server.createDatabase()
    const stores: [SharedStore, SharedStore] = [openPostgres(url, 'one'), openPostgres(url, 'two')]
    await stores[0].prepare()
    for (const [index, node] of (['one', 'two'] as const).entries()) {
      await stores[index]?.nodes.beat({ node, maxStalenessMs: 10_000, applied: 0 })
    }
    return { stores, close: async () => void (await Promise.all(stores.map((store) => store.close()))) }
  },
}
const names = Object.keys(databases)

describe.each(names)('a call with an Idempotency-Key on %s', (name) => {
  let pair: Pair
  beforeEach(async () => {
    pair = await (databases[name] as () => Promise<Pair>)()
  })
  afterEach(() => pair.close())

  it('is carried out once by two who make it at once', async () => {
    const [one, two] = pair.stores
    const answers = await Promise.allSettled([make(one, 'a'), make(two, 'b')])
    const done = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
    expect(done).toContain('made')
    expect(await made(one)).toHaveLength(1)
    const [target] = await made(one)
    expect(await make(two, 'c')).toBe(`found ${target}`)
  })

  it('changes nothing once another has taken it over, who does it instead', async () => {
    const [one, two] = pair.stores
    const slow = gate()
    const first = make(
      before(one, () => slow.opened),
      'first',
    )
    await slow.reached
    await expect(make(two, 'second')).rejects.toMatchObject(isRunning)
    expect(await make(two, 'second', { now: later })).toBe('made')
    slow.open()
    await expect(first).rejects.toMatchObject(isRunning)
    expect(await made(one)).toEqual(['second'])
    expect(await make(one, 'third')).toBe('found second')
  })

  it('stays with who has taken it over, whatever becomes of the one before', async () => {
    const [one, two] = pair.stores
    const [slow, quicker] = [gate(), gate()]
    const first = make(
      before(one, () => slow.opened.then(refuse)),
      'first',
    )
    await slow.reached
    await expect(make(two, 'second')).rejects.toMatchObject(isRunning)
    const second = make(
      before(two, () => quicker.opened),
      'second',
      { now: later },
    )
    await quicker.reached
    slow.open()
    await expect(first).rejects.toThrow('not so')
    await expect(make(one, 'third', { now: later })).rejects.toMatchObject(isRunning)
    quicker.open()
    expect(await second).toBe('made')
    expect(await made(one)).toEqual(['second'])
  })

  it('that was refused leaves its key to another', async () => {
    const [one] = pair.stores
    await expect(
      make(
        before(one, async () => refuse()),
        'a',
      ),
    ).rejects.toThrow('not so')
    const corrected = { caller: 'c', route: 'r', header: 'k', content: ['other'], now: new Date() }
    const work = { run: async () => 'made', replay: async () => 'found' }
    expect(await once(one.calls, one, corrected, work)).toBe('made')
  })
})

/** The same store, whose transactions begin after that. */
function before(store: StoreWithCalls, wait: () => Promise<void>): StoreWithCalls {
  return { ...store, transact: (work) => wait().then(() => store.transact(work)) }
}

function gate() {
  const [reached, opened] = [signal(), signal()]
  return {
    reached: reached.given,
    get opened() {
      reached.give()
      return opened.given
    },
    open: opened.give,
  }
}

function signal() {
  let give = () => {}
  const given = new Promise<void>((resolve) => {
    give = resolve
  })
  return { given, give }
}

function refuse(): never {
  throw new LifecycleError('conflict', 'not so')
}

describe('a call whose node is not heard', () => {
  let url: string
  let one: SharedStore
  let two: SharedStore
  beforeEach(async () => {
    url = await server.createDatabase()
    one = openPostgres(url, 'one')
    two = openPostgres(url, 'two')
    await one.prepare()
  })
  afterEach(() => Promise.all([one.close(), two.close()]))

  const beat = (maxStalenessMs: number) => one.nodes.beat({ node: 'one', maxStalenessMs, applied: 0 })

  it.each([
    ['has left', () => one.nodes.leave('one')],
    ['has let its lease run out', () => beat(1).then(() => sleep(1_100))],
    ['was not heard for ten seconds, however long its lease', () => beat(3_600_000).then(() => age(11_100))],
  ])('is taken over as soon as it %s, and what the node was about to do is undone', async (_, becomeSilent) => {
    await beat(10_000)
    const slow = gate()
    const first = make(one, 'first', { meanwhile: () => slow.opened })
    await slow.reached
    await expect(make(two, 'second')).rejects.toMatchObject(isRunning)
    await becomeSilent()
    const answers = await Promise.allSettled([make(two, 'second'), make(two, 'third')])
    expect(answers.map(({ status }) => status)).toContain('fulfilled')
    slow.open()
    await expect(first).rejects.toMatchObject(isRunning)
    expect(await made(two)).toHaveLength(1)
  })

  it('waits for a commit of that node which is under way, and is then answered as done', async () => {
    // The head's row is the last that a transaction asks for, after it has made sure that the call is still its own.
    const lock = await lockHead(url)
    const first = make(one, 'first')
    while ((await lock.waiting()) < 1) await sleep(10)
    const second = repeated(() => make(two, 'second'))
    while ((await lock.waiting()) < 2) await sleep(10)
    await lock.release()
    expect(await first).toBe('made')
    expect(await second).toBe('found first')
  })

  it('is not, where it is of a version that does not ask whether the call is still its own', async () => {
    await beat(10_000)
    const id = 'call_1'
    const fingerprint = 'f'
    const call = { id, caller: 'c', route: 'r', key: 'k', fingerprint, since: 0, now: new Date(start) }
    await one.calls.claim(call)
    await sql(url, `update kw_calls set holder = 'node_of_an_earlier_version'`)
    expect(await two.calls.claim(call)).toEqual({ state: 'running' })
    expect(await two.calls.claim({ ...call, now: later })).toMatchObject({ state: 'abandoned', call: { id } })
  })

  function age(ms: number): Promise<void> {
    return sql(url, `update kw_nodes set heard_at = heard_at - ${ms}`)
  }
})

it('a call whose commit was not answered is not made again when it is repeated', async () => {
  const pool = new Pool({ connectionString: await server.createDatabase() })
  let isLost = false
  pool.on('connect', (client) => {
    const query = client.query.bind(client) as (asked: { text?: string }) => Promise<unknown>
    const losing = async (asked: { text?: string }) => {
      const answer = await query(asked)
      if (isLost && asked.text === 'commit') throw new Error('the connection was lost')
      return answer
    }
    Object.assign(client, { query: losing })
  })
  const store = await postgres(pool)
  isLost = true
  await expect(make(store, 'first')).rejects.toMatchObject({ code: 'database_unreachable' })
  isLost = false
  expect(await make(store, 'second')).toBe('found first')
  expect(await made(store)).toEqual(['first'])
  await store.close()
  await pool.end()
})

async function sql(url: string, text: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query(text)
  await client.end()
}

async function lockHead(url: string) {
  const [holder, watcher] = [1, 2].map(() => new Client({ connectionString: url })) as [Client, Client]
  await Promise.all([holder.connect(), watcher.connect()])
  await holder.query('begin; select * from kw_head for update')
  return {
    /** How many wait for a row, whichever. */
    async waiting(): Promise<number> {
      const waiting = `select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
      return (await watcher.query(waiting)).rows.length
    },
    async release() {
      await holder.query('rollback')
      await Promise.all([holder.end(), watcher.end()])
    },
  }
}
