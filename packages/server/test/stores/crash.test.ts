import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { type Change, emptyHead, type Head, type Store, verifyChain } from '@keywright/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSqlite } from '../../src/stores/index.ts'

const rounds = Number(process.env.KEYWRIGHT_CRASH_ROUNDS ?? 30)
const seed = Number(process.env.KEYWRIGHT_CRASH_SEED ?? 1)
const writer = join(import.meta.dirname, 'busy-writer.ts')

describe(`a process that is killed while it changes keys (seed ${seed})`, () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'keywright-crash-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  it(`loses nothing it had acknowledged and leaves nothing half done, ${rounds} times`, { timeout: 300_000 }, async () => {
    const file = join(folder, 'data', 'keywright.sqlite')
    const random = randomFrom(seed)
    const acknowledged: Head[] = []
    let next = startWriter(folder, file, 0)
    for (let round = 1; round <= rounds; round++) {
      const child = next
      if (round < rounds) next = startWriter(folder, file, round)
      // One in five dies while it opens the database, the first of them while it makes it.
      const delayMs = round % 5 === 1 ? { afterStart: random() * 40 } : { afterOpen: random() * 60 }
      acknowledged.push(...(await killed(child, delayMs)))

      const store = openSqlite(file)
      try {
        await expectIntact(store, acknowledged)
      } finally {
        await store.close()
      }
    }
    expect(acknowledged.length).toBeGreaterThan(rounds)
  })
})
