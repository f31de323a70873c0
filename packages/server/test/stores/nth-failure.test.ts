import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { emptyHead, type Store, type Transaction, verifyChain } from '@keywright/core'
import { aKey, aMember, anOrganization, aProject, aServiceKey, aVersion, someEvent } from '@keywright/core/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { postgres, sqlite } from '../../src/stores/index.ts'
import { type TestPostgres, testPostgres } from '../support/postgres.ts'
import { FailingClient } from './failing-client.ts'
import { FailingPool } from './failing-pool.ts'

interface Failing {
  failWhere(fails: (statement: number) => boolean): void
  open(): Promise<Store>
  close(): Promise<void>
}

let server: TestPostgres
beforeAll(async () => {
  server = await testPostgres()
})
afterAll(() => server.stop())

const databases: Record<string, () => Promise<Failing>> = {
  async SQLite() {
    const folder = mkdtempSync(join(tmpdir(), 'keywright-'))
    const client = new FailingClient(join(folder, 'keywright.sqlite'))
    return {
      failWhere: (fails) => client.failWhere(fails),
      open: async () => sqlite(client),
      async close() {
        client.close()
        rmSync(folder, { recursive: true })
      },
    }
  },
  async PostgreSQL() {
    const pool = new FailingPool({ connectionString: await server.createDatabase(), max: 4 })
    pool.on('error', () => {})
    return {
      failWhere: (fails) => pool.failWhere(fails),
      open: () => postgres(pool),
      async close() {
        // None was lost on the way.
        expect([pool.waitingCount, pool.totalCount - pool.idleCount]).toEqual([0, 0])
        await pool.end()
      },
    }
  },
}
let client: Failing

const failures: [string, (n: number) => (statement: number) => boolean][] = [
  ['fails', (n) => (statement) => statement === n],
  ['and all that follow fail, the rollback included', (n) => (statement) => statement >= n],
]

/** Runs `attempt` with the first statement failing, then the second, …, until it passes; `check` runs after each. */
async function untilItPasses(
  failing: (n: number) => (statement: number) => boolean,
  attempt: () => Promise<unknown>,
  check: () => Promise<void>,
): Promise<number> {
  for (let n = 1; ; n++) {
    client.failWhere(failing(n))
    const outcome = await attempt().then(
      () => 'passed',
      (error: Error) => error.message,
    )
    client.failWhere(() => false)
    if (outcome === 'passed') return n
    expect(outcome).toMatch(/statement \d+ fails/)
    await check()
  }
}

describe.each(Object.keys(databases))('%s', { timeout: 60_000 }, (name) => {
  beforeEach(async () => {
    client = await (databases[name] as () => Promise<Failing>)()
  })
  afterEach(() => client.close())

  it.each(failures)('where the n-th statement %s, a transaction leaves nothing half written', async (_, failing) => {
    const store = await client.open()
    await store.transact(async (transaction) => {
      await putAccount(transaction, 'acme')
      await putAccount(transaction, 'doomed')
      await transaction.putKey(aKey(1))
    })
    let others = 0
    let before = await everything(store)
    const statements = await untilItPasses(
      failing,
      () => store.transact(changeMuch),
      async () => {
        expect(await everything(store)).toEqual(before)
        await store.transact((transaction) => putAccount(transaction, `other${++others}`))
        expect(await store.organization(`other${others}`)).toBeDefined()
        before = await everything(store)
      },
    )
    expect(statements).toBeGreaterThan(20)
    expect(await store.organization('doomed')).toBeUndefined()
    expect(verifyChain(emptyHead, await store.changes(0, 1000))).toEqual({ ok: true, head: await store.head() })
    await store.close()
  })

  it('where the n-th statement fails, the schema is not left half made, and making it can be tried again', async () => {
    const statements = await untilItPasses(
      (n) => (statement) => statement === n,
      async () => (await client.open()).close(),
      async () => {},
    )
    expect(statements).toBeGreaterThan(20)
    const store = await client.open()
    await store.transact((transaction) => putAccount(transaction, 'acme'))
    expect(await store.organization('acme')).toBeDefined()
    await store.close()
  })
})

async function putAccount(transaction: Transaction, organization: string): Promise<void> {
  await transaction.putOrganization(anOrganization({ id: organization }))
  await transaction.putMember(aMember({ organization }))
  transaction.record(someEvent({ action: 'organization.created', target: organization }))
}

/** One write of every kind. */
async function changeMuch(transaction: Transaction): Promise<void> {
  const key = await transaction.key(aKey(1).id)
  await transaction.putOrganization(anOrganization({ id: 'new' }))
  await transaction.putProject(aProject({ organization: 'new' }))
  await transaction.putMember(aMember({ organization: 'new' }))
  await transaction.putServiceKey(aServiceKey(1))
  await transaction.putKey(aKey(2))
  await transaction.putKey(aKey(1, { ...key, versions: [aVersion(3), aVersion(4, { number: 2 })] }))
  await transaction.deleteMember('acme', 'usr_1')
  await transaction.deleteProject('none')
  await transaction.deleteOrganization('doomed')
  transaction.record(someEvent({ action: 'key.created', target: 'key_2' }))
  transaction.record(someEvent({ action: 'key.rotated', target: 'key_1' }))
}

async function everything(store: Store): Promise<unknown> {
  const limit = 1000
  const { items: keys } = await store.keys({ limit })
  const digests = [1, 2, 3, 4].map((number) => aVersion(number).digest)
  return {
    keys,
    found: await Promise.all(digests.map((digest) => store.find(digest))),
    organizations: await store.organizations({ limit }),
    projects: await store.projects({ limit }),
    members: await store.members({ limit }),
    serviceKeys: await store.serviceKeys({ limit }),
    changes: await store.changes(0, limit),
    head: await store.head(),
  }
}
