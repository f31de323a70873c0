import { setTimeout } from 'node:timers/promises'
import { emptyHead, type Head } from '@keywright/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openPostgres, type SharedStore } from '../../src/stores/index.ts'
import { told } from '../faults/figures.ts'
import { type OwnPostgres, startPostgres } from '../support/postgres.ts'
import { randomFrom } from '../support/random.ts'
import { changeKeys, foundAcme } from './change-keys.ts'
import { expectIntact } from './intact.ts'

const rounds = Number(process.env.KEYWRIGHT_CRASH_ROUNDS ?? 8)
const seed = Number(process.env.KEYWRIGHT_CRASH_SEED ?? 1)
const writers = 3

describe(`a PostgreSQL that is killed while keys are changed (seed ${seed})`, () => {
  let postgres: OwnPostgres
  let store: SharedStore
  beforeAll(async () => {
    postgres = await startPostgres({ fsync: 'on' })
    store = openPostgres(await postgres.createDatabase())
    await store.prepare()
    await foundAcme(store)
  })
  afterAll(async () => {
    await store.close()
    await postgres.stop()
  })

  it(`has all it acknowledged and nothing half done, ${rounds} times`, {
    timeout: 60_000 + rounds * 10_000,
  }, async () => {
    const random = randomFrom(seed)
    let known: Head = emptyHead
    let acknowledged = 0
    const recoveries: number[] = []
    for (let round = 1; round <= rounds; round++) {
      const prefix = `key_${String(round).padStart(6, '0')}`
      const heads: Head[] = []
      const writing = Array.from({ length: writers }, (_, writer) =>
        changeKeys(store, `${prefix}_${writer}`, (head) => heads.push(head)).catch(() => {}),
      )
      await setTimeout(30 + random() * 200)
      await postgres.kill()
      await Promise.all(writing)
      await postgres.start()
      const backAt = performance.now()
      while (!(await store.head().catch(() => null))) await setTimeout(5)
      recoveries.push(performance.now() - backAt)
      known = await expectIntact(store, known, prefix, heads)
      acknowledged += heads.length
    }
    expect(acknowledged).toBeGreaterThan(rounds)
    told(
      `${rounds} kills of PostgreSQL, ${acknowledged} changes acknowledged and none lost; answered again`,
      recoveries,
    )
  })
})
