import assert from 'node:assert/strict'
import type { Limit } from '../key/record.ts'
import type { Counters, Meter } from '../limit/counters.ts'
import type { TestRunner } from './store/suite.ts'

export interface CountersSuite extends TestRunner {
  name: string
  /** Counters of which nothing is spent, for one test. */
  create: () => Counters | Promise<Counters>
}

const start = Date.UTC(2026, 10, 20, 8)
const second = 1000
const kinds = ['window', 'bucket'] as const

function meter(subject: string, limit: Partial<Limit> = {}): Meter {
  return { limit: { requests: 3, windowSeconds: 60, per: 'key', kind: 'window', ...limit }, subject, slot: -1 }
}

/** As the verifier's are: it says what it is pointed at when it is asked, and forgets what is written to it. */
class PointedMeter implements Meter {
  readonly limit: Limit
  #subject: string

  constructor(limit: Limit, subject: string) {
    this.limit = limit
    this.#subject = subject
  }

  point(subject: string): void {
    this.#subject = subject
  }

  get subject(): string {
    return this.#subject
  }

  get slot(): number {
    return -1
  }

  set slot(_: number) {}
}

/** Every promise `Counters` make, as tests: run them over your own. Time is passed in; nothing waits for it. */
export function countersConformance({ name, create, describe, it }: CountersSuite): void {
  const test = (title: string, body: (counters: Counters) => Promise<void>) =>
    it(title, async () => body(await create()))

  describe(name, () => {
    for (const kind of kinds) {
      describe(`a ${kind}`, () => {
        test('lets exactly its requests of many at once through', async (counters) => {
          const takes = Array.from({ length: 50 }, () =>
            counters.take([meter('key_1', { requests: 20, kind })], 1, start),
          )
          const quotas = await Promise.all(takes)
          assert.equal(quotas.filter(({ taken }) => taken).length, 20)
        })

        test('lets through what waited as long as it was told, and no millisecond sooner', async (counters) => {
          const limited = [meter('key_1', { requests: 3, windowSeconds: 7, kind })]
          for (const afterMs of [0, 10, 200]) assert.ok((await counters.take(limited, 1, start + afterMs)).taken)
          const refused = await counters.take(limited, 2, start + 300)
          assert.ok(!refused.taken && refused.retryAfterMs >= 1 && refused.retryAfterMs <= 7 * second)
          const open = start + 300 + refused.retryAfterMs
          assert.deepEqual(
            [(await counters.take(limited, 2, open - 1)).taken, (await counters.take(limited, 2, open)).taken],
            [false, true],
          )
        })

        test('is the one its meter pointed at when it was asked, whatever that points at since', async (counters) => {
          const pointed = new PointedMeter(meter('key_1', { requests: 2, kind }).limit, 'key_1')
          const asked = []
          for (const subject of ['key_1', 'key_2', 'key_1', 'key_2', 'key_1']) {
            pointed.point(subject)
            asked.push(counters.take([pointed], 1, start))
          }
          pointed.point('key_3')
          const taken = (await Promise.all(asked)).map((quota) => quota.taken)
          assert.deepEqual(taken, [true, true, true, true, false])
          const [left] = await counters.peek([pointed], start)
          pointed.point('key_1')
          const [none] = await counters.peek([pointed], start)
          assert.deepEqual([left?.remaining, none?.remaining], [2, 0])
        })

        test('is spent by nothing it refused', async (counters) => {
          const limited = [meter('key_1', { kind })]
          assert.ok((await counters.take(limited, 3, start)).taken)
          const { retryAfterMs } = await counters.take(limited, 1, start)
          for (let wait = 0; wait < retryAfterMs; wait += 997) {
            assert.ok(!(await counters.take(limited, 1, start + wait)).taken)
          }
          assert.ok((await counters.take(limited, 1, start + retryAfterMs)).taken)
        })

        test('charges what a request costs', async (counters) => {
          const limited = [meter('key_1', { requests: 10, kind })]
          const first = await counters.take(limited, 7, start)
          const second = await counters.take(limited, 4, start)
          const third = await counters.take(limited, 3, start)
          assert.deepEqual(
            [first, second, third].map(({ states }) => states[0]?.remaining),
            [3, 3, 0],
          )
          assert.deepEqual(
            [first, second, third].map(({ taken }) => taken),
            [true, false, true],
          )
        })

        test('never lets a cost above it through, and asks for a wait all the same', async (counters) => {
          const quota = await counters.take([meter('key_1', { kind })], 4, start)
          assert.deepEqual([quota.taken, quota.retryAfterMs, quota.states[0]?.remaining], [false, 60 * second, 3])
        })

        test('is free again at resetAt', async (counters) => {
          const limited = [meter('key_1', { kind })]
          await counters.take(limited, 1, start)
          const resetAt = (await counters.take(limited, 1, start + 5 * second)).states[0]?.resetAt ?? 0
          assert.equal(resetAt, kind === 'window' ? start + 65 * second : start + 40 * second)
          assert.ok(((await counters.peek(limited, resetAt - 1))[0]?.remaining ?? 3) < 3)
          assert.deepEqual(await counters.peek(limited, resetAt), [{ limit: limited[0]?.limit, remaining: 3, resetAt }])
        })

        test('frees nothing when the clock steps back', async (counters) => {
          const limited = [meter('key_1', { kind })]
          await counters.take(limited, 3, start)
          for (const backMs of [1, second, 30 * second]) {
            assert.ok(!(await counters.take(limited, 1, start - backMs)).taken)
          }
        })
      })
    }

    test('a window holds wherever it starts, not only at the full minute', async (counters) => {
      const limited = [meter('key_1', { requests: 2 })]
      const takenAt = async (afterMs: number) => (await counters.take(limited, 1, start + afterMs)).taken
      assert.deepEqual([await takenAt(59_000), await takenAt(59_900), await takenAt(60_100)], [true, true, false])
      assert.deepEqual([await takenAt(118_999), await takenAt(119_000), await takenAt(119_001)], [false, true, false])
    })

    test('a bucket refills evenly', async (counters) => {
      const limited = [meter('key_1', { requests: 6, kind: 'bucket' })]
      assert.ok((await counters.take(limited, 6, start)).taken)
      const remaining = []
      for (const afterMs of [9_999, 10_000, 25_000, 60_000]) {
        remaining.push((await counters.peek(limited, start + afterMs))[0]?.remaining)
      }
      assert.deepEqual(remaining, [0, 1, 2, 6])
    })

    test('of several limits, one that refuses leaves the others uncharged', async (counters) => {
      const [wide, narrow] = [meter('acme', { per: 'organization', requests: 9 }), meter('key_1', { requests: 1 })]
      await counters.take([wide, narrow], 1, start)
      const refused = await counters.take([wide, narrow], 1, start)
      assert.deepEqual([refused.taken, refused.refusedBy], [false, 1])
      assert.deepEqual(
        refused.states.map(({ remaining }) => remaining),
        [8, 0],
      )
      assert.equal((await counters.peek([wide], start))[0]?.remaining, 8)
    })

    test('of several limits that refuse, the one with the longest wait is named', async (counters) => {
      const meters = [meter('key_1', { windowSeconds: 5 }), meter('key_1'), meter('key_1', { windowSeconds: 9 })]
      await counters.take(meters, 3, start)
      const refused = await counters.take(meters, 1, start)
      assert.deepEqual([refused.refusedBy, refused.retryAfterMs], [1, 60 * second])
      assert.ok((await counters.take(meters, 1, start + refused.retryAfterMs)).taken)
    })

    test('one subject may have two limits', async (counters) => {
      const meters = [meter('key_1', { requests: 2, windowSeconds: 1 }), meter('key_1', { requests: 3 })]
      const taken = []
      for (const afterMs of [0, 0, 0, 1000, 2000, 60_000]) {
        taken.push((await counters.take(meters, 1, start + afterMs)).taken)
      }
      assert.deepEqual(taken, [true, true, false, true, false, true])
    })

    test('a limit that is named twice is charged once', async (counters) => {
      const quota = await counters.take([meter('key_1'), meter('key_1')], 1, start)
      assert.deepEqual(
        quota.states.map(({ remaining }) => remaining),
        [2, 2],
      )
    })

    test('meters of the same subject share what it has spent', async (counters) => {
      for (let i = 0; i < 3; i++) assert.ok((await counters.take([meter('key_1')], 1, start)).taken)
      assert.ok(!(await counters.take([meter('key_1')], 1, start)).taken)
    })

    test('no subject, kind of subject or limit spends what another has', async (counters) => {
      await counters.take([meter('one')], 3, start)
      const others = [
        meter('two'),
        meter('one', { per: 'organization' }),
        meter('one', { per: 'address' }),
        meter('one', { kind: 'bucket' }),
        meter('one', { windowSeconds: 61 }),
        meter('one', { requests: 4 }),
      ]
      const quota = await counters.take(others, 1, start)
      assert.deepEqual(
        quota.states.map(({ remaining }) => remaining),
        [2, 2, 2, 2, 2, 3],
      )
    })

    test('looking charges nothing', async (counters) => {
      const limited = [meter('key_1'), meter('key_2')]
      await counters.take(limited.slice(1), 1, start)
      for (let i = 0; i < 5; i++) {
        assert.deepEqual(await counters.peek(limited, start + 1), [
          { limit: limited[0]?.limit, remaining: 3, resetAt: start + 1 },
          { limit: limited[1]?.limit, remaining: 2, resetAt: start + 60 * second },
        ])
      }
    })

    test('what is under no limit is let through', async (counters) => {
      assert.deepEqual(await counters.take([], 1, start), { taken: true, states: [], retryAfterMs: 0, refusedBy: -1 })
    })
  })
}
