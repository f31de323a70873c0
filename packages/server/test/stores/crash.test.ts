import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ChangeEvent, emptyHead, type Head, type KeyRecord, type Store, verifyChain } from '@keywright/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSqlite } from '../../src/stores/index.ts'
import { startWriter, type Writer } from './killed-writer.ts'

const rounds = Number(process.env.KEYWRIGHT_CRASH_ROUNDS ?? 30)
const seed = Number(process.env.KEYWRIGHT_CRASH_SEED ?? 1)

describe(`a process that is killed while it changes keys (seed ${seed})`, () => {
  let folder: string
  let writer: Writer
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'keywright-crash-'))
  })
  afterAll(() => {
    writer.stop()
    rmSync(folder, { recursive: true })
  })

  it(`loses nothing it acknowledged and leaves nothing half done, ${rounds} times`, { timeout: 600_000 }, async () => {
    const file = join(folder, 'data', 'keywright.sqlite')
    const start = (round: number) => startWriter(file, prefixOf(round), join(folder, 'cache'))
    const random = randomFrom(seed)
    let known: Head = emptyHead
    let acknowledged = 0
    writer = start(1)
    for (let round = 1; round <= rounds; round++) {
      const current = writer
      // Loads while the current one works and is checked.
      writer = start(round + 1)
      // Where it dies while it opens the database, the first of them while it makes it, it has printed only `ready`.
      const lines = round % 5 === 1 ? 1 : 2 + Math.floor(random() * 8)
      const heads = await current.killedAfter(lines, random() * 5)
      known = await reopened(file, (store) => expectIntact(store, known, prefixOf(round), heads))
      acknowledged += heads.length
    }
    expect(acknowledged).toBeGreaterThan(rounds)
    expect(await reopened(file, (store) => expectIntact(store, emptyHead, '', []))).toEqual(known)
  })
})

/** Of the ids of the keys made in a round. */
function prefixOf(round: number): string {
  return `key_${String(round).padStart(6, '0')}`
}

async function reopened<T>(file: string, work: (store: Store) => Promise<T>): Promise<T> {
  const store = openSqlite(file)
  return work(store).finally(() => store.close())
}

/** Checks the log after `known` and the keys after `prefix`, which are the ones it tells of. Answers the head. */
async function expectIntact(store: Store, known: Head, prefix: string, acknowledged: readonly Head[]): Promise<Head> {
  const head = await store.head()
  const log = await store.changes(known.number, Number.MAX_SAFE_INTEGER)
  expect(verifyChain(known, log)).toEqual({ ok: true, head })
  const hashes = new Map(log.map(({ number, hash }) => [number, hash]))
  expect(acknowledged.filter(({ number, hash }) => hashes.get(number) !== hash)).toEqual([])

  const lastActions = new Map(log.map(({ target, action }) => [target, action]))
  lastActions.delete('acme')
  const { items: keys } = await store.keys({ after: prefix, limit: 1_000_000 })
  expect(new Map(keys.map((key) => [key.id, stateOf(key)]))).toEqual(
    new Map([...lastActions].map(([id, action]) => [id, stateAfter[action]])),
  )
  const digests = keys.flatMap(({ id, versions }) => versions.map(({ digest }) => ({ id, digest })))
  const found = await Promise.all(
    digests.map(async ({ digest }) => ({ id: (await store.find(digest))?.key.id, digest })),
  )
  expect(found).toEqual(digests)
  return head
}

function stateOf(key: KeyRecord) {
  return { revision: key.metadata.revision, versions: key.versions.length, isRevoked: key.revokedAt !== null }
}

const stateAfter: Partial<Record<ChangeEvent['action'], ReturnType<typeof stateOf>>> = {
  'key.created': { revision: 1, versions: 1, isRevoked: false },
  'key.rotated': { revision: 2, versions: 2, isRevoked: false },
  'key.revoked': { revision: 3, versions: 2, isRevoked: true },
}

/** Mulberry32: the delays of a run can be had again. */
function randomFrom(start: number): () => number {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
