import assert from 'node:assert/strict'
import type { CliTokenRecord, InvitationRecord } from '../../store/records.ts'
import { anOrganization, created, digestOf } from './records.ts'
import { arrange, type StoreSuite, storeTest } from './suite.ts'

const later = new Date('2027-02-18T08:00:00.000Z')

function aCliToken(number: number, change: Partial<CliTokenRecord> = {}): CliTokenRecord {
  return {
    ...{ id: `clt_${number}`, user: 'usr_1', name: 'laptop', digest: digestOf(number), hint: 'kwc_…a3F9' },
    ...{ createdAt: created, expiresAt: later, revokedAt: null, lastUsedAt: null },
    ...change,
  }
}

function anInvitation(number: number, change: Partial<InvitationRecord> = {}): InvitationRecord {
  return {
    ...{ id: `inv_${number}`, organization: 'acme', role: 'admin', email: 'ann@example.com', digest: digestOf(number) },
    ...{ createdBy: 'usr_1', createdAt: created, expiresAt: later, acceptedAt: null, revokedAt: null },
    ...change,
  }
}

export function people(suite: StoreSuite): void {
  suite.describe('people', () => {
    storeTest(suite, 'are operators until they are none any more', async (store) => {
      const operators = ['usr_1', 'usr_2', 'usr_3'].map((user) => ({ user, createdAt: created }))
      await arrange(store, async (transaction) => {
        for (const operator of operators) await transaction.putOperator(operator)
        assert.equal((await transaction.operators({ limit: 10 })).items.length, 3)
      })
      assert.deepEqual(await store.operator('usr_2'), operators[1])
      assert.deepEqual(await store.operators({ limit: 2 }), { items: operators.slice(0, 2), next: 'usr_2' })
      assert.deepEqual(await store.operators({ limit: 2, after: 'usr_2' }), { items: [operators[2]], next: null })
      await arrange(store, (transaction) => transaction.deleteOperator('usr_2'))
      assert.equal(await store.operator('usr_2'), undefined)
    })

    storeTest(suite, 'have CLI tokens, found by digest and listed by person', async (store) => {
      const tokens = [aCliToken(1), aCliToken(2, { user: 'usr_2' }), aCliToken(3, { lastUsedAt: later })]
      await arrange(store, async (transaction) => {
        for (const token of tokens) await transaction.putCliToken(token)
        assert.deepEqual(await transaction.cliToken('clt_3'), tokens[2])
        assert.equal((await transaction.cliTokens({ user: 'usr_1', limit: 10 })).items.length, 2)
      })
      assert.deepEqual(await store.cliToken(digestOf(2)), tokens[1])
      assert.equal(await store.cliToken(digestOf(4)), undefined)
      assert.deepEqual(await store.cliTokens({ user: 'usr_1', limit: 1 }), { items: [tokens[0]], next: 'clt_1' })
      assert.deepEqual((await store.cliTokens({ limit: 10 })).items, tokens)
      const revoked = aCliToken(1, { revokedAt: later })
      await arrange(store, (transaction) => transaction.putCliToken(revoked))
      assert.deepEqual(await store.cliToken(digestOf(1)), revoked)
      await assert.rejects(
        arrange(store, (transaction) => transaction.putCliToken(aCliToken(4, { digest: digestOf(1) }))),
        { name: 'DuplicateError' },
      )
    })

    storeTest(suite, 'are invited into an organization or to run the instance', async (store) => {
      const invitations = [anInvitation(1), anInvitation(2, { organization: null, role: 'operator', email: null })]
      await arrange(store, async (transaction) => {
        await transaction.putOrganization(anOrganization())
        for (const invitation of invitations) await transaction.putInvitation(invitation)
        assert.deepEqual(await transaction.invitation('inv_1'), invitations[0])
      })
      assert.deepEqual(await store.invitation(digestOf(2)), invitations[1])
      assert.deepEqual((await store.invitations({ organization: 'acme', limit: 10 })).items, [invitations[0]])
      assert.deepEqual((await store.invitations({ organization: null, limit: 10 })).items, [invitations[1]])
      const accepted = anInvitation(1, { acceptedAt: later })
      await arrange(store, (transaction) => transaction.putInvitation(accepted))
      assert.deepEqual(await store.invitation(digestOf(1)), accepted)
      await arrange(store, (transaction) => transaction.deleteOrganization('acme'))
      assert.equal(await store.invitation(digestOf(1)), undefined)
      assert.notEqual(await store.invitation(digestOf(2)), undefined)
    })

    storeTest(suite, 'have links that are open until they are taken, revoked or over', async (store) => {
      const forAnyone = { email: null, organization: null, role: 'operator' } as const
      const invitations = [
        ...[anInvitation(1), anInvitation(2), anInvitation(3, { acceptedAt: created })],
        ...[anInvitation(4, { revokedAt: created }), anInvitation(5, { expiresAt: created })],
        ...[
          anInvitation(6, { email: 'bob@example.com' }),
          anInvitation(7, { email: null }),
          anInvitation(8, forAnyone),
        ],
      ]
      const expected = [
        [{ organization: 'acme', email: 'ann@example.com' }, [1, 2]],
        [{ organization: 'acme', email: null }, [7]],
        [{ organization: null, email: null }, [8]],
        [{ organization: null, email: 'ann@example.com' }, []],
      ] as const
      await arrange(store, async (transaction) => {
        await transaction.putOrganization(anOrganization())
        for (const invitation of invitations) await transaction.putInvitation(invitation)
        for (const [of, numbers] of expected) {
          const open = numbers.map((number) => invitations[number - 1])
          assert.deepEqual(await transaction.openInvitations({ ...of, at: created }), open)
        }
      })
    })

    storeTest(suite, 'have no invitations any more once those of their address are deleted', async (store) => {
      const invitations = [
        ...[anInvitation(1), anInvitation(2, { acceptedAt: created }), anInvitation(3, { organization: 'globex' })],
        ...[anInvitation(4, { email: 'bob@example.com' }), anInvitation(5, { email: null })],
        anInvitation(6, { organization: null, role: 'operator', email: null }),
      ]
      const left = async () => {
        const found = await Promise.all(
          ['acme', 'globex', null].map((organization) => store.invitations({ organization, limit: 10 })),
        )
        return found.flatMap(({ items }) => items.map(({ id }) => id))
      }
      await arrange(store, async (transaction) => {
        for (const id of ['acme', 'globex']) await transaction.putOrganization(anOrganization({ id }))
        for (const invitation of invitations) await transaction.putInvitation(invitation)
      })
      await arrange(store, (transaction) =>
        transaction.deleteInvitations({ organization: 'acme', email: 'ann@example.com' }),
      )
      assert.deepEqual(await left(), ['inv_4', 'inv_5', 'inv_3', 'inv_6'])
      assert.equal(await store.invitation(digestOf(1)), undefined)
      await arrange(store, (transaction) => transaction.deleteInvitations({ organization: 'acme', email: null }))
      await arrange(store, (transaction) => transaction.deleteInvitations({ organization: null, email: null }))
      assert.deepEqual(await left(), ['inv_4', 'inv_3'])
      await arrange(store, (transaction) => transaction.putInvitation(anInvitation(1)))
      assert.deepEqual(await store.invitation(digestOf(1)), anInvitation(1))
    })
  })
}
