import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { aKey, anOrganization, digestOf, keyId, someEvent } from '@keywright/core/testing'
import BetterSqlite3 from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sqlite } from './sqlite.ts'

let folder: string
let client: BetterSqlite3.Database

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keywright-'))
  client = new BetterSqlite3(join(folder, 'application.sqlite'))
})
afterEach(() => {
  client.close()
  rmSync(folder, { recursive: true })
})

describe("the caller's own SQLite client", () => {
  it('is left with its own tables, and open when the store is closed', async () => {
    client.exec(`create table keys (id text); insert into keys values ('mine')`)
    const store = sqlite(client)
    await store.close()
    expect(client.prepare('select id from keys').pluck().all()).toEqual(['mine'])
  })

  it('is set to have each commit on disk before it is acknowledged', async () => {
    client.pragma('synchronous = OFF')
    client.pragma('foreign_keys = OFF')
    const store = sqlite(client)
    expect(client.pragma('journal_mode', { simple: true })).toBe('wal')
    expect(client.pragma('synchronous', { simple: true })).toBe(2)
    expect(client.pragma('foreign_keys', { simple: true })).toBe(1)
    await store.close()
  })

  it('is set to write nowhere but beside its file', async () => {
    const store = sqlite(client)
    const inMemory = 2
    expect(client.pragma('temp_store', { simple: true })).toBe(inMemory)
    await store.close()
  })

  it('answers a credential at once, without a promise', async () => {
    const store = sqlite(client)
    await store.transact(async (transaction) => {
      await transaction.putOrganization(anOrganization())
      await transaction.putKey(aKey(1))
      transaction.record(someEvent())
    })
    expect(store.find(digestOf(1))).toMatchObject({ key: { id: keyId(1) }, readAt: 1 })
    expect(store.find(digestOf(2))).toBeUndefined()
    await store.close()
  })

  it('cannot be one in memory, which no second connection could read', () => {
    const inMemory = new BetterSqlite3(':memory:')
    expect(() => sqlite(inMemory)).toThrow(TypeError)
    inMemory.close()
  })

  it('fails every read once the store is closed, rather than answer that there is nothing', async () => {
    const store = sqlite(client)
    await store.close()
    expect(() => store.find(digestOf(1))).toThrow()
    await expect(store.key(keyId(1))).rejects.toThrow()
    await expect(store.head()).rejects.toThrow()
  })
})
