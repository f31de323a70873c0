import type { Meter } from '@keywright/core'
import { describe, expect, it } from 'vitest'
import { createOtherwise, LimiterUnavailableError } from './otherwise.ts'

const meter = (requests: number): Meter => ({
  limit: { requests, windowSeconds: 60, per: 'key', kind: 'window' },
  subject: 'key_1',
  slot: -1,
})

async function admitted(counters: ReturnType<typeof createOtherwise>, requests: number): Promise<number> {
  let count = 0
  while (count < 100 && (await counters.take([meter(requests)], 1, 0)).taken) count++
  return count
}

describe('where limits cannot be counted together', () => {
  it('a node counts its part of each by itself', async () => {
    expect(
      await admitted(
        createOtherwise('localShare', () => 3),
        30,
      ),
    ).toBe(10)
    expect(
      await admitted(
        createOtherwise('localShare', () => 3),
        2,
      ),
    ).toBe(1)
    expect(
      await admitted(
        createOtherwise('localShare', () => 0),
        5,
      ),
    ).toBe(5)
    const quota = await createOtherwise('localShare', () => 3).take([meter(30)], 1, 0)
    expect(quota.states).toMatchObject([{ limit: { requests: 30 }, remaining: 9 }])
  })

  it.each([
    ['window', [10, 5, 0, 0]],
    ['bucket', [10, 0, 0, 0]],
  ] as const)('a node goes on from what it has let through when others come and go: a %s', async (kind, expected) => {
    let nodes = 3
    const counters = createOtherwise('localShare', () => nodes)
    const limited = () => ({ ...meter(30), limit: { ...meter(30).limit, kind } })
    const admittedBy = []
    for (nodes of [3, 2, 3, 2]) {
      let count = 0
      while ((await counters.take([limited()], 1, 0)).taken) count++
      admittedBy.push(count)
      expect(await counters.peek([limited()], 0)).toMatchObject([{ limit: { requests: 30 }, remaining: 0 }])
    }
    expect(admittedBy).toEqual(expected)
  })

  it('lets nothing through where that was chosen', () => {
    const counters = createOtherwise('refuse', () => 3)
    expect(() => counters.take([meter(30)], 1, 0)).toThrow(LimiterUnavailableError)
    expect(() => counters.peek([meter(30)], 0)).toThrow(LimiterUnavailableError)
  })

  it('lets everything through where that was chosen', async () => {
    expect(
      await admitted(
        createOtherwise('allow', () => 3),
        30,
      ),
    ).toBe(100)
  })
})
