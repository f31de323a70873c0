import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { emptyHead, type Head, type Store } from '@keywright/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSqlite } from '../../src/stores/index.ts'
import { randomFrom } from '../support/random.ts'
import { expectIntact } from './intact.ts'
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

  it(`loses nothing it acknowledged and leaves nothing half done, ${rounds} times`, {
    timeout: 60_000 + rounds * 5_000,
  }, async () => {
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
