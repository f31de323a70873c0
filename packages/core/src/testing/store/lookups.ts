import assert from 'node:assert/strict'
import type { Store } from '../../store/store.ts'
import { aKey, aMember, anOrganization, aProject, aServiceKey, aVersion, created, digestOf, keyId } from './records.ts'
import { arrange, type StoreSuite, someEvent, storeTest } from './suite.ts'

const later = new Date('2027-01-01T00:00:00.999Z')

/** A record of each kind with something in every field. */
const full = {
  organization: anOrganization({ plan: 'pro', namespaces: ['eu', 'us'], monthlyQuota: 2 ** 40, state: 'unpaid' }),
  project: aProject(),
  member: aMember({ role: 'owner' }),
  key: aKey(1, {
    project: aProject().id,
    createdBy: 'usr_1',
    permissions: ['orders:read', 'orders:*'],
    namespaces: [],
    allowedIps: ['192.0.2.0/24', '2001:db8::1'],
    limits: [{ requests: 100, windowSeconds: 60, per: 'key', kind: 'window' }],
    metadata: { text: 'x', number: -1.5, flag: true },
    expiresAt: later,
    suspendedAt: later,
    revokedAt: later,
    revokedReason: 'leaked',
    deletedAt: later,
    versions: [aVersion(1, { retiresAt: later, ended: true }), aVersion(2, { number: 2, createdAt: later })],
  }),
  serviceKey: aServiceKey(1, { permissions: ['manage', 'metrics'], organization: 'acme', revokedAt: later }),
}

async function putFull(store: Store): Promise<void> {
  await arrange(store, async (transaction) => {
    await transaction.putOrganization(full.organization)
    await transaction.putProject(full.project)
    await transaction.putMember(full.member)
    await transaction.putKey(full.key)
    await transaction.putServiceKey(full.serviceKey)
  })
}

export function lookups(suite: StoreSuite): void {
  suite.describe('looking up', () => {
    storeTest(suite, 'answers undefined for what there is not', async (store) => {
      assert.equal(await store.find(digestOf(1)), undefined)
      assert.equal(await store.found(keyId(1)), undefined)
      assert.equal(await store.key(keyId(1)), undefined)
      assert.equal(await store.organization('acme'), undefined)
      assert.equal(await store.project(aProject().id), undefined)
      assert.equal(await store.member('acme', 'usr_1'), undefined)
      assert.equal(await store.serviceKey(digestOf(1)), undefined)
    })

    storeTest(suite, 'gives back every field of every record as it was put', async (store) => {
      await putFull(store)
      assert.deepEqual(await store.organization('acme'), full.organization)
      assert.deepEqual(await store.project(full.project.id), full.project)
      assert.deepEqual(await store.member('acme', 'usr_1'), full.member)
      assert.deepEqual(await store.key(full.key.id), full.key)
      assert.deepEqual(await store.serviceKey(full.serviceKey.digest), full.serviceKey)
    })

    storeTest(suite, 'gives a transaction the same records', async (store) => {
      await putFull(store)
      await store.transact(async (transaction) => {
        assert.deepEqual(await transaction.organization('acme'), full.organization)
        assert.deepEqual(await transaction.project(full.project.id), full.project)
        assert.deepEqual(await transaction.member('acme', 'usr_1'), full.member)
        assert.deepEqual(await transaction.key(full.key.id), full.key)
        assert.deepEqual(await transaction.serviceKey(full.serviceKey.id), full.serviceKey)
      })
    })

    storeTest(suite, 'replaces every field of a record that is put again', async (store) => {
      await putFull(store)
      const plain = {
        organization: anOrganization(),
        project: aProject({ name: 'Other' }),
        member: aMember(),
        key: aKey(1),
        serviceKey: aServiceKey(1),
      }
      await arrange(store, async (transaction) => {
        await transaction.putOrganization(plain.organization)
        await transaction.putProject(plain.project)
        await transaction.putMember(plain.member)
        await transaction.putKey(plain.key)
        await transaction.putServiceKey(plain.serviceKey)
      })
      assert.deepEqual(await store.organization('acme'), plain.organization)
      assert.deepEqual(await store.project(plain.project.id), plain.project)
      assert.deepEqual(await store.member('acme', 'usr_1'), plain.member)
      assert.deepEqual(await store.key(plain.key.id), plain.key)
      assert.deepEqual(await store.serviceKey(plain.serviceKey.digest), plain.serviceKey)
    })

    storeTest(suite, 'hands out copies, which change nothing when they are changed', async (store) => {
      const organization = anOrganization()
      await arrange(store, (transaction) => transaction.putOrganization(organization))
      organization.name = 'changed after it was put'
      organization.createdAt.setTime(0)
      const read = await store.organization('acme')
      assert.ok(read)
      read.name = 'changed after it was read'
      assert.equal((await store.organization('acme'))?.name, 'Acme')
    })
  })

  suite.describe('finding what a credential is', () => {
    storeTest(suite, 'finds a key by each of its digests, with its organization and its maker', async (store) => {
      await putFull(store)
      const { hash } = await store.head()
      const { key, organization, member: maker } = full
      const expected = { key, organization, maker, readAt: 1, readHash: hash }
      assert.deepEqual(await store.find(digestOf(1)), expected)
      assert.deepEqual(await store.find(digestOf(2)), expected)
      assert.deepEqual(await store.found(full.key.id), expected)
    })

    storeTest(suite, 'finds a key made by a machine, with no maker', async (store) => {
      await arrange(store, async (transaction) => {
        await transaction.putOrganization(anOrganization())
        await transaction.putKey(aKey(1))
      })
      const found = await store.find(digestOf(1))
      assert.equal(found?.maker, null)
      assert.equal(found?.key.createdBy, null)
    })

    storeTest(suite, 'finds no maker once they have left, though the key still names them', async (store) => {
      await putFull(store)
      await arrange(store, (transaction) => transaction.deleteMember('acme', 'usr_1'))
      const found = await store.find(digestOf(1))
      assert.equal(found?.maker, null)
      assert.equal(found?.key.createdBy, 'usr_1')
    })

    storeTest(suite, 'takes no member of another organization for the maker', async (store) => {
      await arrange(store, async (transaction) => {
        await transaction.putOrganization(anOrganization())
        await transaction.putOrganization(anOrganization({ id: 'other' }))
        await transaction.putMember(aMember({ organization: 'other' }))
        await transaction.putKey(aKey(1, { createdBy: 'usr_1' }))
      })
      assert.equal((await store.find(digestOf(1)))?.maker, null)
    })

    storeTest(suite, 'contains a change as soon as the transaction that made it has resolved', async (store) => {
      await arrange(store, (transaction) => transaction.putOrganization(anOrganization()))
      for (let round = 1; round <= 20; round++) {
        const revokedAt = round % 2 === 0 ? created : null
        await store.transact(async (transaction) => {
          await transaction.putKey(aKey(1, { revokedAt }))
          transaction.record(someEvent())
        })
        const found = await store.find(digestOf(1))
        assert.deepEqual(found?.key.revokedAt, revokedAt)
        assert.equal(found?.readAt, round + 1)
      }
    })
  })
}
