import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Limit } from '../key/record.ts'
import type { Meter } from './counters.ts'
import { createMemoryCounters } from './memory.ts'

const start = Date.UTC(2026, 10, 20, 8)

function meter(subject: string, limit: Partial<Limit> = {}): Meter {
  return { limit: { requests: 3, windowSeconds: 60, per: 'key', kind: 'window', ...limit }, subject, slot: -1 }
}

describe('a flood of addresses', () => {
  for (const kind of ['window', 'bucket'] as const) {
    const address = (subject: string | number) => meter(String(subject), { per: 'address', kind })

    it(`takes no more memory and no key's counter (${kind})`, () => {
      const counters = createMemoryCounters({ maxCounters: 1024 })
      const keys = Array.from({ length: 500 }, (_, i) => meter(`key_${i}`))
      for (const key of keys) counters.take([key], 2, start)
      for (let i = 0; i < 2000; i++) counters.take([address(i)], 1, start)
      const { bytes } = counters.usage()
      for (let i = 0; i < 20_000; i++) counters.take([address(`more ${i}`)], 1, start)
      expect(counters.usage()).toEqual({ keyed: 500, addresses: 256, shared: 16, forgotten: 0, bytes })
      expect(new Set(counters.peek(keys, start).map(({ remaining }) => remaining))).toEqual(new Set([1]))
    })

    it(`leaves those it found with a counter of their own (${kind})`, () => {
      const counters = createMemoryCounters({ maxCounters: 1024 })
      counters.take([address('early')], 2, start)
      for (let i = 0; i < 5000; i++) counters.take([address(i)], 1, start)
      expect(counters.take([address('early')], 1, start).taken).toBe(true)
      expect(counters.take([address('early')], 1, start).taken).toBe(false)
    })

    it(`never lets an address have more than its limit, nor hides that it shares one (${kind})`, () => {
      const counters = createMemoryCounters({ maxCounters: 64 })
      const spent = new Map<number, number>()
      for (let i = 0; i < 3000; i++) {
        const subject = (i * 7919) % 97
        const before = counters.peek([address(subject)], start)[0]?.remaining ?? 0
        const { taken } = counters.take([address(subject)], 1, start)
        expect(taken).toBe(before > 0)
        if (taken) spent.set(subject, (spent.get(subject) ?? 0) + 1)
      }
      expect(Math.max(...spent.values())).toBe(3)
    })

    it(`is over once there is room, and what was spent together stays spent (${kind})`, () => {
      const counters = createMemoryCounters({ maxCounters: 64 })
      for (let i = 0; i < 16; i++) counters.take([address(i)], 3, start)
      const late = start + 50_000
      expect(counters.take([address('late')], 3, late).taken).toBe(true)
      expect(counters.take([address('later')], 1, late).taken).toBe(false)

      const roomy = start + 60_000
      const refused = counters.take([address('late')], 2, roomy)
      expect([refused.taken, counters.take([address('new')], 1, roomy).taken]).toEqual([false, false])
      expect(counters.usage().addresses).toBe(16)
      const open = roomy + refused.retryAfterMs
      expect(counters.take([address('late')], 2, open - 1).taken).toBe(false)
      expect(counters.take([address('late')], 2, open).taken).toBe(true)
      expect(counters.take([address('new')], 1, open).taken).toBe(true)
      expect(counters.take([address('late')], 3, start + 180_000).taken).toBe(true)
      expect(counters.take([address('new')], 3, start + 180_000).taken).toBe(true)
    })

    it(`is over with no more spent than was spent together (${kind})`, () => {
      const counters = createMemoryCounters({ maxCounters: 64 })
      for (let i = 0; i < 16; i++) counters.take([address(i)], 3, start)
      counters.take([address('late')], 1, start + 50_000)
      expect(counters.take([address('new')], 1, start + 60_000)).toMatchObject({
        taken: true,
        states: [{ remaining: 1 }],
      })
      expect(counters.usage()).toMatchObject({ addresses: 16, shared: 1 })
    })
  }

  it('takes along, once there is room again, only what is still spent', () => {
    const counters = createMemoryCounters({ maxCounters: 64 })
    const late = () => meter('late', { per: 'address' })
    for (let i = 0; i < 16; i++) counters.take([meter(`early_${i}`, { per: 'address' })], 1, start)
    counters.take([late()], 2, start)
    counters.take([late()], 1, start + 30_000)
    expect(counters.usage().shared).toBe(1)
    expect(counters.take([late()], 1, start + 60_000).states[0]?.remaining).toBe(1)
  })

  it('under more limits than there is room to share fails, and charges nothing', () => {
    const counters = createMemoryCounters({ maxCounters: 64 })
    const key = meter('key')
    for (let i = 0; i < 16; i++) counters.take([meter(`${i}`, { per: 'address' })], 1, start)
    const other = (windowSeconds: number) => meter('other', { per: 'address', windowSeconds })
    for (const windowSeconds of [61, 62]) counters.take([key, other(windowSeconds)], 1, start)
    expect(() => counters.take([key, other(63)], 1, start)).toThrow('maxCounters')
    expect(counters.peek([key], start)[0]?.remaining).toBe(1)
  })
})

describe('more active keys than there is room for', () => {
  it('makes one begin anew that was not asked of late, and says so', () => {
    const counters = createMemoryCounters({ maxCounters: 64 })
    const keys = Array.from({ length: 46 }, (_, i) => meter(`key_${i}`))
    const anew = () => keys.filter((key) => counters.peek([key], start)[0]?.remaining === 3)
    for (const key of keys) counters.take([key], 3, start)
    expect(counters.usage()).toMatchObject({ keyed: 46, forgotten: 0 })
    counters.take([meter('one more')], 3, start)
    expect(counters.usage()).toMatchObject({ keyed: 46, forgotten: 1 })
    const [first] = anew()
    const active = keys.filter((key) => key !== first && key.subject !== 'key_17')
    for (const key of active) counters.take([key], 0, start)
    counters.take([meter('another')], 3, start)
    expect(counters.usage()).toMatchObject({ keyed: 46, forgotten: 2 })
    expect(anew()).toEqual(keys.filter((key) => !active.includes(key)))
  })

  it('takes those of which nothing is spent first', () => {
    const counters = createMemoryCounters({ maxCounters: 64 })
    counters.take([meter('brief', { windowSeconds: 1 })], 3, start)
    for (let i = 0; i < 45; i++) counters.take([meter(`key_${i}`)], 3, start)
    counters.take([meter('one more')], 3, start + 1000)
    expect(counters.usage()).toMatchObject({ keyed: 46, forgotten: 0 })
  })

  it.each(['after', 'before'])(
    'never forgets what is in use, such as a limit of their organization %s theirs',
    (order) => {
      const counters = createMemoryCounters({ maxCounters: 64 })
      const organization = meter('acme', { per: 'organization', requests: 1000 })
      const take = (subject: string, now: number) => {
        const meters = [meter(subject), organization]
        return counters.take(order === 'after' ? meters : meters.reverse(), 1, now)
      }
      for (let i = 0; i < 1000; i++) expect(take(`key_${i}`, start + i).taken).toBe(true)
      expect(take('another', start + 1000)).toMatchObject({ taken: false, refusedBy: order === 'after' ? 1 : 0 })
    },
  )

  it('finds one that can go however many addresses lie between', () => {
    const counters = createMemoryCounters({ maxCounters: 1024 })
    for (let i = 0; i < 736; i++) counters.take([meter(`key_${i}`)], 3, start)
    for (let i = 0; i < 256; i++) counters.take([meter(`${i}`, { per: 'address' })], 3, start)
    for (let i = 0; i < 1000; i++) expect(counters.take([meter(`more_${i}`)], 3, start).taken).toBe(true)
    expect(counters.usage()).toMatchObject({ keyed: 736, addresses: 256, shared: 0, forgotten: 1000 })
  })

  it('fails where one take alone needs more', () => {
    const counters = createMemoryCounters({ maxCounters: 64 })
    const meters = Array.from({ length: 47 }, (_, i) => meter(`key_${i}`))
    expect(() => counters.take(meters, 1, start)).toThrow('maxCounters')
    expect(counters.peek(meters, start).every(({ remaining }) => remaining === 3)).toBe(true)
  })
})

it('refuses no key and admits no address wrongly while there is never enough room for either', () => {
  const visit = fc.record({
    subject: fc.nat(70),
    per: fc.oneof({ weight: 5, arbitrary: fc.constant('key') }, fc.constant('address')),
    kind: fc.constantFrom('window', 'bucket'),
    afterMs: fc.oneof({ weight: 40, arbitrary: fc.nat(10) }, fc.constant(4_000), fc.constant(64_000)),
  })
  fc.assert(
    fc.property(fc.array(visit, { minLength: 200, maxLength: 600 }), (visits) => {
      const counters = createMemoryCounters({ maxCounters: 64 })
      const spentUntil = new Map<string, number>()
      let now = start
      for (const { subject, per, kind, afterMs } of visits) {
        now += afterMs
        const name = `${per} ${kind} ${subject}`
        const limited = [meter(String(subject), { per, kind, requests: 1, windowSeconds: 4 } as Partial<Limit>)]
        const isSpent = (spentUntil.get(name) ?? 0) > now
        const { forgotten } = counters.usage()
        const { taken } = counters.take(limited, 1, now)
        if (per === 'key' && !isSpent) expect(taken).toBe(true)
        if (isSpent && (per === 'address' || forgotten === 0)) expect(taken).toBe(false)
        if (taken) spentUntil.set(name, now + 4_000)
        const { keyed, addresses, shared } = counters.usage()
        expect(keyed <= 46 && addresses <= 16 && shared <= 2).toBe(true)
      }
    }),
    { numRuns: 40 },
  )
})
