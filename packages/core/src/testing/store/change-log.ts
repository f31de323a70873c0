import assert from 'node:assert/strict'
import { emptyHead, verifyChain } from '../../audit/chain.ts'
import { aKey, anOrganization, aServiceKey, digestOf, keyId } from './records.ts'
import { arrange, type StoreSuite, someEvent, storeTest } from './suite.ts'

export function changeLog(suite: StoreSuite): void {
  suite.describe('the change log', () => {
    storeTest(suite, 'starts with number 0 and 64 zeros', async (store) => {
      assert.deepEqual(await store.head(), { number: 0, hash: '0'.repeat(64) })
    })

    storeTest(suite, 'is one chain without gaps, however many transactions ran or failed at once', async (store) => {
      await arrange(store, (transaction) => transaction.putOrganization(anOrganization()))
      const outcomes = await Promise.allSettled(
        Array.from({ length: 40 }, (_, index) =>
          store.transact(async (transaction) => {
            await transaction.putKey(aKey(index))
            transaction.record(someEvent({ target: `a${index}` }))
            transaction.record(someEvent({ target: `b${index}` }))
            if (index % 4 === 0) throw new Error('this one fails')
          }),
        ),
      )
      const committed = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? outcome.value.changes : []))
      const log = await store.changes(0, 1000)
      assert.equal(committed.length, 60)
      assert.deepEqual(
        log.slice(1),
        committed.toSorted((a, b) => a.number - b.number),
      )
      assert.deepEqual(verifyChain(emptyHead, log), { ok: true, head: await store.head() })
      assert.equal((await store.head()).number, 61)
    })

    storeTest(suite, 'is read from any number, oldest first, as far as the limit', async (store) => {
      await arrange(store, async (transaction) => {
        for (let number = 1; number <= 9; number++) transaction.record(someEvent({ target: `key_${number}` }))
      })
      const numbers = async (after: number, limit: number) =>
        (await store.changes(after, limit)).map(({ number }) => number)
      assert.deepEqual(await numbers(0, 3), [1, 2, 3])
      assert.deepEqual(await numbers(3, 4), [4, 5, 6, 7])
      assert.deepEqual(await numbers(7, 100), [8, 9, 10])
      assert.deepEqual(await numbers(10, 100), [])
      assert.deepEqual(await numbers(11, 100), [])
    })

    storeTest(suite, 'holds every field of an event as it was when it was recorded', async (store) => {
      const event = someEvent({
        action: 'key.rotated',
        actor: { type: 'user', id: 'usr_1', triggeredBy: 'cli', address: '2001:db8::1', requestId: 'req_1' },
        details: { list: [1, 'two', null, { three: 3 }], gone: undefined },
      })
      await store.transact(async (transaction) => {
        transaction.record(event)
        event.target = 'changed since'
      })
      const { details: _, ...recorded } = someEvent({ ...event, target: 'key_1' })
      const [{ number, hash, details, ...stored } = assert.fail('no change')] = await store.changes(0, 1)
      assert.deepEqual(stored, recorded)
      assert.deepEqual(details, { list: [1, 'two', null, { three: 3 }] })
      assert.deepEqual({ number, hash }, await store.head())
    })

    storeTest(suite, 'takes thousands of events from one transaction', async (store) => {
      await arrange(store, async (transaction) => {
        for (let number = 1; number < 3000; number++) transaction.record(someEvent())
      })
      assert.deepEqual(verifyChain(emptyHead, await store.changes(0, 5000)), { ok: true, head: await store.head() })
      assert.equal((await store.head()).number, 3000)
    })

    storeTest(suite, 'is never given the digest of a credential, and refuses nothing for it', async (store) => {
      await arrange(store, (transaction) => transaction.putOrganization(anOrganization()))
      const digest = digestOf(1)
      const details = {
        nested: [{ was: `sha256:${digest}, or ${digest.toUpperCase()}`, [`of ${digest}`]: 'a0'.repeat(32) }],
        around: `f${digest}0${digest}`,
      }
      const { changes } = await store.transact(async (transaction) => {
        await transaction.putKey(aKey(1))
        transaction.record(someEvent({ details, actor: { ...someEvent().actor, requestId: digest } }))
      })
      const [{ details: written, at, actor } = assert.fail('no change')] = changes
      assert.deepEqual(written, {
        nested: [{ was: 'sha256:[digest], or [digest]', 'of [digest]': 'a0'.repeat(32) }],
        around: 'f[digest]0[digest]',
      })
      assert.deepEqual([at, actor.requestId], [someEvent().at, '[digest]'])
      assert.equal((await store.key(keyId(1)))?.id, keyId(1))

      await arrange(store, async (transaction) => {
        transaction.record(someEvent({ target: digestOf(2) }))
        await transaction.putServiceKey(aServiceKey(2))
      })
      const log = await store.changes(0, 9)
      assert.equal(log[2]?.target, '[digest]')
      assert.deepEqual(verifyChain(emptyHead, log), { ok: true, head: await store.head() })
    })
  })
}
