import { expect, it } from 'vitest'
import { verifyChain } from '../audit/chain.ts'
import { createMemoryStore } from '../store/memory.ts'
import { testActor } from '../testing/in-memory.ts'
import { someEvent } from '../testing/store/suite.ts'
import { pruneAudit } from './prune-audit.ts'

const day = (number: number) => new Date(Date.UTC(2026, 10, number))

/** The numbers that are left of changes on these days, once those before the 10th were due on the 20th. */
async function leftOf(days: readonly number[]): Promise<number[]> {
  const store = createMemoryStore()
  await store.transact(async (transaction) => {
    for (const number of days) transaction.record(someEvent({ at: day(number) }))
  })
  const now = () => day(20)
  await pruneAudit({ store, now }, testActor, { before: day(10), limit: 100 })
  const rest = await store.changes(0, 100)
  expect(verifyChain(await store.checkpoint(), rest)).toEqual({ ok: true, head: await store.head() })
  return rest.filter(({ action }) => action !== 'audit.pruned').map(({ number }) => number)
}

it('what is due is deleted although a clock was ahead for one of the changes before it', async () => {
  expect(await leftOf([1, 2, 300, 3, 4, 12, 5])).toEqual([6, 7])
  expect(await leftOf([300, 301, 1, 300])).toEqual([4])
})

it('what a clock has put into the future alone is kept', async () => {
  expect(await leftOf([300, 12])).toEqual([1, 2])
  expect(await leftOf([300])).toEqual([1])
})

it('how many were deleted is told, to one of two nodes that see to it at the same time', async () => {
  const store = createMemoryStore()
  await store.transact(async (transaction) => {
    for (const number of [1, 2, 3]) transaction.record(someEvent({ at: day(number) }))
  })
  const prune = () => pruneAudit({ store, now: () => day(20) }, testActor, { before: day(10), limit: 2 })
  expect((await Promise.all([prune(), prune()])).sort()).toEqual([0, 2])
  expect(await prune()).toBe(1)
})
