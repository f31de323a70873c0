import { expect, it } from 'vitest'
import type { Change } from '../audit/event.ts'
import { createMemoryStore } from '../store/memory.ts'
import type { Store } from '../store/store.ts'
import { anOrganization } from '../testing/index.ts'
import { arrange } from '../testing/store/suite.ts'
import { publish } from './publish.ts'

it('a store that is written as a class with private members can be published', async () => {
  const inner = createMemoryStore()
  class Stored {
    #inner = inner
    transact: Store['transact'] = (work) => this.#inner.transact(work)
    organization(id: string) {
      return this.#inner.organization(id)
    }
    head() {
      return this.#inner.head()
    }
  }
  const followed: Change[] = []
  const store = publish(new Stored() as unknown as Store, async (changes) => void followed.push(...changes))
  await arrange(store, (transaction) => transaction.putOrganization(anOrganization()))
  expect(await store.organization('acme')).toMatchObject({ id: 'acme' })
  expect(followed).toEqual(await inner.changes(0, 10))
  expect((await store.head()).number).toBe(1)
})
