import { type Change, emptyHead, Lease, pruneAudit, type Store, verifyChain } from '@keywright/core'
import { aKey, anOrganization, someEvent } from '@keywright/core/testing'
import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type TestPostgres, testPostgres } from '../../test/support/postgres.ts'
import { openPostgres, type SharedStore } from '../stores/index.ts'
import { Follower } from './follower.ts'

let server: TestPostgres
let url: string
let store: SharedStore
const log = { info: () => {}, warn: () => {} }

beforeAll(async () => {
  server = await testPostgres()
})
afterAll(() => server.stop())
beforeEach(async () => {
  url = await server.createDatabase()
  store = openPostgres(url)
  await store.prepare()
  await change(store, 'the first')
})
afterEach(() => store.close())

function change(on: Store, ...targets: string[]): Promise<{ changes: Change[] }> {
  return on.transact(async (transaction) => {
    for (const target of targets) transaction.record(someEvent({ target }))
  })
}

function follow(node = 'node', leaseMs = 10_000) {
  const seen: Change[] = []
  const state = { resets: 0, lease: new Lease(leaseMs) }
  const follower = new Follower({
    node,
    peppers: '',
    nodes: store.nodes,
    changes: store.changeLog.changes,
    lease: state.lease,
    apply: async (changes) => void seen.push(...changes),
    reset: () => {
      state.resets++
    },
    onNodes: () => {},
    log,
  })
  return { follower, seen, state, targets: () => seen.map(({ target }) => target) }
}

async function sql(text: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query(text)
  await client.end()
}

describe('a follower', () => {
  it('begins at the last change there is, knowing nothing', async () => {
    const { follower, seen, state } = follow()
    await follower.poll()
    expect([seen, state.resets]).toEqual([[], 1])
    await follower.poll()
    expect([seen, state.resets]).toEqual([[], 1])
  })

  it('sees each change once and in order, however many there are at once', async () => {
    const { follower, seen, targets, state } = follow()
    await follower.poll()
    await change(store, 'one', 'two')
    await follower.poll()
    expect(targets()).toEqual(['one', 'two'])
    await change(store, ...Array.from({ length: 2500 }, (_, index) => `${index}`))
    await follower.poll()
    expect(seen).toHaveLength(2502)
    const [first] = (await store.changes(0, 1)) as [Change]
    expect(verifyChain(first, seen)).toEqual({ ok: true, head: await store.head() })
    expect(state.resets).toBe(1)
  })

  it('misses none of many transactions that are begun, ended and given up between one another', async () => {
    const { follower, seen, state } = follow()
    await follower.poll()
    await store.transact(async (transaction) => {
      await transaction.putOrganization(anOrganization())
      transaction.record(someEvent({ target: 'acme' }))
    })
    let writing = true
    const pause = () => new Promise((resolve) => setTimeout(resolve, Math.random() * 5))
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let index = 0; index < 25; index++) {
        const work = store.transact(async (transaction) => {
          await transaction.putKey(aKey((writer + 1) * 1000 + index))
          await pause()
          transaction.record(someEvent({ target: `${writer}/${index}` }))
          if (index % 5 === 4) throw new Error('given up')
        })
        await work.catch(() => {})
      }
    })
    const following = (async () => {
      while (writing) await follower.poll()
    })()
    await Promise.all(writers)
    writing = false
    await following
    await follower.poll()
    expect(seen).toHaveLength(1 + 8 * 20)
    const [first] = (await store.changes(0, 1)) as [Change]
    expect(verifyChain(first, seen)).toEqual({ ok: true, head: await store.head() })
    expect(state.resets).toBe(1)
  })

  it('is not told again what was put in force here', async () => {
    const { follower, targets } = follow()
    await follower.poll()
    follower.publish((await change(store, 'own')).changes)
    await change(store, 'of others')
    await follower.poll()
    expect(targets()).toEqual(['of others'])
  })

  it.each([
    ['has no change', [], false],
    ['has another change', ['other'], false],
    ['has another change of its own', ['other'], true],
  ])('starts anew where the database %s in the place of one that was put in force here', async (_, others, isOwn) => {
    const { follower, state, targets } = follow()
    await follower.poll()
    follower.publish([{ ...someEvent({ target: 'lost' }), number: 2, hash: 'f'.repeat(64) }])
    for (const target of others) {
      const { changes } = await change(store, target)
      if (isOwn) follower.publish(changes)
    }
    await follower.poll()
    expect(state.resets).toBe(2)
    await change(store, 'later')
    await follower.poll()
    expect([state.resets, targets()]).toEqual([2, ['later']])
  })

  it.each([
    ['has no change', []],
    ['has another change', ['other']],
  ])('starts anew where the database %s in the place of one that a key was read with', async (_, others) => {
    const { follower, state, targets } = follow()
    await follower.poll()
    follower.saw({ number: 2, hash: 'f'.repeat(64) })
    for (const target of others) await change(store, target)
    await follower.poll()
    await follower.poll()
    expect(state.resets).toBe(2)
    const [last] = (await change(store, 'read with')).changes
    follower.saw(last as Change)
    await follower.poll()
    expect([state.resets, targets()]).toEqual([2, ['read with']])
  })

  it('starts anew where the database has fewer changes than any key was read with, and not for one read since it asked', async () => {
    const { follower, state } = follow()
    await follower.poll()
    const polling = follower.poll()
    follower.saw({ number: 3, hash: 'f'.repeat(64) })
    await polling
    expect(state.resets).toBe(1)
    const [there] = (await change(store, 'there')).changes
    follower.saw(there as Change)
    await follower.poll()
    expect(state.resets).toBe(2)
  })

  it('keeps nothing of a change that it had read before it was put in force here', async () => {
    const { follower, targets } = follow()
    await follower.poll()
    const { changes } = await change(store, 'read first')
    await follower.poll()
    follower.publish(changes)
    expect(targets()).toEqual(['read first'])
    expect([Reflect.get(follower, 'published'), Reflect.get(follower, 'seen')]).toEqual([new Set(), new Map()])
  })

  it.each([
    [
      'has lost the last changes',
      'delete from kw_changes where number > 2; update kw_head set number = 2, hash = (select hash from kw_changes where number = 2)',
    ],
    [
      'has others in their place',
      `update kw_changes set hash = repeat('0', 64) where number = 4; update kw_head set hash = repeat('0', 64)`,
    ],
    ['is empty again', `delete from kw_changes; update kw_head set number = 0, hash = repeat('0', 64)`],
  ])('starts anew where the database %s', async (_, statements) => {
    const { follower, state, targets } = follow()
    await follower.poll()
    await change(store, 'two', 'three', 'four')
    await follower.poll()
    expect(state.resets).toBe(1)
    await sql(statements)
    await follower.poll()
    expect(state.resets).toBe(2)
    await follower.poll()
    expect([state.resets, targets()]).toEqual([2, ['two', 'three', 'four']])
  })

  it('starts anew where what it reads is not one chain', async () => {
    const { follower, state } = follow()
    await follower.poll()
    await change(store, 'two', 'three', 'four')
    await sql(`update kw_changes set entry = replace(entry, 'three', 'forged') where number = 3`)
    await follower.poll()
    expect(state.resets).toBe(2)
    await change(store, 'five')
    await follower.poll()
    expect(state.resets).toBe(2)
  })

  it('starts anew where it is so far behind that reading on would take longer', async () => {
    const { follower, seen, state } = follow()
    await follower.poll()
    await change(store, ...Array.from({ length: 10_001 }, () => 'many'))
    await follower.poll()
    expect([seen, state.resets]).toEqual([[], 2])
  })

  it('goes on where the last change it knows is deleted, as the oldest are when their time is over', async () => {
    const { follower, state, targets } = follow()
    await follower.poll()
    const actor = { type: 'system', id: 'retention', triggeredBy: 'api', address: null, requestId: null } as const
    const now = () => new Date(Date.now() + 86_400_000)
    const head = await store.head()
    await pruneAudit({ store, now }, actor, { before: now(), limit: 500 })
    expect(await store.checkpoint()).toEqual(head)
    await follower.poll()
    expect([state.resets, targets()]).toEqual([1, ['audit']])
  })

  it('tells the database what it has applied', async () => {
    const { follower } = follow('one')
    const other = follow('two')
    await follower.poll()
    await other.follower.poll()
    const { changes } = await change(store, 'made')
    const [made] = changes as [Change]
    expect((await store.nodes.appliedBy(made)).pending).toEqual(['one', 'two'])
    await follower.poll()
    expect(follower.hasNews).toBe(true)
    await follower.poll()
    expect(follower.hasNews).toBe(false)
    const { appliedBy, pending } = await store.nodes.appliedBy(made)
    expect([appliedBy.map(({ node }) => node), pending]).toEqual([['one'], ['two']])
    await store.nodes.leave('two')
    expect((await store.nodes.appliedBy(made)).pending).toEqual([])
  })

  it('renews its lease from when it asked, and not where it was not answered', async () => {
    const { follower, state } = follow('one', 2_000)
    expect(() => state.lease.check()).toThrow('Changes were not heard of for too long')
    await follower.poll()
    expect(state.lease.holds).toBe(true)
    await sql('alter table kw_nodes rename to kw_elsewhere')
    await new Promise((resolve) => setTimeout(resolve, 2_050))
    await expect(follower.poll()).rejects.toThrow()
    expect(state.lease.holds).toBe(false)
  })

  it('renews no lease for a node that has just left, which nobody waits for any more', async () => {
    const { follower, state } = follow('one')
    await store.nodes.leave('one')
    await follower.poll()
    expect(state.lease.holds).toBe(false)
  })

  it('forgets nodes that were not heard for a day, and when each applied what is long past', async () => {
    await store.nodes.beat({ node: 'gone', maxStalenessMs: 1, applied: 1 })
    await sql('update kw_nodes set heard_at = heard_at - 86500000')
    await store.nodes.beat({ node: 'here', maxStalenessMs: 1, applied: 1 })
    await store.nodes.beat({ node: 'here', maxStalenessMs: 1, applied: 2 })
    await sql('update kw_applied set at = at - 3700000')
    await store.nodes.prune()
    const [first] = (await store.changes(0, 1)) as [Change]
    expect((await store.nodes.appliedBy(first)).appliedBy.map(({ node }) => node)).toEqual(['here'])
  })
})

it('knows no change before the first', async () => {
  const empty = openPostgres(await server.createDatabase())
  await empty.prepare()
  const seen: Change[] = []
  const follower = new Follower({
    node: 'node',
    peppers: '',
    nodes: empty.nodes,
    changes: empty.changeLog.changes,
    lease: new Lease(1000),
    apply: async (changes) => void seen.push(...changes),
    reset: () => {},
    onNodes: () => {},
    log,
  })
  await follower.poll()
  await change(empty, 'the first')
  await follower.poll()
  expect(verifyChain(emptyHead, seen)).toMatchObject({ ok: true, head: { number: 1 } })
  await empty.close()
})
