import { setMember } from '@keywright/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { onEachDatabase } from '../support/on-each-database.ts'
import { type SignedUp, signUp } from '../support/people.ts'
import { type TestServer, tester } from '../support/start-server.ts'

const day = (number: number) => new Date(Date.UTC(2026, 10, number))

describe('several filters of more of the audit log than one call looks at', () => {
  onEachDatabase((start) => {
    let server: TestServer
    let person: SignedUp

    async function record(count: number, about: { organization: string; at: Date; id?: string }): Promise<void> {
      await server.lifecycle.store.transact(async (transaction) => {
        const { organization, at, id = tester.id } = about
        const actor = { ...tester, id }
        for (let i = 0; i < count; i++) {
          transaction.record({ action: 'key.imported', organization, target: 'key_1', actor, at, details: {} })
        }
      })
    }

    beforeAll(async () => {
      server = await start({ contract: 'keywright', env: { KEYWRIGHT_SIGN_UP: 'open' } })
      await server.issueElsewhere()
      person = await signUp(server)
      for (const organization of ['acme', 'other-0']) {
        await setMember(server.lifecycle, tester, { organization, user: person.id, role: 'member' })
      }
      await record(2, { organization: 'acme', at: day(1) })
      await record(2, { organization: 'other-0', at: day(1) })
      await record(1, { organization: 'acme', at: day(1) })
      await record(21_000, { organization: 'acme', at: day(3) })
      await record(2, { organization: 'other-0', at: day(1) })
      // Of what neither filter has few of, they have nothing in common.
      await record(21_000, { organization: 'far', at: day(3), id: 'somebody' })
    }, 120_000)
    afterAll(() => server?.stop())

    async function read(query: string) {
      const numbers: number[] = []
      const sizes: number[] = []
      let cursor = ''
      do {
        const { json } = await person.browser.call('GET', `/v1/audit?limit=3&${query}${cursor}`)
        numbers.push(...json.events.map(({ number }: { number: number }) => number))
        sizes.push(json.events.length)
        cursor = json.nextCursor === null ? '' : `&cursor=${json.nextCursor}`
      } while (cursor !== '')
      return { numbers, sizes }
    }

    it('are answered in pages of which some are empty', async () => {
      const { numbers, sizes } = await read('organization=acme&action=key.imported&until=2026-11-02T00:00:00Z')
      expect(numbers).toHaveLength(3)
      expect(sizes).toEqual([0, 3])
    })

    it.each(['newest', 'oldest'])(
      'show the events of several organizations once, in order, %s first',
      async (first) => {
        const { numbers } = await read(`action=key.imported&first=${first}&until=2026-11-02T00:00:00Z`)
        expect(numbers).toHaveLength(7)
        expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => (first === 'newest' ? b - a : a - b)))
      },
    )

    it('are not looked at beyond that many where all have more', async () => {
      const { store } = server.lifecycle
      const none = { organization: 'acme', actor: 'somebody', newestFirst: true, limit: 3 }
      const page = await store.audit(none)
      const rest = await store.audit({ ...none, from: page.next ?? 0 })
      expect([page.changes, rest.changes]).toEqual([[], []])
      expect([page.next === null, rest.next]).toEqual([false, null])
    })
  })
})
