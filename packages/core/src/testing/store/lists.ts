import assert from 'node:assert/strict'
import { type KeyState, stateAt } from '../../key/record.ts'
import type { KeyFilter, Page, Store } from '../../store/store.ts'
import { aKey, aMember, anOrganization, aProject, aServiceKey, keyId } from './records.ts'
import { arrange, type StoreSuite, storeTest } from './suite.ts'

const states: readonly KeyState[] = ['active', 'suspended', 'expired', 'revoked']

/** Every item of a list, read page by page. */
async function walk<T>(
  limit: number,
  list: (page: { after?: string; limit: number }) => Promise<Page<T>>,
): Promise<T[]> {
  const items: T[] = []
  let page = await list({ limit })
  while (page.next !== null) {
    assert.equal(page.items.length, limit)
    items.push(...page.items)
    page = await list({ limit, after: page.next })
  }
  return [...items, ...page.items]
}

async function keyNumbers(store: Store, filter: Omit<KeyFilter, 'limit'> = {}): Promise<number[]> {
  const keys = await walk(3, (page) => store.keys({ ...filter, ...page }))
  return keys.map(({ id }) => Number(id.slice('key_'.length)))
}

export function lists(suite: StoreSuite): void {
  suite.describe('listing', () => {
    storeTest(suite, 'answers an empty page where there is nothing', async (store) => {
      const empty = { items: [], next: null }
      assert.deepEqual(await store.keys({ limit: 10 }), empty)
      assert.deepEqual(await store.organizations({ limit: 10 }), empty)
      assert.deepEqual(await store.projects({ limit: 10 }), empty)
      assert.deepEqual(await store.members({ limit: 10 }), empty)
      assert.deepEqual(await store.serviceKeys({ limit: 10 }), empty)
      assert.deepEqual(await store.changes(0, 10), [])
    })

    storeTest(suite, 'gives keys in order of creation, each once, whatever the size of a page', async (store) => {
      await arrange(store, async (transaction) => {
        await transaction.putOrganization(anOrganization())
        for (const number of [5, 2, 6, 1, 4, 3]) await transaction.putKey(aKey(number))
      })
      for (const limit of [1, 2, 3, 4, 6, 100]) {
        const keys = await walk(limit, (page) => store.keys(page))
        assert.deepEqual(
          keys.map(({ id }) => id),
          [1, 2, 3, 4, 5, 6].map(keyId),
        )
      }
      assert.deepEqual((await store.keys({ limit: 1 })).items, [aKey(1)])
      assert.equal((await store.keys({ limit: 6 })).next, null)
    })

    storeTest(suite, 'goes on rightly while keys are added and removed between pages', async (store) => {
      await arrange(store, async (transaction) => {
        await transaction.putOrganization(anOrganization())
        for (const number of [1, 2, 3, 4]) await transaction.putKey(aKey(number))
      })
      const first = await store.keys({ limit: 2 })
      await arrange(store, async (transaction) => {
        await transaction.putKey(aKey(2, { deletedAt: new Date(0) }))
        await transaction.putKey(aKey(5))
      })
      const second = await store.keys({ limit: 10, after: first.next ?? '' })
      assert.deepEqual(
        second.items.map(({ id }) => id),
        [3, 4, 5].map(keyId),
      )
    })

    storeTest(suite, 'leaves out deleted keys', async (store) => {
      await arrange(store, async (transaction) => {
        await transaction.putOrganization(anOrganization())
        await transaction.putKey(aKey(1, { revokedAt: new Date(0), deletedAt: new Date(0) }))
        await transaction.putKey(aKey(2))
      })
      assert.deepEqual(await keyNumbers(store), [2])
      assert.deepEqual(await keyNumbers(store, { state: 'revoked', now: new Date() }), [])
      await store.transact(async (transaction) => {
        assert.deepEqual((await transaction.keys({ limit: 10 })).items, [aKey(2)])
      })
    })

    storeTest(suite, 'gives the keys of one organization, of one project, or of both', async (store) => {
      const [red, blue] = [aProject({ id: 'prj_red' }), aProject({ id: 'prj_blue', organization: 'other' })]
      await arrange(store, async (transaction) => {
        await transaction.putOrganization(anOrganization())
        await transaction.putOrganization(anOrganization({ id: 'other' }))
        await transaction.putProject(red)
        await transaction.putProject(blue)
        for (const number of [1, 4]) await transaction.putKey(aKey(number, { project: red.id }))
        await transaction.putKey(aKey(9, { project: red.id, createdBy: 'usr_ada', revokedAt: new Date() }))
        await transaction.putKey(aKey(10, { createdBy: 'usr_ada' }))
        for (const number of [2, 6, 7, 8]) await transaction.putKey(aKey(number))
        await transaction.putKey(aKey(3, { organization: 'other', project: blue.id }))
        await transaction.putKey(aKey(5, { organization: 'other' }))
      })
      assert.deepEqual(await keyNumbers(store, { organization: 'acme' }), [1, 2, 4, 6, 7, 8, 9, 10])
      assert.deepEqual(await keyNumbers(store, { organization: 'other' }), [3, 5])
      assert.deepEqual(await keyNumbers(store, { project: red.id }), [1, 4, 9])
      assert.deepEqual(await keyNumbers(store, { organization: 'acme', project: red.id }), [1, 4, 9])
      assert.deepEqual(await keyNumbers(store, { organization: 'other', project: red.id }), [])
      assert.equal(await store.countUnrevoked({ organization: 'acme', project: red.id }), 2)
      assert.equal(await store.countUnrevoked({ organization: 'acme', createdBy: 'usr_ada' }), 1)
      assert.equal(await store.countUnrevoked({ organization: 'other', createdBy: 'usr_ada' }), 0)
    })

    storeTest(suite, 'gives the keys in a state, just as `stateAt` tells it', async (store) => {
      const now = new Date('2026-11-20T12:00:00Z')
      const around = [-1, 0, 1].map((milliseconds) => new Date(now.getTime() + milliseconds))
      const keys = [null, now].flatMap((revokedAt) =>
        [null, ...around].flatMap((expiresAt) =>
          [null, now].map((suspendedAt) => ({ revokedAt, expiresAt, suspendedAt })),
        ),
      )
      await arrange(store, async (transaction) => {
        await transaction.putOrganization(anOrganization())
        for (const [index, key] of keys.entries()) await transaction.putKey(aKey(index, key))
      })
      for (const state of states) {
        const expected = keys.flatMap((key, index) => (stateAt(aKey(index, key), now) === state ? [index] : []))
        assert.ok(expected.length > 0)
        assert.deepEqual(await keyNumbers(store, { state, now }), expected)
        assert.deepEqual(await keyNumbers(store, { state, now, organization: 'acme' }), expected)
      }
      const unrevoked = keys.flatMap(({ revokedAt }, index) => (revokedAt === null ? [index] : []))
      assert.deepEqual(await keyNumbers(store, { isRevoked: false }), unrevoked)
      assert.deepEqual(await keyNumbers(store, { isRevoked: false, organization: 'acme' }), unrevoked)
      assert.equal(await store.countUnrevoked({ organization: 'acme' }), unrevoked.length)
    })

    storeTest(suite, 'refuses to tell a state at no instant', async (store) => {
      await assert.rejects(store.keys({ state: 'active', limit: 1 }), TypeError)
    })

    storeTest(suite, 'pages through organizations, projects and service keys', async (store) => {
      const organizations = ['acme', 'other', 'third'].map((id) => anOrganization({ id }))
      const projects = [1, 2, 3, 4, 5].map((number) =>
        aProject({ id: `prj_${number}`, organization: number % 2 === 0 ? 'other' : 'acme' }),
      )
      const serviceKeys = [1, 2, 3, 4].map((number) =>
        aServiceKey(number, { organization: number > 2 ? 'acme' : null }),
      )
      await arrange(store, async (transaction) => {
        for (const organization of organizations) await transaction.putOrganization(organization)
        for (const project of projects) await transaction.putProject(project)
        for (const serviceKey of serviceKeys) await transaction.putServiceKey(serviceKey)
      })
      const organization = 'acme'
      const [, second, , fourth] = projects
      assert.deepEqual(await walk(2, (page) => store.organizations(page)), organizations)
      assert.deepEqual(await walk(2, (page) => store.projects(page)), projects)
      assert.deepEqual(await walk(1, (page) => store.projects({ ...page, organization: 'other' })), [second, fourth])
      assert.deepEqual(await walk(2, (page) => store.serviceKeys(page)), serviceKeys)
      assert.deepEqual(await walk(1, (page) => store.serviceKeys({ ...page, organization })), serviceKeys.slice(2))
    })

    storeTest(suite, 'finds organizations by a part of their name or id, in any case', async (store) => {
      const organizations = [
        anOrganization({ id: 'acme', name: 'Ängste & Söhne' }),
        anOrganization({ id: 'other', name: '100% Other_wise' }),
        anOrganization({ id: 'third', name: 'Acme of the North' }),
      ]
      await arrange(store, async (transaction) => {
        for (const organization of organizations) await transaction.putOrganization(organization)
        await transaction.putOrganization(anOrganization({ id: 'third', name: 'Renamed ACME' }))
      })
      const found = async (q: string) => {
        const all = await walk(1, (page) => store.organizations({ ...page, q }))
        return all.map(({ id }) => id)
      }
      assert.deepEqual(await found('acme'), ['acme', 'third'])
      assert.deepEqual(await found('ÄNGSTE'), ['acme'])
      assert.deepEqual(await found('north'), [])
      assert.deepEqual(await found('0% o'), ['other'])
      assert.deepEqual(await found('r_w'), ['other'])
      assert.deepEqual(await found('%'), ['other'])
      assert.deepEqual(await found('nobody'), [])
    })

    storeTest(
      suite,
      'pages through members, of an organization or with a person, in a transaction too',
      async (store) => {
        const places = ['a', 'a-b', 'b'].flatMap((organization) =>
          ['usr_1', 'usr/2', 'usr_3'].map((user) => aMember({ organization, user })),
        )
        await arrange(store, async (transaction) => {
          for (const id of ['a', 'a-b', 'b']) await transaction.putOrganization(anOrganization({ id }))
          for (const member of places) await transaction.putMember(member)
        })
        const sorted = (members: typeof places) =>
          members.map(({ organization, user }) => `${organization} ${user}`).sort()
        const ofA = places.filter(({ organization }) => organization === 'a')
        const ofUser = places.filter(({ user }) => user === 'usr/2')
        for (const limit of [1, 2, 4]) {
          assert.deepEqual(sorted(await walk(limit, (page) => store.members(page))), sorted(places))
          assert.deepEqual(
            sorted(await walk(limit, (page) => store.members({ ...page, organization: 'a' }))),
            sorted(ofA),
          )
          assert.deepEqual(
            sorted(await walk(limit, (page) => store.members({ ...page, user: 'usr/2' }))),
            sorted(ofUser),
          )
        }
        await store.transact(async (transaction) => {
          const own = await walk(2, (page) => transaction.members({ ...page, organization: 'a' }))
          assert.deepEqual(sorted(own), sorted(ofA))
        })
      },
    )
  })
}
