import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { aKey, anOrganization, digestOf, someEvent } from '@keywright/core/testing'
import BetterSqlite3 from 'better-sqlite3'
import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSqlite } from './open-sqlite.ts'
import { openPeopleFile } from './people-database.ts'

let folder: string
let file: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keywright-'))
  file = join(folder, 'keywright.sqlite')
})
afterEach(() => rmSync(folder, { recursive: true }))

/** What `write` comes to that is begun while another program holds the file, and which `meanwhile` does not wait for. */
async function whileLocked<T>(write: () => Promise<T>, meanwhile: () => void = () => {}): Promise<T> {
  const other = new BetterSqlite3(file)
  other.exec('begin immediate')
  const written = write()
  // Nobody else would come to let it go, if the process stood still for it.
  await setTimeout(100)
  meanwhile()
  other.exec('rollback')
  other.close()
  return written
}

describe('a file that another program has locked', () => {
  it('is waited for by changes one after the other, while keys are found', async () => {
    const store = openSqlite(file)
    await store.transact(async (transaction) => {
      await transaction.putOrganization(anOrganization())
      await transaction.putKey(aKey(1))
      transaction.record(someEvent())
    })
    const change = () => store.transact(async (transaction) => transaction.record(someEvent()))
    const done = await whileLocked(
      () => Promise.all([change(), change(), change()]),
      () => expect(store.find(digestOf(1))).toBeDefined(),
    )
    expect(done.flatMap(({ changes }) => changes.map(({ number }) => number))).toEqual([2, 3, 4])
    await store.close()
  })

  it('is waited for by what is written outside of changes', async () => {
    const store = openSqlite(file)
    const now = new Date()
    const call = { id: 'call_1', caller: 'a', route: 'b', key: 'c', fingerprint: 'd', since: 0, now }
    const written = await whileLocked(() =>
      Promise.all([
        store.calls.claim(call),
        store.signIn.attempts.count('a', 60, now),
        store.usage.prune('usage', now, 1),
      ]),
    )
    expect(written).toMatchObject([{ state: 'new' }, { count: 1 }, 0])
    await store.close()
  })

  it('is waited for by accounts and sessions', async () => {
    const people = openPeopleFile(file)
    await sql`create table people (name text)`.execute(people.db)
    await whileLocked(() => people.db.transaction().execute((db) => sql`insert into people values ('Ann')`.execute(db)))
    expect((await sql`select name from people`.execute(people.db)).rows).toEqual([{ name: 'Ann' }])
    await people.close()
  })

  it('is not waited for without end', async () => {
    const store = openSqlite(file)
    const other = new BetterSqlite3(file)
    other.exec('begin immediate')
    const change = store.transact(async (transaction) => transaction.record(someEvent()))
    await expect(change).rejects.toMatchObject({ code: 'SQLITE_BUSY' })
    other.close()
    await store.transact(async (transaction) => transaction.record(someEvent()))
    await store.close()
  })
})
