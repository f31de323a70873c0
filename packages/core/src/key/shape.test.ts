import { expect, test } from 'vitest'
import { compileFormat } from './credential.ts'
import type { KeyForm, KeyRule, Random } from './format.ts'
import { entropyBits, formsOverlap } from './shape.ts'

function rule(...forms: (Partial<KeyForm> & { prefix: string })[]): KeyRule {
  return {
    random: { alphabet: 'base62', length: 30 },
    publicId: null,
    checksum: false,
    forms: forms.map((form) => ({ environment: 'live', kind: 'secret', retired: false, ...form })),
  }
}

const base62 = (length: number): Random => ({ alphabet: 'base62', length })

test.each([
  [{ bytes: 32 }, 256],
  [{ alphabet: 'hex', length: 32 }, 128],
  [{ alphabet: 'crockford32', length: 26 }, 130],
  [{ alphabet: 'base62', length: 43 }, 256.03],
  [{ alphabet: 'base58', length: 22 }, 128.88],
] as [Random, number][])('%j has the entropy of %d bits', (random, bits) => {
  expect(entropyBits(random)).toBeCloseTo(bits, 1)
})

test('forms with prefixes that differ do not overlap', () => {
  expect(formsOverlap(rule({ prefix: 'kw_live_' }, { prefix: 'kw_test_' }))).toBeNull()
})

test('forms of the same prefix and different length do not overlap', () => {
  expect(formsOverlap(rule({ prefix: 'kw_' }, { prefix: 'kw_', random: base62(31) }))).toBeNull()
  expect(formsOverlap(rule({ prefix: 'kw_', random: base62(31) }, { prefix: 'kw_' }))).toBeNull()
})

test('a prefix that the random part of another form cannot spell does not overlap', () => {
  expect(formsOverlap(rule({ prefix: 'kw_live_' }, { prefix: 'kw_', random: base62(35) }))).toBeNull()
})

test('a prefix that the random part of another form can spell overlaps, and some string shows it', () => {
  const both = rule({ prefix: 'kw_live_', random: base62(38) }, { prefix: 'kw_', random: { bytes: 32 } })
  expect(formsOverlap(both)).toBe("Forms 1 ('kw_live_') and 2 ('kw_'): the same string can be a key of both.")
  const witness = `kw_live_${'0'.repeat(38)}`
  for (const form of both.forms) expect(compileFormat({ ...both, forms: [form] }).parse(witness)).toBe(0)
})

test('a checksum does not keep forms apart: one key in four billion would be both', () => {
  expect(formsOverlap(rule({ prefix: 'kw_', checksum: true }, { prefix: 'kw_', random: base62(36) }))).not.toBeNull()
})

test('the same form twice overlaps', () => {
  expect(formsOverlap(rule({ prefix: 'a_' }, { prefix: 'b_' }, { prefix: 'a_' }))).toContain('Forms 1')
})
