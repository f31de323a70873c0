import { hash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DigestTable } from './digest-table.ts'

/** Few first words and few tails, so that probes run into each other and digests share all but their last byte. */
const digest = fc
  .tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 }))
  .map(([first, middle, last]) => {
    const head = String.fromCharCode((first & 1) | ((first >> 1) << 8), 0)
    return `${head}${String.fromCharCode(middle * 85 * 257).repeat(13)}${String.fromCharCode(last * 85 * 257)}`
  })

const step = fc.record({ digest, verb: fc.constantFrom('insert', 'insert', 'remove', 'find') })

describe('a table of digests', () => {
  it('answers like a Map, whatever is put in and taken out', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.array(step, { maxLength: 300 }), (most, steps) => {
        const places = new Map<number, string>()
        const table = new DigestTable(most, (from, to) => {
          const moved = places.get(from)
          if (moved !== undefined) places.set(to, moved)
          places.delete(from)
        })
        const model = new Set<string>()
        for (const { digest, verb } of steps) {
          expect(table.find(digest) >= 0).toBe(model.has(digest))
          if (verb === 'remove' && model.delete(digest)) {
            places.delete(table.find(digest))
            table.remove(table.find(digest))
          }
          if (verb === 'insert' && !model.has(digest) && !table.full) {
            places.set(table.insert(digest, `id of ${digest}`), digest)
            model.add(digest)
          }
          expect(table.size).toBe(model.size)
          expect(table.full).toBe(model.size === most)
        }
        expect(new Set(places.values())).toEqual(model)
        for (const [entry, digest] of places) {
          expect(table.find(digest)).toBe(entry)
          expect(table.ids[entry]).toBe(`id of ${digest}`)
        }
        expect(table.ids.filter((id) => id !== undefined)).toHaveLength(model.size)
      }),
      { numRuns: 500 },
    )
  })

  it('grows to its maximum and no further, and keeps every line on the way', () => {
    const most = 5000
    const moves: string[] = []
    const table = new DigestTable(most, (from, to) => moves.push(`${from} → ${to}`))
    for (let i = 0; i < most; i++) {
      const entry = table.insert(digestOf(i), `key ${i}`)
      table.words[(entry << 4) + 11] = i
      table.doubles[(entry << 3) + 6] = i / 3
    }
    expect(table.full).toBe(true)
    expect(table.lines).toBeLessThan(most * 1.6)
    for (let i = 0; i < most; i++) {
      const entry = table.find(digestOf(i))
      expect(table.ids[entry]).toBe(`key ${i}`)
      expect(table.words[(entry << 4) + 11]).toBe(i)
      expect(table.doubles[(entry << 3) + 6]).toBe(i / 3)
    }
    expect(table.find(digestOf(most))).toBe(-1)
    expect(moves).toEqual(['1537 → 0', '3073 → 0', '6145 → 0', '7501 → 0'])
  })

  it('hands out a line that is blank behind the digest, also one that was used before', () => {
    const table = new DigestTable(1)
    const entry = table.insert(digestOf(1), 'one')
    table.words.fill(-1, (entry << 4) + 8, (entry << 4) + 16)
    table.remove(entry)
    const again = table.insert(digestOf(1), 'two')
    expect(again).toBe(entry)
    const words = [...table.words.subarray((again << 4) + 8, (again << 4) + 16)]
    expect(words).toEqual([0, 0, 0, 0, 0, 0, 0, 0])
  })

  it('takes in as much after years of coming and going as on the first day', () => {
    const table = new DigestTable(64)
    for (let i = 0; i < 20_000; i++) {
      if (table.full) table.remove(table.find(digestOf(i - 64)))
      table.insert(digestOf(i), `key ${i}`)
    }
    expect(table.lines).toBeLessThan(100)
    for (let i = 20_000 - 64; i < 20_000; i++) expect(table.find(digestOf(i))).toBeGreaterThanOrEqual(0)
    expect(table.find(digestOf(20_000 - 65))).toBe(-1)
  })

  it('is empty once it was cleared', () => {
    const table = new DigestTable(5000)
    for (let i = 0; i < 3000; i++) table.insert(digestOf(i), `key ${i}`)
    table.clear()
    expect(table.size).toBe(0)
    expect(table.find(digestOf(1))).toBe(-1)
    expect(table.ids[table.insert(digestOf(1), 'again')]).toBe('again')
  })

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 24 + 1])('refuses to hold %d digests', (most) => {
    expect(() => new DigestTable(most)).toThrow(RangeError)
  })
})

function digestOf(number: number): string {
  return Buffer.from(hash('sha256', String(number), 'hex'), 'hex').toString('utf16le')
}
