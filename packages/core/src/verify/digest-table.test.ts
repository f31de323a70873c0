import { hash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DigestTable } from './digest-table.ts'

/** Few first words and few tails, so that probes run into each other and digests share all but their last byte. */
const digest = fc
  .tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 }))
  .map(([first, middle, last]) => {
    const head = String.fromCharCode(first & 1, first >> 1, 0, 0)
    return `${head}${String.fromCharCode(middle * 85).repeat(27)}${String.fromCharCode(last * 85)}`
  })

const step = fc.record({ digest, verb: fc.constantFrom('insert', 'insert', 'remove', 'find') })

describe('a table of digests', () => {
  it('answers like a Map, whatever is put in and taken out', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.array(step, { maxLength: 300 }), (most, steps) => {
        const table = new DigestTable(most)
        const model = new Map<string, number>()
        for (const { digest, verb } of steps) {
          expect(table.find(digest)).toBe(model.get(digest) ?? -1)
          if (verb === 'remove' && model.has(digest)) {
            table.remove(model.get(digest) as number)
            model.delete(digest)
          }
          if (verb === 'insert' && !model.has(digest) && !table.full) {
            const entry = table.insert(digest)
            expect([...model.values()]).not.toContain(entry)
            model.set(digest, entry)
          }
          expect(table.size).toBe(model.size)
          expect(table.full).toBe(model.size === most)
        }
        for (const [known, entry] of model) expect(table.find(known)).toBe(entry)
      }),
      { numRuns: 500 },
    )
  })

  it('grows to its maximum and no further, and keeps every line on the way', () => {
    const most = 5000
    const table = new DigestTable(most)
    const entries = new Map<string, number>()
    for (let i = 0; i < most; i++) {
      const entry = table.insert(digestOf(i))
      entries.set(digestOf(i), entry)
      table.words[(entry << 4) + 11] = i
      table.doubles[(entry << 3) + 6] = i / 3
    }
    expect(table.full).toBe(true)
    expect(table.words.byteLength).toBe(most * 64)
    for (let i = 0; i < most; i++) {
      const entry = table.find(digestOf(i))
      expect(entry).toBe(entries.get(digestOf(i)))
      expect(table.words[(entry << 4) + 11]).toBe(i)
      expect(table.doubles[(entry << 3) + 6]).toBe(i / 3)
    }
    expect(table.find(digestOf(most))).toBe(-1)
  })

  it('hands out a line that is blank behind the digest, also one that was used before', () => {
    const table = new DigestTable(1)
    const entry = table.insert(digestOf(1))
    table.words.fill(-1, (entry << 4) + 8, (entry << 4) + 16)
    table.remove(entry)
    const again = table.insert(digestOf(2))
    expect([...table.words.subarray((again << 4) + 8, (again << 4) + 16)]).toEqual(Array(8).fill(0))
  })

  it('takes in as much after years of coming and going as on the first day', () => {
    const table = new DigestTable(64)
    const entries: number[] = []
    for (let i = 0; i < 20_000; i++) {
      if (table.full) table.remove(entries.shift() as number)
      entries.push(table.insert(digestOf(i)))
    }
    expect(table.top).toBe(64)
    for (let i = 20_000 - 64; i < 20_000; i++) expect(table.find(digestOf(i))).toBeGreaterThanOrEqual(0)
    expect(table.find(digestOf(20_000 - 65))).toBe(-1)
  })

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 25 + 1])('refuses to hold %d digests', (most) => {
    expect(() => new DigestTable(most)).toThrow(RangeError)
  })
})

function digestOf(number: number): string {
  return hash('sha256', String(number), 'binary')
}
