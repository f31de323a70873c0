import { expect, test } from 'vitest'
import { alphabets, base64url } from './alphabet.ts'
import { randomBase64url, randomText } from './random.ts'

/**
 * More than this by chance: less than once in 10⁹ runs, by the normal approximation of Wilson and Hilferty at 6.5
 * standard deviations (one in 2 × 10¹⁰).
 */
function chiSquareLimit(freedom: number): number {
  return freedom * (1 - 2 / (9 * freedom) + 6.5 * Math.sqrt(2 / (9 * freedom))) ** 3
}

function chiSquare(text: string, alphabet: string): number {
  const counts = new Map([...alphabet].map((character) => [character, 0]))
  for (const character of text) counts.set(character, (counts.get(character) ?? Number.NaN) + 1)
  const expected = text.length / alphabet.length
  return [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
}

test.each(Object.entries(alphabets))(
  'every character of %s is equally likely (chi-square, 10⁶ characters)',
  (_, alphabet) => {
    expect(chiSquare(randomText(alphabet, 1_000_000), alphabet)).toBeLessThan(chiSquareLimit(alphabet.length - 1))
  },
)

test('every character of base64url is equally likely (chi-square, 10⁶ characters)', () => {
  expect(chiSquare(randomBase64url(750_000), base64url)).toBeLessThan(chiSquareLimit(63))
})

test('folding bytes into the alphabet instead of dropping them would be noticed', () => {
  const folded = Array.from({ length: 1_000_000 }, (_, i) => alphabets.base62[(i % 256) % 62]).join('')
  expect(chiSquare(folded, alphabets.base62)).toBeGreaterThan(chiSquareLimit(61))
})

test('characters follow each other independently (chi-square over pairs)', () => {
  const text = randomText(alphabets.hex, 1_000_000)
  const pairs = Array.from({ length: 500_000 }, (_, i) =>
    String.fromCharCode(Number.parseInt(text.slice(2 * i, 2 * i + 2), 16)),
  )
  const everyByte = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join('')
  expect(chiSquare(pairs.join(''), everyByte)).toBeLessThan(chiSquareLimit(255))
})

test('base64url of n bytes decodes to n bytes and is canonical', () => {
  for (let count = 16; count < 70; count++) {
    const text = randomBase64url(count)
    expect(Buffer.from(text, 'base64url')).toHaveLength(count)
    expect(Buffer.from(text, 'base64url').toString('base64url')).toBe(text)
  }
})
