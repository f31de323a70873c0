import assert from 'node:assert/strict'
import type { KeyRecord } from '../../key/record.ts'
import type { KeyFilter, Store } from '../../store/store.ts'
import { aKey, anOrganization, aVersion, keyId } from './records.ts'
import { arrange, type StoreSuite, storeTest } from './suite.ts'

/** The numbers of the keys of a list, read so many at a time. */
async function walk(store: Store, filter: Omit<KeyFilter, 'limit'>, limit = 2): Promise<number[]> {
  const found: KeyRecord[] = []
  let page = await store.keys({ ...filter, limit })
  found.push(...page.items)
  while (page.next !== null) {
    assert.match(page.next, /^[\x21-\x7e]{1,400}$/)
    page = await store.keys({ ...filter, limit, after: page.next })
    found.push(...page.items)
  }
  return found.map(({ id }) => Number(id.slice('key_'.length)))
}

async function arrangeKeys(store: Store, ...changes: Partial<KeyRecord>[]): Promise<void> {
  await arrange(store, async (transaction) => {
    await transaction.putOrganization(anOrganization())
    await transaction.putOrganization(anOrganization({ id: 'other' }))
    for (const [index, change] of changes.entries()) await transaction.putKey(aKey(index + 1, change))
  })
}

const day = (number: number) => new Date(Date.UTC(2030, 0, number))

export function keyLists(suite: StoreSuite): void {
  suite.describe('a list of keys', () => {
    const organization = 'acme'

    storeTest(suite, 'is in the order of names, upper and lower case together, ids among equals', async (store) => {
      const names = [
        'beta',
        'Alpha',
        'alpha',
        'Zürich',
        'zulu',
        'é',
        `a${'x'.repeat(150)}`,
        '😀',
        'a_b',
        'a%b',
        '\ufb00',
      ]
      await arrangeKeys(store, ...names.map((name) => ({ name })), { name: 'alpha', organization: 'other' })
      const ascending = [10, 9, 2, 3, 7, 1, 5, 4, 6, 11, 8]
      for (const limit of [1, 3, 100]) {
        assert.deepEqual(await walk(store, { organization, order: 'name' }, limit), ascending)
        const descending = await walk(store, { organization, order: 'name', descending: true }, limit)
        assert.deepEqual(descending, ascending.toReversed())
      }
    })

    storeTest(suite, 'is in the order of expiry, with those that never expire at the end', async (store) => {
      const expiries = [day(3), null, day(1), day(2), null, day(2)]
      await arrangeKeys(store, ...expiries.map((expiresAt) => ({ expiresAt })))
      const ascending = [3, 4, 6, 1, 2, 5]
      for (const limit of [1, 2, 100]) {
        assert.deepEqual(await walk(store, { organization, order: 'expires' }, limit), ascending)
        const descending = await walk(store, { organization, order: 'expires', descending: true }, limit)
        assert.deepEqual(descending, ascending.toReversed())
      }
    })

    storeTest(suite, 'is of one maker, in one organization or anywhere', async (store) => {
      const ann = { createdBy: 'usr_1' }
      await arrangeKeys(store, ann, {}, { createdBy: 'usr_10' }, { ...ann, organization: 'other' }, ann)
      assert.deepEqual(await walk(store, ann), [1, 4, 5])
      assert.deepEqual(await walk(store, { ...ann, organization }), [1, 5])
    })

    storeTest(suite, 'is in the order of creation, newest first where that is asked for', async (store) => {
      await arrangeKeys(store, {}, {}, {}, {}, {})
      assert.deepEqual(await walk(store, { descending: true }), [5, 4, 3, 2, 1])
    })

    storeTest(suite, 'keeps its place while keys are added, renamed and removed between pages', async (store) => {
      await arrangeKeys(store, { name: 'b' }, { name: 'd' }, { name: 'f' }, { name: 'h' })
      const first = await store.keys({ organization, order: 'name', limit: 2 })
      await arrange(store, async (transaction) => {
        await transaction.putKey(aKey(2, { name: 'a' }))
        await transaction.putKey(aKey(3, { name: 'f', deletedAt: day(1) }))
        await transaction.putKey(aKey(5, { name: 'e' }))
        await transaction.putKey(aKey(6, { name: 'c' }))
      })
      const second = await store.keys({ organization, order: 'name', limit: 9, after: first.next ?? '' })
      assert.deepEqual(
        second.items.map(({ id }) => id),
        [5, 4].map(keyId),
      )
    })

    storeTest(suite, 'keeps state, order and what is searched for together', async (store) => {
      const suspended = { suspendedAt: day(1) }
      await arrangeKeys(
        store,
        { name: 'web b', ...suspended },
        { name: 'web a' },
        { name: 'web a', ...suspended },
        { name: 'app', ...suspended },
      )
      const filter = { organization, state: 'suspended', now: day(2), q: 'WEB', order: 'name' } as const
      assert.deepEqual(await walk(store, filter, 1), [3, 1])
    })

    storeTest(
      suite,
      'finds a part of the name or of any hint, or the beginning of the id, in one organization',
      async (store) => {
        await arrangeKeys(
          store,
          { name: 'Production EU' },
          { name: '100%_!\\' },
          { name: 'x', versions: [aVersion(3, { hint: 'kw_live_…Zk07' }), aVersion(9, { number: 2, hint: '…9999' })] },
          { name: 'ÄRGER' },
          { name: 'key_7 of Київ' },
          { name: 'production', organization: 'other' },
        )
        const found = (q: string) => walk(store, { organization, q })
        assert.deepEqual(await found('DUCT'), [1])
        assert.deepEqual(await found('%'), [2])
        assert.deepEqual(await found('_!'), [2])
        assert.deepEqual(await found('!\\'), [2])
        assert.deepEqual(await found('\\'), [2])
        assert.deepEqual(await found('zK07'), [3])
        assert.deepEqual(await found('9999'), [3])
        assert.deepEqual(await found('ärger'), [4])
        assert.deepEqual(await found('київ'), [5])
        assert.deepEqual(await found(keyId(4).toUpperCase()), [4])
        assert.deepEqual(await found(keyId(4).slice(0, -1)), [1, 2, 3, 4, 5])
        assert.deepEqual(await found('key_7'), [5])
        assert.deepEqual(await found("' or '1'='1"), [])
      },
    )

    storeTest(suite, 'among all keys finds the beginning of an id, or all that is shown of a secret', async (store) => {
      const other = { organization: 'other', versions: [aVersion(2, { hint: 'kw_live_…Zk07' })] }
      await arrangeKeys(store, {}, other, { versions: [aVersion(3, { hint: 'key_live_…Zk07' })] })
      assert.deepEqual(await walk(store, { q: keyId(2) }), [2])
      assert.deepEqual(await walk(store, { q: keyId(2).slice(0, -1) }), [1, 2, 3])
      assert.deepEqual(await walk(store, { q: keyId(2).slice(0, -1), descending: true }), [3, 2, 1])
      assert.deepEqual(await walk(store, { q: 'kw_live_…Zk07' }), [2])
      assert.deepEqual(await walk(store, { q: 'key_live_…Zk07' }), [3])
      assert.deepEqual(await walk(store, { q: 'Key' }), [])
    })

    storeTest(suite, 'goes on from no position of another order', async (store) => {
      await arrangeKeys(store, {})
      for (const order of ['name', 'expires'] as const) {
        await assert.rejects(store.keys({ organization, order, after: keyId(1), limit: 1 }), TypeError)
      }
    })
  })
}
