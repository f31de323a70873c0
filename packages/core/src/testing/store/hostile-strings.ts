import assert from 'node:assert/strict'
import { emptyHead, verifyChain } from '../../audit/chain.ts'
import { aKey, aMember, anOrganization, aProject, aServiceKey, aVersion, digestOf, keyId } from './records.ts'
import { arrange, type StoreSuite, someEvent, storeTest } from './suite.ts'

const hostile = [
  '',
  ' ',
  '\0',
  'a\0b',
  `' OR '1'='1`,
  `'; drop table kw_keys; --`,
  `"quoted" \`ticks\` 'single'`,
  '%_%',
  '\\',
  '\\u0000',
  '\\\\0',
  '{"json":[1]}',
  '$1 ? :name @name',
  '\r\n\t\u001b[31m',
  'é e\u0301 \u202e \ufeff \uffff',
  '👩‍🚀🇩🇪',
  'lone \ud800 and \udc00 surrogates',
  '__proto__',
  'null',
  'NaN',
  '🔑'.repeat(2_500),
]

export function hostileStrings(suite: StoreSuite): void {
  suite.describe('hostile text', () => {
    storeTest(suite, 'comes back from every free field exactly as it was put', async (store) => {
      for (const [index, text] of hostile.entries()) {
        const organization = anOrganization({ name: text, plan: text, namespaces: [text] })
        const project = aProject({ name: text })
        const member = aMember({ user: text })
        const serviceKey = aServiceKey(1, { name: text, hint: text })
        const key = aKey(1, {
          createdBy: text,
          name: text,
          kind: text,
          environment: text,
          permissions: [text],
          namespaces: [text],
          allowedIps: [text],
          metadata: JSON.parse(`{${JSON.stringify(text)}:${JSON.stringify(text)}}`),
          revokedReason: text,
          versions: [aVersion(1, { hint: text })],
        })
        await arrange(store, async (transaction) => {
          await transaction.putOrganization(organization)
          await transaction.putProject(project)
          await transaction.putMember(member)
          await transaction.putServiceKey(serviceKey)
          await transaction.putKey(key)
        })
        assert.deepEqual(await store.project(project.id), project)
        assert.deepEqual(await store.member('acme', text), member)
        assert.deepEqual(await store.serviceKey(serviceKey.digest), serviceKey)
        assert.deepEqual((await store.keys({ limit: 1 })).items, [key])
        const readHash = (await store.head()).hash
        const found = { key, organization, maker: member, readAt: index + 1, readHash }
        assert.deepEqual(await store.find(digestOf(1)), found)
      }
    })

    storeTest(suite, 'finds nothing as a digest, an id or a cursor, and harms nothing', async (store) => {
      await arrange(store, async (transaction) => {
        await transaction.putOrganization(anOrganization())
        await transaction.putProject(aProject())
        await transaction.putMember(aMember())
        await transaction.putKey(aKey(1))
        await transaction.putServiceKey(aServiceKey(1))
      })
      const limit = 9
      const now = new Date()
      for (const text of hostile) {
        assert.equal(await store.find(text), undefined)
        assert.equal(await store.found(text), undefined)
        assert.equal(await store.key(text), undefined)
        assert.equal(await store.organization(text), undefined)
        assert.equal(await store.project(text), undefined)
        assert.equal(await store.member(text, text), undefined)
        assert.equal(await store.member('acme', text), undefined)
        assert.equal(await store.serviceKey(text), undefined)
        assert.deepEqual((await store.keys({ organization: text, state: 'active', now, limit })).items, [])
        assert.deepEqual((await store.keys({ project: text, limit })).items, [])
        assert.deepEqual((await store.projects({ organization: text, limit })).items, [])
        assert.deepEqual((await store.members({ organization: text, user: text, limit })).items, [])
        assert.deepEqual((await store.serviceKeys({ organization: text, limit })).items, [])
        for (const name of ['organization', 'target', 'actor', 'action']) {
          assert.deepEqual((await store.audit({ [name]: text, newestFirst: true, limit })).changes, [])
        }
        await store.keys({ after: text, limit })
        await store.members({ after: text, limit })
        await store.transact(async (transaction) => {
          assert.equal(await transaction.key(text), undefined)
          assert.equal(await transaction.serviceKey(text), undefined)
          await transaction.deleteOrganization(text)
          await transaction.deleteProject(text)
          await transaction.deleteMember('acme', text)
          transaction.record(someEvent())
        })
      }
      assert.deepEqual(await store.key(keyId(1)), aKey(1))
      assert.deepEqual((await store.members({ limit })).items, [aMember()])
    })

    storeTest(suite, 'keeps its place in the change log, and the chain intact', async (store) => {
      await store.transact(async (transaction) => {
        for (const text of hostile) {
          const details = JSON.parse(`{${JSON.stringify(text)}:${JSON.stringify(text)}}`)
          const actor = { type: 'user', id: text, triggeredBy: 'ui', address: text, requestId: text } as const
          transaction.record(someEvent({ organization: text, target: text, actor, details }))
        }
      })
      const changes = await store.changes(0, 100)
      assert.deepEqual(
        changes.map(({ target }) => target),
        hostile,
      )
      assert.deepEqual(
        changes.flatMap(({ details }) => Object.entries(details)),
        hostile.map((text) => [text, text]),
      )
      assert.deepEqual(verifyChain(emptyHead, changes), { ok: true, head: await store.head() })
    })
  })
}
