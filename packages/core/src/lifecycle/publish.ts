import type { Change } from '../audit/event.ts'
import type { Store } from '../store/store.ts'

/**
 * The same store, whose transactions resolve once `follow` has put their changes in force: who is told that a key is
 * revoked must not see it accepted by the one who said so.
 */
export function publish(store: Store, follow: (changes: readonly Change[]) => Promise<void>): Store {
  async function transact<T>(work: Parameters<typeof store.transact<T>>[0]) {
    const done = await store.transact(work)
    await follow(done.changes)
    return done
  }
  return new Proxy({} as Store, {
    get(_, name) {
      if (name === 'transact') return transact
      const member: unknown = Reflect.get(store, name)
      // Called as methods of the store itself: one written as a class finds its private members nowhere else.
      return typeof member === 'function' ? member.bind(store) : member
    },
  })
}
