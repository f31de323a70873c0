import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { DuplicateError, type Store } from '../../store/store.ts'
import { aKey, anOrganization, aServiceKey, aVersion, digestOf, keyId } from './records.ts'
import { arrange, type StoreSuite, someEvent, storeTest } from './suite.ts'

function isDuplicateDigest(error: unknown): boolean {
  assert.ok(error instanceof DuplicateError)
  assert.equal(error.code, 'duplicate')
  assert.equal(error.field, 'digest')
  assert.ok(!inspect(error, { depth: 9, showHidden: true }).includes(digestOf(1)), 'the error quotes the digest')
  return true
}

function put(store: Store, ...keys: ReturnType<typeof aKey>[]): Promise<unknown> {
  return store.transact(async (transaction) => {
    for (const key of keys) await transaction.putKey(key)
    transaction.record(someEvent())
  })
}

export function uniqueness(suite: StoreSuite): void {
  suite.describe('a digest', () => {
    storeTest(suite, 'belongs to one key only, and the error does not tell it', async (store) => {
      await arrange(store, (transaction) => transaction.putOrganization(anOrganization()))
      await put(store, aKey(1))
      await assert.rejects(put(store, aKey(2, { versions: [aVersion(1)] })), isDuplicateDigest)
      await assert.rejects(put(store, aKey(3), aKey(4, { versions: [aVersion(3)] })), isDuplicateDigest)
      await assert.rejects(
        put(store, aKey(5, { versions: [aVersion(5), aVersion(5, { number: 2 })] })),
        isDuplicateDigest,
      )
      assert.equal((await store.find(digestOf(1)))?.key.id, keyId(1))
      assert.equal(await store.key(keyId(3)), undefined)
    })

    storeTest(suite, 'is given to one of two keys that ask for it at once', async (store) => {
      await arrange(store, (transaction) => transaction.putOrganization(anOrganization()))
      const outcomes = await Promise.allSettled([1, 2].map((key) => put(store, aKey(key, { versions: [aVersion(9)] }))))
      assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
      assert.equal((await store.keys({ limit: 9 })).items.length, 1)
    })

    storeTest(suite, 'is not found any more once its version was dropped from the key', async (store) => {
      await arrange(store, (transaction) => transaction.putOrganization(anOrganization()))
      await put(store, aKey(1, { versions: [aVersion(1), aVersion(2, { number: 2 })] }))
      await put(store, aKey(1, { versions: [aVersion(2, { number: 2 }), aVersion(3, { number: 3 })] }))
      assert.equal(await store.find(digestOf(1)), undefined)
      assert.equal((await store.find(digestOf(2)))?.key.id, keyId(1))
      assert.equal((await store.find(digestOf(3)))?.key.id, keyId(1))
      await put(store, aKey(4, { versions: [aVersion(1)] }))
      assert.equal((await store.find(digestOf(1)))?.key.id, keyId(4))
    })

    storeTest(suite, 'belongs to one key only, also of many that are written side by side', async (store) => {
      await arrange(store, (transaction) => transaction.putOrganization(anOrganization()))
      await put(store, aKey(1, { versions: [aVersion(1), aVersion(11, { number: 2 })] }), aKey(2), aKey(3))
      await store.transact(async (transaction) => {
        const [first, none, second] = await Promise.all([1, 99, 2].map((key) => transaction.key(keyId(key))))
        assert.deepEqual([first?.id, none, second?.id], [keyId(1), undefined, keyId(2)])
        await Promise.all([
          transaction.putKey(
            aKey(1, { name: 'a', versions: [aVersion(11, { number: 2 }), aVersion(12, { number: 3 })] }),
          ),
          transaction.putKey(aKey(2, { name: 'b' })),
          transaction.putKey(aKey(4)),
        ])
        transaction.record(someEvent())
      })
      const names = await Promise.all([1, 2, 3, 4].map(async (key) => (await store.key(keyId(key)))?.name))
      assert.deepEqual(names, ['a', 'b', aKey(3).name, aKey(4).name])
      const found = await Promise.all(
        [1, 11, 12, 2, 4].map(async (digest) => (await store.find(digestOf(digest)))?.key.id),
      )
      assert.deepEqual(found, [undefined, keyId(1), keyId(1), keyId(2), keyId(4)])
      const side = store.transact(async (transaction) => {
        transaction.record(someEvent())
        await Promise.all([transaction.putKey(aKey(5)), transaction.putKey(aKey(6, { versions: [aVersion(2)] }))])
      })
      await assert.rejects(side, isDuplicateDigest)
      assert.equal(await store.key(keyId(5)), undefined)
    })

    storeTest(suite, 'belongs to one service key only, which is never found as a key', async (store) => {
      await arrange(store, (transaction) => transaction.putServiceKey(aServiceKey(1)))
      const taken = store.transact(async (transaction) => {
        await transaction.putServiceKey(aServiceKey(2, { digest: digestOf(1) }))
        transaction.record(someEvent())
      })
      await assert.rejects(taken, isDuplicateDigest)
      await arrange(store, (transaction) => transaction.putServiceKey(aServiceKey(1, { digest: digestOf(3) })))
      assert.equal(await store.serviceKey(digestOf(1)), undefined)
      assert.equal((await store.serviceKey(digestOf(3)))?.id, aServiceKey(1).id)
      assert.equal(await store.find(digestOf(3)), undefined)
    })
  })
}
