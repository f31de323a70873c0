import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileFormat } from './credential.ts'
import type { KeyForm } from './format.ts'

const form = (prefix: string, environment: string): KeyForm => ({ prefix, environment, kind: 'secret', retired: false })
const format = compileFormat({
  random: { alphabet: 'base62', length: 43 },
  publicId: null,
  checksum: true,
  forms: [form('kw_live_', 'live'), form('kw_test_', 'test')],
})
const { credential } = format.mint({ environment: 'test', kind: 'secret' })

test('a key is described by its form', () => {
  expect(format.describe(credential)).toEqual({ valid: true, form: form('kw_test_', 'test') })
})

const short = credential.slice(0, -1)
const replaced = (at: number, by: string) => credential.slice(0, at) + by + credential.slice(at + 1)

test.each([
  ['nothing', '', 'There is no key: the value is empty.'],
  ['a key of something else', 'sk_live_51H', 'A key begins with kw_live_ or kw_test_; this does not.'],
  ['a key in capitals', credential.toUpperCase(), 'A key begins with kw_live_ or kw_test_; this does not.'],
  [
    'a quoted key',
    `"${credential}"`,
    'A key begins with kw_live_ or kw_test_; the first character here is a quotation mark.',
  ],
  [
    'a space before it',
    ` ${credential}`,
    'A key begins with kw_live_ or kw_test_; the first character here is white space.',
  ],
  [
    'a byte order mark before it',
    `\ufeff${credential}`,
    'A key begins with kw_live_ or kw_test_; the first character here is not ASCII, though it may look so.',
  ],
  [
    'a line break after it',
    `${credential}\n`,
    'A key that begins with kw_test_ has 57 characters, this has 58; the first one too many is white space.',
  ],
  ['a key cut short', short, 'A key that begins with kw_test_ has 57 characters, this has 56.'],
  ['a key masked for display', `kw_test_…${credential.slice(-4)}`, 'Character 9 is not ASCII, though it may look so.'],
  ['an underscore inside', replaced(20, '_'), 'Character 21 cannot stand in a key at that place.'],
  ['a Cyrillic letter inside', replaced(20, 'а'), 'Character 21 is not ASCII, though it may look so.'],
  [
    'a typing error',
    replaced(20, credential[20] === 'x' ? 'y' : 'x'),
    'Its checksum does not match: at least one character is mistyped.',
  ],
])('%s is explained', (_, text, message) => {
  expect(format.describe(text)).toMatchObject({ valid: false, message })
})

test('of forms with the same prefix the one of the same length explains', () => {
  const both = compileFormat({
    random: { alphabet: 'hex', length: 40 },
    publicId: null,
    checksum: false,
    forms: [form('kw_', 'live'), { ...form('kw_', 'live'), random: { alphabet: 'hex', length: 32 }, retired: true }],
  })
  expect(both.describe(`kw_${'a'.repeat(32)}`)).toMatchObject({ valid: true, form: { retired: true } })
  expect(both.describe(`kw_${'a'.repeat(31)}g`)).toMatchObject({
    message: 'Character 35 cannot stand in a key at that place.',
  })
})

test('the longer of two fitting prefixes explains', () => {
  const both = compileFormat({
    random: { alphabet: 'hex', length: 40 },
    publicId: null,
    checksum: false,
    forms: [form('kw_', 'live'), form('kw_test_', 'test')],
  })
  expect(both.describe('kw_test_a')).toMatchObject({
    message: 'A key that begins with kw_test_ has 48 characters, this has 9.',
  })
})

test('what is described as valid is what the parser accepts, and no explanation repeats the credential', () => {
  const anything = fc.oneof(
    fc.array(fc.nat(0xffff)).map((codes) => String.fromCharCode(...codes)),
    fc.string().map((rest) => `kw_live_${rest}`),
    fc.constant(credential),
  )
  fc.assert(
    fc.property(anything, (text) => {
      const description = format.describe(text)
      expect(description.valid).toBe(format.parse(text) >= 0)
      const rest = text.replace(/^kw_live_/, '')
      if (!description.valid && rest.length > 6) expect(description.message).not.toContain(rest)
    }),
  )
})
