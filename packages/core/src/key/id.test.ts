import { expect, test } from 'vitest'
import { newId } from './id.ts'

const crockford = '0123456789abcdefghjkmnpqrstvwxyz'
const bitsOf = (id: string) =>
  [...id.slice(id.indexOf('_') + 1)].reduce((bits, digit) => bits * 32n + BigInt(crockford.indexOf(digit)), 0n)

test.each(['key', 'org', 'prj', 'svc'])('a new %s id is that prefix and 26 characters', (prefix) => {
  const id = newId(prefix)
  expect(id).toMatch(new RegExp(`^${prefix}_[0-7][0-9a-hjkmnp-tv-z]{25}$`))
})

test('an id is a UUID of version 7 with the time it was made', () => {
  const now = Date.now() + 60_000
  for (let i = 0; i < 100; i++) {
    const uuid = bitsOf(newId('key', now + i))
    expect(Number(uuid >> 80n)).toBe(now + i)
    expect((uuid >> 76n) & 0xfn).toBe(7n)
    expect((uuid >> 62n) & 0x3n).toBe(2n)
  }
})

test('ids ascend as they are made, within a millisecond and when the clock is set back', () => {
  const now = Date.now() + 120_000
  const ids = [
    ...Array.from({ length: 20_000 }, () => newId('key', now)),
    ...Array.from({ length: 100 }, (_, i) => newId('key', now - 3_600_000 * i)),
    ...Array.from({ length: 100 }, () => newId('key')),
  ]
  expect([...ids].sort()).toEqual(ids)
  expect(new Set(ids)).toHaveLength(ids.length)
})

test('62 bits of each id are random, so that one does not lead to the next', () => {
  const ids = Array.from({ length: 2_000 }, () => bitsOf(newId('key')) & ((1n << 62n) - 1n))
  for (let bit = 0n; bit < 62n; bit++) {
    const ones = ids.filter((id) => (id >> bit) & 1n).length
    // 7.5 standard deviations: one false alarm in 10¹¹ for all bits together.
    expect(Math.abs(ones - 1_000)).toBeLessThan(168)
  }
})
