import assert from 'node:assert/strict'
import { verifyChain } from '../../audit/chain.ts'
import type { AuditFilter, Store } from '../../store/store.ts'
import { arrange, type StoreSuite, someEvent, storeTest } from './suite.ts'

const at = (second: number) => new Date(Date.UTC(2026, 10, 20, 8, 0, second))

/** Changes 1 to 6; the clock of the fourth was behind. */
async function arrangeChanges(store: Store): Promise<void> {
  const who = (id: string, triggeredBy: 'ui' | 'api') => ({ ...someEvent().actor, id, triggeredBy })
  await store.transact(async (transaction) => {
    const acme = { organization: 'acme', actor: who('usr_1', 'ui') }
    const other = { organization: 'other', actor: who('svc_1', 'api') }
    transaction.record(someEvent({ ...acme, action: 'key.created', target: 'key_1', at: at(1) }))
    transaction.record(someEvent({ ...other, action: 'key.created', target: 'key_2', at: at(2) }))
    transaction.record(someEvent({ ...acme, action: 'key.revoked', target: 'key_1', at: at(3) }))
    transaction.record(someEvent({ ...acme, action: 'key.updated', target: 'key_3', at: at(0) }))
    transaction.record(someEvent({ ...other, action: 'key.revoked', target: 'key_2', at: at(5) }))
    transaction.record(someEvent({ ...acme, organization: null, action: 'operator.added', target: 'usr_2', at: at(6) }))
  })
}

export function audit(suite: StoreSuite): void {
  suite.describe('the audit log', () => {
    storeTest(suite, 'is filtered by everything it holds, in both directions', async (store) => {
      await arrangeChanges(store)
      const numbers = async (filter: Partial<AuditFilter>) =>
        (await store.audit({ newestFirst: false, limit: 9, ...filter })).changes.map(({ number }) => number)
      assert.deepEqual(await numbers({}), [1, 2, 3, 4, 5, 6])
      assert.deepEqual(await numbers({ newestFirst: true, limit: 2 }), [6, 5])
      assert.deepEqual(await numbers({ newestFirst: true, from: 5, limit: 2 }), [4, 3])
      assert.deepEqual(await numbers({ from: 4 }), [5, 6])
      assert.deepEqual(await numbers({ organization: 'acme' }), [1, 3, 4])
      assert.deepEqual(await numbers({ target: 'key_2' }), [2, 5])
      assert.deepEqual(await numbers({ actor: 'usr_1' }), [1, 3, 4, 6])
      assert.deepEqual(await numbers({ action: 'key.revoked', organization: 'other' }), [5])
      assert.deepEqual(await numbers({ triggeredBy: 'api' }), [2, 5])
      assert.deepEqual(await numbers({ since: at(3) }), [3, 5, 6])
      assert.deepEqual(await numbers({ until: at(3) }), [1, 2, 4])
      assert.deepEqual(await numbers({ actor: "' or true --" }), [])
      assert.deepEqual((await store.audit({ newestFirst: false, limit: 1 })).changes[0], (await store.changes(0, 1))[0])
    })

    storeTest(suite, 'is filtered by time also where a clock was days ahead, or behind', async (store) => {
      const day = (number: number) => new Date(Date.UTC(2026, 10, number))
      await store.transact(async (transaction) => {
        for (const number of [13, 10, 11, 8, 11, 14]) transaction.record(someEvent({ at: day(number) }))
      })
      for (const newestFirst of [true, false]) {
        const numbers = async (filter: Partial<AuditFilter>) =>
          (await store.audit({ newestFirst, limit: 9, ...filter })).changes.map(({ number }) => number).sort()
        assert.deepEqual(await numbers({ until: day(12) }), [2, 3, 4, 5])
        assert.deepEqual(await numbers({ since: day(9), until: day(11) }), [2])
        assert.deepEqual(await numbers({ since: day(9) }), [1, 2, 3, 5, 6])
        assert.deepEqual(await numbers({ since: day(11), until: day(12) }), [3, 5])
        assert.deepEqual(await numbers({ until: day(1) }), [])
      }
    })

    storeTest(suite, 'begins behind its checkpoint once it is pruned, and is one chain from there', async (store) => {
      await arrangeChanges(store)
      assert.deepEqual(await store.checkpoint(), { number: 0, hash: '0'.repeat(64) })
      const [, , , fourth] = await store.changes(0, 9)
      await arrange(store, (transaction) => transaction.pruneChanges(4))
      const checkpoint = await store.checkpoint()
      assert.deepEqual(checkpoint, { number: 4, hash: fourth?.hash })
      const rest = await store.changes(0, 9)
      assert.deepEqual(
        rest.map(({ number }) => number),
        [5, 6, 7],
      )
      assert.deepEqual(await store.changes(5, 1), rest.slice(1, 2))
      assert.deepEqual(verifyChain(checkpoint, rest), { ok: true, head: await store.head() })
    })

    storeTest(suite, 'is pruned as far once, and not behind its end', async (store) => {
      await arrangeChanges(store)
      await arrange(store, (transaction) => transaction.pruneChanges(4))
      for (const number of [3, 4, 99]) {
        const again = arrange(store, (transaction) => transaction.pruneChanges(number))
        await assert.rejects(again, { code: 'duplicate', field: 'checkpoint' })
      }
      assert.equal((await store.checkpoint()).number, 4)
      assert.equal((await store.head()).number, 7)
    })
  })
}
