import type { ChangeEvent } from '../../audit/event.ts'
import type { Store, Transaction } from '../../store/store.ts'

/** What a test runner has to offer; Vitest's and Node's own will both do. */
export interface TestRunner {
  describe(name: string, body: () => void): void
  it(name: string, body: () => Promise<void>): void
}

export interface StoreUnderTest {
  store: Store
  /** Takes down what `create` put up. */
  close(): Promise<void>
}

export interface StoreSuite extends TestRunner {
  /** An empty store, for one test. */
  create(): Promise<StoreUnderTest>
}

/** A test with a store of its own, which is closed afterwards whatever happens. */
export function storeTest({ it, create }: StoreSuite, name: string, body: (store: Store) => Promise<void>): void {
  it(name, async () => {
    const { store, close } = await create()
    try {
      await body(store)
    } finally {
      await close()
    }
  })
}

/** Puts what a test needs, in a transaction that records one change. */
export async function arrange(store: Store, work: (transaction: Transaction) => Promise<void>): Promise<void> {
  await store.transact(async (transaction) => {
    await work(transaction)
    transaction.record(someEvent())
  })
}

export function someEvent(change: Partial<ChangeEvent> = {}): ChangeEvent {
  return {
    action: 'key.updated',
    organization: 'acme',
    target: 'key_1',
    actor: { type: 'system', id: 'tests', triggeredBy: 'api', address: null, requestId: null },
    at: new Date('2026-11-20T08:00:00.123Z'),
    details: {},
    ...change,
  }
}
