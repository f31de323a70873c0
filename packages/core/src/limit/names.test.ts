import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Names } from './names.ts'

it('finds what was added and not removed, however many fall on one place', () => {
  const steps = fc.array(fc.record({ number: fc.nat(31), home: fc.integer({ min: -3, max: 3 }) }), { maxLength: 200 })
  fc.assert(
    fc.property(steps, (taken) => {
      const names = new Names(4)
      const held = new Map<number, Int32Array>()
      let capacity = 4
      for (const [step, { number, home }] of taken.entries()) {
        const digest = held.get(number)
        if (digest) {
          names.remove(number)
          held.delete(number)
          expect(names.find(digest)).toBe(-1)
        } else {
          while (capacity <= number) {
            capacity *= 2
            names.grow(capacity)
          }
          held.set(number, Int32Array.of(home, step, 0, 0))
          names.add(number, Int32Array.of(home, step, 0, 0))
        }
        for (const [each, its] of held) expect(names.find(its)).toBe(each)
      }
    }),
  )
})

it('tells names apart, and the same name in two tables', () => {
  const [one, other, elsewhere] = [new Int32Array(4), new Int32Array(4), new Int32Array(4)]
  const names = new Names(4)
  names.digest('a', one)
  names.digest('b', other)
  new Names(4).digest('a', elsewhere)
  expect(one).not.toEqual(other)
  expect(one).not.toEqual(elsewhere)
  names.digest('a', other)
  expect(one).toEqual(other)
})
