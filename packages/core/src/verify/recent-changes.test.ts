import { describe, expect, it } from 'vitest'
import type { FoundKey } from '../store/store.ts'
import { aKey, anOrganization } from '../testing/index.ts'
import { RecentChanges } from './recent-changes.ts'

const found = (readAt: number): FoundKey => ({
  key: aKey(1, { createdBy: 'usr_1' }),
  organization: anOrganization(),
  maker: null,
  readAt,
  readHash: '',
})

describe('an answer', () => {
  it.each([aKey(1).id, 'acme', 'acme/usr_1'])(
    'read before a change of %s is too old, and one read since is not',
    (of) => {
      const recent = new RecentChanges()
      recent.add(of, 7)
      expect([6, 7, 8].map((readAt) => recent.outdate(found(readAt)))).toEqual([true, false, false])
      // Applied late.
      recent.add(of, 5)
      expect(recent.outdate(found(6))).toBe(true)
    },
  )

  it.each([aKey(2).id, 'other', 'acme/usr_2', 'other/usr_1', 'usr_1'])('is not outdated by a change of %s', (of) => {
    const recent = new RecentChanges()
    recent.add(of, 7)
    expect(recent.outdate(found(1))).toBe(false)
  })

  it('is too old where more has changed since than is remembered', () => {
    const recent = new RecentChanges()
    recent.add('acme', 1)
    for (let number = 2; number <= 10_000; number++) recent.add(`key_${number}`, number)
    expect(recent.outdate(found(0))).toBe(true)
    expect(recent.outdate(found(10_000))).toBe(false)
  })

  it('is good where only something else has changed since, however much changed before', () => {
    const recent = new RecentChanges()
    const outdated: number[] = []
    for (let number = 1; number <= 10_000; number++) {
      recent.add(`key_${number}`, number)
      if (recent.outdate(found(number - 1))) outdated.push(number)
    }
    expect(outdated).toEqual([])
  })

  it('is good whatever its number once all changes are forgotten, however many there were', () => {
    const recent = new RecentChanges()
    for (let number = 1; number <= 10_000; number++) recent.add(`key_${number}`, number)
    recent.clear()
    expect(recent.outdate(found(0))).toBe(false)
  })
})
