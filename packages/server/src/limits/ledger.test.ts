import type { Limit } from '@keywright/core'
import { expect, it } from 'vitest'
import { caughtUp, charge, emptyLedger, giveBack, resetOf, roomFor } from './ledger.ts'

it.each([10, 1_000])('of a window of %i requests only what is still spent is remembered', (requests) => {
  const limit: Limit = { requests, windowSeconds: 10, per: 'key', kind: 'window' }
  let ledger = emptyLedger(limit)
  for (let now = 1_000; now <= 200_000; now += 1_000) ledger = charge(ledger, limit, 1, now, now)
  expect(ledger).toMatchObject({ window: { length: 10 } })
})

it('a bucket that refills by several requests in a millisecond is charged for each of them alone', () => {
  const limit: Limit = { requests: 7_000, windowSeconds: 1, per: 'key', kind: 'bucket' }
  let ledger = emptyLedger(limit)
  for (let times = 1; times <= 7_000; times++) {
    ledger = charge(ledger, limit, 1, 1_000, 1_000)
    expect(roomFor(ledger, limit, 1_000)).toBe(7_000 - times)
  }
})

it('what is given back after the clock was set back is given back once', () => {
  const limit: Limit = { requests: 10, windowSeconds: 16, per: 'key', kind: 'window' }
  let ledger = charge(emptyLedger(limit), limit, 4, 2_000, 1_000)
  ledger = caughtUp(charge(ledger, limit, 5, 4_000, 3_000), limit, 1_000)
  expect(roomFor(giveBack(ledger, limit, 2, 2_000, 1_000), limit, 1_000)).toBe(3)
})

it.each(['window', 'bucket'] as const)(
  'all of a %s is free from now on, and not since before, where nothing is spent',
  (kind) => {
    const limit: Limit = { requests: 10, windowSeconds: 16, per: 'key', kind }
    expect(resetOf(charge(emptyLedger(limit), limit, 1, 1_000, 1_000), limit, 100_000)).toBe(100_000)
  },
)
