import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isSlug } from './namespace.ts'

test.each(['default', 'a', '0', 'acme-corp', 'a_b', 'x'.repeat(63), 'a--b', 'constructor', '2026'])(
  '%j is a name',
  (text) => {
    expect(isSlug(text)).toBe(true)
  },
)

test.each([
  '',
  'Root',
  'ROOT',
  'root/',
  '/root',
  'root ',
  ' root',
  'root\n',
  'root\0',
  '*',
  '+',
  'a*',
  'a.b',
  '..',
  '.',
  'a/b',
  'a%2fb',
  'a\\b',
  '-a',
  '_a',
  '__proto__',
  'x'.repeat(64),
  'ｒｏｏｔ',
  'ro\u200bot',
  'roоt',
  'ﬁle',
  'café',
  '\ufeffroot',
  '{{name}}',
  '$name',
])('%j is no name, and none is made of it', (text) => {
  expect(isSlug(text)).toBe(false)
})

test('names are exactly [a-z0-9][a-z0-9_-]{0,62}', () => {
  const texts = fc.oneof(
    fc.string({ unit: fc.constantFrom(...'abz09_-A.'), maxLength: 66 }),
    fc.string({ unit: fc.constantFrom(...'abz09_-'), minLength: 60, maxLength: 66 }),
    fc.array(fc.nat(0xffff)).map((codes) => String.fromCharCode(...codes)),
  )
  fc.assert(
    fc.property(texts, (text) => {
      expect(isSlug(text)).toBe(/^[a-z0-9][a-z0-9_-]{0,62}$/.test(text))
    }),
  )
})
