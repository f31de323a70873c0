import { expect, test } from 'vitest'
import { compileFormat } from './credential.ts'
import type { KeyForm, KeyRule } from './format.ts'

const form = (prefix: string): KeyForm => ({ prefix, environment: 'live', kind: 'secret', retired: false })
const hopx: KeyRule = {
  random: { bytes: 32 },
  publicId: { length: 12, separator: '.' },
  checksum: false,
  forms: [form('hopx_live_')],
}

test('a pattern spells out prefix, public id, separator and random part', () => {
  expect(compileFormat(hopx).patterns()).toEqual([
    {
      environment: 'live',
      kind: 'secret',
      keyword: 'hopx_live_',
      regex: 'hopx_live_[0-9A-Za-z]{12}\\.[0-9A-Z_a-z-]{42}[048AEIMQUYcgkosw]',
    },
  ])
})

test('random part and checksum of the same alphabet are one run', () => {
  const rule: KeyRule = { ...hopx, publicId: null, checksum: true, random: { alphabet: 'base62', length: 43 } }
  expect(compileFormat(rule).patterns()[0]?.regex).toBe('hopx_live_[0-9A-Za-z]{49}')
})

test.each(['a.b*c+', 'k$w^', 'x(y)|[z]{2}\\', 'a/b-c?'])('the prefix %s stands for itself', (prefix) => {
  const format = compileFormat({ ...hopx, forms: [form(prefix)] })
  const pattern = new RegExp(`^(?:${format.patterns()[0]?.regex})$`)
  const { credential } = format.mint({ environment: 'live', kind: 'secret' })
  expect(credential).toMatch(pattern)
  expect(`_${credential.slice(1)}`).not.toMatch(pattern)
})

test('a pattern finds a key inside other text', () => {
  const format = compileFormat(hopx)
  const { credential } = format.mint({ environment: 'live', kind: 'secret' })
  const found = new RegExp(format.patterns()[0]?.regex ?? '').exec(`HOPX_API_KEY="${credential}" # do not commit`)
  expect(found?.[0]).toBe(credential)
})
