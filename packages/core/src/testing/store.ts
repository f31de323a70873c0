import { audit } from './store/audit.ts'
import { changeLog } from './store/change-log.ts'
import { deletion } from './store/deletion.ts'
import { hostileStrings } from './store/hostile-strings.ts'
import { keyLists } from './store/key-lists.ts'
import { lists } from './store/lists.ts'
import { lookups } from './store/lookups.ts'
import { people } from './store/people.ts'
import type { StoreSuite } from './store/suite.ts'
import { transactions } from './store/transactions.ts'
import { uniqueness } from './store/uniqueness.ts'

export * from './store/records.ts'
export { type StoreSuite, type StoreUnderTest, someEvent, type TestRunner } from './store/suite.ts'

/** Every promise a `Store` makes, as tests: run them over your own. */
export function storeConformance(suite: StoreSuite): void {
  suite.describe('a store', () => {
    lookups(suite)
    lists(suite)
    keyLists(suite)
    transactions(suite)
    changeLog(suite)
    audit(suite)
    uniqueness(suite)
    deletion(suite)
    hostileStrings(suite)
    people(suite)
  })
}
