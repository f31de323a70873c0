import assert from 'node:assert/strict'
import type { Store } from '../../store/store.ts'
import { aKey, aMember, anOrganization, aProject, aServiceKey, digestOf, keyId } from './records.ts'
import { arrange, type StoreSuite, someEvent, storeTest } from './suite.ts'

const project = aProject()

/** Two organizations with a member, a service key and two keys each; keys 1 and 2 are of `acme`, 1 in its project. */
async function arrangeTwo(store: Store): Promise<void> {
  await arrange(store, async (transaction) => {
    for (const [index, organization] of ['acme', 'other'].entries()) {
      await transaction.putOrganization(anOrganization({ id: organization }))
      await transaction.putMember(aMember({ organization }))
      await transaction.putServiceKey(aServiceKey(index + 1, { organization }))
      await transaction.putKey(aKey(index * 2 + 2, { organization }))
    }
    await transaction.putProject(project)
    await transaction.putKey(aKey(1, { project: project.id }))
    await transaction.putKey(aKey(3, { organization: 'other' }))
    await transaction.putServiceKey(aServiceKey(3))
  })
}

export function deletion(suite: StoreSuite): void {
  suite.describe('deleting', () => {
    storeTest(suite, 'an organization takes all that is in it, and nothing of others', async (store) => {
      await arrangeTwo(store)
      await arrange(store, (transaction) => transaction.deleteOrganization('acme'))
      const limit = 9
      assert.equal(await store.organization('acme'), undefined)
      assert.equal(await store.find(digestOf(1)), undefined)
      assert.equal(await store.found(keyId(2)), undefined)
      assert.equal(await store.serviceKey(digestOf(1)), undefined)
      assert.deepEqual(
        (await store.keys({ limit })).items.map(({ id }) => id),
        [keyId(3), keyId(4)],
      )
      assert.deepEqual((await store.projects({ limit })).items, [])
      assert.deepEqual((await store.members({ limit })).items, [aMember({ organization: 'other' })])
      assert.deepEqual(
        (await store.serviceKeys({ limit })).items.map(({ id }) => id),
        [aServiceKey(2).id, aServiceKey(3).id],
      )
      assert.equal((await store.find(digestOf(3)))?.organization.id, 'other')
    })

    storeTest(
      suite,
      'an organization keeps its id from everybody else, and frees the digests it had',
      async (store) => {
        await arrangeTwo(store)
        await arrange(store, (transaction) => transaction.deleteOrganization('acme'))
        const again = arrange(store, (transaction) => transaction.putOrganization(anOrganization()))
        await assert.rejects(again, { code: 'duplicate', field: 'id' })
        assert.equal(await store.organization('acme'), undefined)
        const organization = 'other'
        await arrange(store, async (transaction) => {
          await transaction.putKey(aKey(5, { organization, versions: aKey(1).versions }))
          await transaction.putServiceKey(aServiceKey(5, { organization, digest: digestOf(1) }))
        })
        assert.equal((await store.find(digestOf(1)))?.key.id, keyId(5))
        assert.equal((await store.serviceKey(digestOf(1)))?.id, aServiceKey(5).id)
      },
    )

    storeTest(suite, 'a project takes its keys, and no others', async (store) => {
      await arrangeTwo(store)
      await arrange(store, (transaction) => transaction.deleteProject(project.id))
      assert.equal(await store.project(project.id), undefined)
      assert.equal(await store.find(digestOf(1)), undefined)
      assert.deepEqual(
        (await store.keys({ limit: 9 })).items.map(({ id }) => id),
        [keyId(2), keyId(3), keyId(4)],
      )
    })

    storeTest(suite, 'a member takes them from one organization only', async (store) => {
      await arrangeTwo(store)
      await arrange(store, (transaction) => transaction.deleteMember('acme', 'usr_1'))
      assert.deepEqual((await store.members({ user: 'usr_1', limit: 9 })).items, [aMember({ organization: 'other' })])
    })

    storeTest(suite, 'what is not there is no error', async (store) => {
      await arrange(store, async (transaction) => {
        await transaction.deleteOrganization('missing')
        await transaction.deleteProject('missing')
        await transaction.deleteMember('missing', 'missing')
      })
    })
  })

  suite.describe('putting', () => {
    const orphans = [
      ['a key', (put) => put.putKey(aKey(9, { organization: 'missing' }))],
      ['a key into a project', (put) => put.putKey(aKey(9, { project: 'missing' }))],
      ['a project', (put) => put.putProject(aProject({ id: 'prj_9', organization: 'missing' }))],
      ['a member', (put) => put.putMember(aMember({ organization: 'missing' }))],
      ['a service key', (put) => put.putServiceKey(aServiceKey(9, { organization: 'missing' }))],
    ] as const satisfies readonly (readonly [string, Parameters<typeof arrange>[1]])[]
    for (const [what, put] of orphans) {
      storeTest(suite, `${what} where there is none to hold it is refused`, async (store) => {
        await arrangeTwo(store)
        const refused = store.transact(async (transaction) => {
          await put(transaction)
          transaction.record(someEvent())
        })
        await assert.rejects(refused)
        assert.equal((await store.head()).number, 1)
      })
    }
  })
}
