import assert from 'node:assert/strict'
import type { Store, Transaction } from '../../store/store.ts'
import { aKey, aMember, anOrganization, aProject, aServiceKey, created, digestOf, keyId } from './records.ts'
import { arrange, type StoreSuite, someEvent, storeTest } from './suite.ts'

/** All that a store tells, so that two moments can be compared. */
async function everything(store: Store): Promise<unknown> {
  const limit = 1000
  return {
    keys: await store.keys({ limit }),
    found: await store.find(digestOf(1)),
    organizations: await store.organizations({ limit }),
    projects: await store.projects({ limit }),
    members: await store.members({ limit }),
    serviceKeys: await store.serviceKeys({ limit }),
    changes: await store.changes(0, limit),
    head: await store.head(),
  }
}

async function writeEverything(transaction: Transaction): Promise<void> {
  await transaction.putOrganization(anOrganization({ id: 'new' }))
  await transaction.putProject(aProject({ id: 'prj_new', organization: 'new' }))
  await transaction.putMember(aMember({ organization: 'new' }))
  await transaction.putKey(aKey(2, { organization: 'new' }))
  await transaction.putKey(aKey(1, { revokedAt: created }))
  await transaction.putServiceKey(aServiceKey(2))
  await transaction.deleteMember('acme', 'usr_1')
  await transaction.deleteProject(aProject().id)
  await transaction.deleteOrganization('doomed')
  transaction.record(someEvent())
}

async function arrangeEverything(store: Store): Promise<void> {
  await arrange(store, async (transaction) => {
    await transaction.putOrganization(anOrganization())
    await transaction.putOrganization(anOrganization({ id: 'doomed' }))
    await transaction.putProject(aProject())
    await transaction.putMember(aMember())
    await transaction.putKey(aKey(1))
    await transaction.putKey(aKey(3, { organization: 'doomed' }))
  })
}

export function transactions(suite: StoreSuite): void {
  suite.describe('a transaction', () => {
    storeTest(suite, 'resolves with what its work returned and the changes as they were numbered', async (store) => {
      const { result, changes } = await store.transact(async (transaction) => {
        await transaction.putOrganization(anOrganization())
        transaction.record(someEvent({ target: 'first' }))
        transaction.record(someEvent({ target: 'second' }))
        return 'done'
      })
      assert.equal(result, 'done')
      assert.deepEqual(
        changes.map(({ number, target }) => [number, target]),
        [
          [1, 'first'],
          [2, 'second'],
        ],
      )
      assert.deepEqual(await store.changes(0, 10), changes)
    })

    storeTest(suite, 'leaves no trace when its work throws', async (store) => {
      await arrangeEverything(store)
      const before = await everything(store)
      const failure = new Error('thrown by the work')
      const failed = store.transact(async (transaction) => {
        await writeEverything(transaction)
        throw failure
      })
      await assert.rejects(failed, failure)
      assert.deepEqual(await everything(store), before)
    })

    storeTest(suite, 'is seen by itself, and by nobody else before it commits', async (store) => {
      await arrangeEverything(store)
      const before = await everything(store)
      await store.transact(async (transaction) => {
        await writeEverything(transaction)
        assert.deepEqual(await transaction.key(keyId(1)), aKey(1, { revokedAt: created }))
        assert.deepEqual(await transaction.organization('new'), anOrganization({ id: 'new' }))
        assert.equal(await transaction.organization('doomed'), undefined)
        assert.equal(await transaction.member('acme', 'usr_1'), undefined)
        assert.deepEqual(
          (await transaction.keys({ organization: 'new', limit: 9 })).items.map(({ id }) => id),
          [keyId(2)],
        )
        assert.deepEqual(await everything(store), before)
      })
      assert.notDeepEqual(await everything(store), before)
      assert.equal(await store.key(keyId(3)), undefined)
    })

    storeTest(suite, 'is refused when it writes and records nothing', async (store) => {
      await arrangeEverything(store)
      const before = await everything(store)
      await assert.rejects(store.transact((transaction) => transaction.putOrganization(anOrganization({ id: 'new' }))))
      await assert.rejects(store.transact((transaction) => transaction.deleteOrganization('acme')))
      assert.deepEqual(await everything(store), before)
    })

    storeTest(suite, 'may only read, and then changes nothing', async (store) => {
      await arrangeEverything(store)
      const before = await everything(store)
      const { result, changes } = await store.transact((transaction) => transaction.organization('acme'))
      assert.deepEqual(result, anOrganization())
      assert.deepEqual(changes, [])
      assert.deepEqual(await everything(store), before)
    })

    storeTest(suite, 'may only record', async (store) => {
      const { changes } = await store.transact(async (transaction) => transaction.record(someEvent()))
      assert.equal(changes.length, 1)
    })

    storeTest(suite, 'does not commit when one of its writes failed, even if its work goes on', async (store) => {
      await arrangeEverything(store)
      const before = await everything(store)
      const failed = store.transact(async (transaction) => {
        await transaction.putKey(aKey(2))
        await transaction.putKey(aKey(4, { versions: aKey(1).versions })).catch(() => {})
        transaction.record(someEvent())
      })
      await assert.rejects(failed, { code: 'duplicate' })
      assert.deepEqual(await everything(store), before)
    })

    storeTest(suite, 'takes in a write that its work did not wait for, or fails with it', async (store) => {
      await arrangeEverything(store)
      await store.transact(async (transaction) => {
        void transaction.putKey(aKey(2))
        transaction.record(someEvent())
      })
      assert.deepEqual(await store.key(keyId(2)), aKey(2))

      const failed = store.transact(async (transaction) => {
        void transaction.putKey(aKey(4, { organization: 'missing' }))
        transaction.record(someEvent())
      })
      await assert.rejects(failed)
      assert.deepEqual((await store.head()).number, 2)
    })

    storeTest(suite, 'is of no use once it is over', async (store) => {
      const { result: transaction } = await store.transact(async (transaction) => ({ ...transaction }))
      await assert.rejects(async () => transaction.putOrganization(anOrganization()), /over/)
      await assert.rejects(async () => transaction.organization('acme'), /over/)
      assert.throws(() => transaction.record(someEvent()), /over/)
      assert.deepEqual((await store.organizations({ limit: 1 })).items, [])
    })

    storeTest(suite, 'is refused within another, which may go on', async (store) => {
      await store.transact(async (transaction) => {
        await assert.rejects(
          store.transact(async () => {}),
          /already running/,
        )
        await transaction.putOrganization(anOrganization())
        transaction.record(someEvent())
      })
      await store.transact(async () => {})
      assert.deepEqual(await store.organization('acme'), anOrganization())
    })

    storeTest(suite, 'comes before or after every other change of the same key, never between', async (store) => {
      await arrange(store, async (transaction) => {
        await transaction.putOrganization(anOrganization())
        await transaction.putKey(aKey(1, { metadata: { count: 0 } }))
      })
      const increment = (transaction: Transaction) =>
        transaction.key(keyId(1)).then(async (key) => {
          assert.ok(key)
          await new Promise((resolve) => setImmediate(resolve))
          await transaction.putKey({ ...key, metadata: { count: Number(key.metadata.count) + 1 } })
          transaction.record(someEvent())
        })
      await Promise.all(Array.from({ length: 20 }, () => store.transact(increment)))
      assert.deepEqual((await store.key(keyId(1)))?.metadata, { count: 20 })
    })

    storeTest(
      suite,
      'in the same turn runs after the one before has ended, and sees what it has added',
      async (store) => {
        await arrange(store, (transaction) => transaction.putOrganization(anOrganization()))
        const enter = (user: string) =>
          store.transact(async (transaction) => {
            await transaction.takeTurn('hostile \u0000 name')
            const { items } = await transaction.members({ organization: 'acme', limit: 10 })
            await transaction.putMember(aMember({ user }))
            transaction.record(someEvent())
            return items.length
          })
        const counts = await Promise.all(['a', 'b', 'c', 'd'].map(enter))
        assert.deepEqual(counts.map(({ result }) => result).sort(), [0, 1, 2, 3])
      },
    )
  })
}
