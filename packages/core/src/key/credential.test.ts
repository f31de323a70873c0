import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { alphabets } from './alphabet.ts'
import { compileFormat } from './credential.ts'
import type { AlphabetName, KeyForm, KeyRule, Random } from './format.ts'
import { checksumOf } from './scan.ts'

function form(prefix: string, more: Partial<KeyForm> = {}): KeyForm {
  return { prefix, environment: 'live', kind: 'secret', retired: false, ...more }
}

const checksummed: KeyRule = {
  random: { alphabet: 'base62', length: 43 },
  publicId: null,
  checksum: true,
  forms: [
    form('kw_live_'),
    form('kw_test_', { environment: 'test' }),
    form('kw_pub_', { kind: 'publishable', random: { alphabet: 'base58', length: 22 } }),
    form('kw_', { retired: true, random: { alphabet: 'hex', length: 32 }, checksum: false }),
  ],
}

const withPublicId: KeyRule = {
  random: { bytes: 32 },
  publicId: { length: 12, separator: '.' },
  checksum: false,
  forms: [form('hopx_live_')],
}

const keywright = compileFormat(checksummed)
const hopx = compileFormat(withPublicId)
const live = { environment: 'live', kind: 'secret' }

const formats: [string, KeyRule][] = [
  ['base62 with checksum', checksummed],
  ['public id and base64url', withPublicId],
  ['public id and checksum', { ...withPublicId, checksum: true }],
  ['no prefix', { ...checksummed, forms: [form('')] }],
  ['public id without separator', { ...withPublicId, publicId: { length: 8, separator: '' } }],
  ...(Object.keys(alphabets) as AlphabetName[]).map((alphabet): [string, KeyRule] => [
    alphabet,
    { ...checksummed, random: { alphabet, length: 40 }, forms: [form('sk_live_')] },
  ]),
  ...[16, 17, 18, 20].map((bytes): [string, KeyRule] => [
    `${bytes} bytes`,
    { ...checksummed, checksum: false, random: { bytes }, forms: [form('sk_live_')] },
  ]),
]

/** Every string that differs from `text` in one character, which becomes each of `others`. */
function* withOneChanged(text: string, others: (character: string) => Iterable<string>): Generator<string> {
  for (let i = 0; i < text.length; i++) {
    for (const other of others(text.charAt(i))) {
      if (other !== text.charAt(i)) yield text.slice(0, i) + other + text.slice(i + 1)
    }
  }
}

const visibleAscii = Array.from({ length: 94 }, (_, i) => String.fromCharCode(0x21 + i))

describe.each(formats)('a format of %s', (_, rule) => {
  const format = compileFormat(rule)

  test('accepts every key it mints, as the form it was minted for', () => {
    for (let i = 0; i < 500; i++) expect(format.parse(format.mint(live).credential)).toBe(0)
  })

  test('refuses a key with any one character cut, doubled or added', () => {
    const { credential } = format.mint(live)
    for (let i = 0; i <= credential.length; i++) {
      if (i < credential.length) expect(format.parse(credential.slice(0, i) + credential.slice(i + 1))).toBe(-1)
      expect(format.parse(credential.slice(0, i) + credential.charAt(i) + credential.slice(i))).toBe(
        i === credential.length ? 0 : -1,
      )
      expect(format.parse(`${credential.slice(0, i)}a${credential.slice(i)}`)).toBe(-1)
    }
  })

  test('never mints the same key or public id twice', () => {
    const minted = Array.from({ length: 1_000 }, () => format.mint(live))
    expect(new Set(minted.map(({ credential }) => credential))).toHaveLength(1_000)
    if (rule.publicId) expect(new Set(minted.map(({ hint }) => hint))).toHaveLength(1_000)
  })
})

describe('a key whose bytes were touched is refused', () => {
  const { credential } = keywright.mint(live)

  test('any one character changed to any other (checksum)', () => {
    for (const changed of withOneChanged(credential, () => visibleAscii)) expect(keywright.parse(changed)).toBe(-1)
  })

  test('any two neighbours exchanged (checksum)', () => {
    for (let i = 1; i < credential.length; i++) {
      const [a, b] = [credential.charAt(i - 1), credential.charAt(i)]
      if (a !== b) expect(keywright.parse(credential.slice(0, i - 1) + b + a + credential.slice(i + 1))).toBe(-1)
    }
  })

  test("one character's case flipped (byte-exact comparison)", () => {
    const flip = (character: string) =>
      character === character.toLowerCase() ? character.toUpperCase() : character.toLowerCase()
    for (const flipped of withOneChanged(credential, (character) => [flip(character)]))
      expect(keywright.parse(flipped)).toBe(-1)
    expect(keywright.parse(credential.toUpperCase())).toBe(-1)
    expect(keywright.parse(credential.toLowerCase())).toBe(-1)
  })

  test.each([
    ' ',
    '\t',
    '\n',
    '\r',
    '\r\n',
    '\v',
    '\f',
    '\0',
    '\u007f',
    '"',
    "'",
    '`',
    ',',
    ';',
    '=',
    '\u00a0',
    '\u0085',
    '\u2028',
  ])('with %j before, after or inside it', (added) => {
    for (let i = 0; i <= credential.length; i++)
      expect(keywright.parse(credential.slice(0, i) + added + credential.slice(i))).toBe(-1)
  })

  test('quoted, percent-encoded or escaped', () => {
    expect(keywright.parse(`"${credential}"`)).toBe(-1)
    expect(keywright.parse(credential.replaceAll('_', '%5F'))).toBe(-1)
    expect(keywright.parse(credential.replaceAll('_', '\\_'))).toBe(-1)
    expect(keywright.parse(`Bearer ${credential}`)).toBe(-1)
    expect(keywright.parse(`${credential},${credential}`)).toBe(-1)
  })
})

describe('nothing is folded or normalised before a key is compared', () => {
  const { credential } = keywright.mint(live)
  const plain = compileFormat({ ...checksummed, checksum: false })
  const uncheckedKey = plain.mint(live).credential

  test.each([
    ['full-width forms', (character: string) => String.fromCodePoint(character.charCodeAt(0) + 0xfee0)],
    [
      'the character 256 above it, equal in its low byte',
      (character: string) => String.fromCharCode(character.charCodeAt(0) + 0x100),
    ],
    ['the byte with its high bit set', (character: string) => String.fromCharCode(character.charCodeAt(0) | 0x80)],
    [
      'mathematical letters (NFKC)',
      (character: string) => String.fromCodePoint(0x1d400 + (character.charCodeAt(0) & 31)),
    ],
    ['with a combining mark', (character: string) => `${character}\u0301`],
    ['with a zero-width space', (character: string) => `${character}\u200b`],
    ['with a zero-width joiner', (character: string) => `${character}\u200d`],
    ['with a byte order mark', (character: string) => `${character}\ufeff`],
    ['a lone surrogate', () => '\ud835'],
  ])('%s', (_, twin) => {
    for (const changed of withOneChanged(credential, (character) => [twin(character)]))
      expect(keywright.parse(changed)).toBe(-1)
    for (const changed of withOneChanged(uncheckedKey, (character) => [twin(character)]))
      expect(plain.parse(changed)).toBe(-1)
    expect(plain.parse([...uncheckedKey].map(twin).join(''))).toBe(-1)
  })

  test('homoglyphs from Cyrillic, Greek and the Kelvin sign', () => {
    const twins = new Map(
      Object.entries({
        a: 'а',
        e: 'е',
        o: 'о',
        c: 'с',
        p: 'р',
        x: 'х',
        i: 'і',
        A: 'Α',
        B: 'Β',
        K: '\u212a',
        k: 'κ',
        s: 'ſ',
        _: '\uff3f',
      }),
    )
    for (const changed of withOneChanged(uncheckedKey, (character) => [twins.get(character) ?? character]))
      expect(plain.parse(changed)).toBe(-1)
  })

  test('a byte order mark before the key', () => {
    expect(keywright.parse(`\ufeff${credential}`)).toBe(-1)
  })
})

describe('arbitrary input', () => {
  test('no string makes the parser throw, and none but a key is accepted', () => {
    const anything = fc.oneof(
      fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 70 }).map((codes) => String.fromCharCode(...codes)),
      fc
        .string({ unit: fc.constantFrom(...alphabets.base62), minLength: 49, maxLength: 49 })
        .map((rest) => `kw_live_${rest}`),
    )
    fc.assert(
      fc.property(anything, (text) => {
        expect(keywright.parse(text)).toBe(-1)
        expect(hopx.parse(text)).toBe(-1)
      }),
      { numRuns: 20_000 },
    )
  })

  test('an over-long credential is refused by its length', () => {
    const { credential } = keywright.mint(live)
    expect(keywright.parse(credential.repeat(1_000))).toBe(-1)
    expect(keywright.parse('k'.repeat(1 << 24))).toBe(-1)
  })

  test('the parser and the published pattern accept the same strings', () => {
    const plain = compileFormat({ ...withPublicId, random: { bytes: 16 } })
    const pattern = new RegExp(`^(?:${plain.patterns()[0]?.regex})$`)
    const { credential } = plain.mint(live)
    for (const changed of withOneChanged(credential, () => visibleAscii))
      expect(plain.parse(changed) >= 0).toBe(pattern.test(changed))
  })
})

describe('checksum', () => {
  test('is CRC-32 of all before it, in six base62 digits, the most significant first', () => {
    const { credential } = keywright.mint(live)
    const value = [...credential.slice(-6)].reduce((sum, digit) => sum * 62 + alphabets.base62.indexOf(digit), 0)
    expect(value).toBe(crc32(credential.slice(0, -6)))
  })

  test('keeps its leading zeros', () => {
    const text =
      Array.from({ length: 10_000 }, (_, i) => `kw_${i}`).find((candidate) => crc32(candidate) < 62 ** 4) ?? ''
    expect(checksumOf(text)).toMatch(/^00[0-9A-Za-z]{4}$/)
  })

  test('with a character that is no digit is refused, also where the digit would be zero', () => {
    let { credential } = keywright.mint(live)
    while (!credential.slice(-6).includes('0')) ({ credential } = keywright.mint(live))
    for (const changed of withOneChanged(credential, () => visibleAscii)) expect(keywright.parse(changed)).toBe(-1)
  })

  test('written as a number above 32 bits is refused', () => {
    const { credential } = keywright.mint(live)
    expect(keywright.parse(`${credential.slice(0, -6)}zzzzzz`)).toBe(-1)
  })
})

describe('mint', () => {
  test('issues the first form of an environment and kind that is not retired', () => {
    const rule = { ...checksummed, forms: [form('old_', { retired: true }), form('new_'), form('other_')] }
    expect(compileFormat(rule).mint(live).credential).toMatch(/^new_/)
  })

  test('issues a key of the kind that is asked for, where another of that environment comes first', () => {
    expect(keywright.mint({ environment: 'live', kind: 'publishable' }).credential).toMatch(/^kw_pub_/)
  })

  test('still accepts what a retired form issued', () => {
    expect(keywright.parse(`kw_${'0123456789abcdef'.repeat(2)}`)).toBe(3)
  })

  test('says which forms there are where none fits', () => {
    expect(() => keywright.mint({ environment: 'staging', kind: 'secret' })).toThrow(
      'No form issues secret keys for staging; there are live secret, test secret, live publishable.',
    )
  })

  test('draws a public id and a secret that stand where the form says', () => {
    const { credential, hint } = hopx.mint(live)
    expect(credential).toMatch(/^hopx_live_[0-9A-Za-z]{12}\.[A-Za-z0-9_-]{43}$/)
    expect(credential.startsWith(`${hint}.`)).toBe(true)
  })
})

test('base64url with bits that decode to nothing is refused, so that no two keys are the same bytes', () => {
  const { credential } = hopx.mint(live)
  const accepted = [...withOneChanged(credential, () => visibleAscii)].filter(
    (changed) => changed.slice(0, -1) === credential.slice(0, -1) && hopx.parse(changed) === 0,
  )
  expect(accepted).toHaveLength(15)
  expect(new Set(accepted.map((changed) => changed.at(-1)))).toEqual(
    new Set([...'AEIMQUYcgkosw048'].filter((last) => last !== credential.at(-1))),
  )
})

describe('hint', () => {
  test('shows prefix and last four characters, and no more of the secret', () => {
    const { credential, hint } = keywright.mint(live)
    expect(hint).toBe(`kw_live_…${credential.slice(-4)}`)
    expect(keywright.hint(credential)).toBe(hint)
  })

  test('shows the public id where there is one, and nothing of the secret', () => {
    const { credential, hint } = hopx.mint(live)
    expect(hopx.hint(credential)).toBe(hint)
    expect(hint).toHaveLength('hopx_live_'.length + 12)
  })

  test('shows nothing of what is no credential: it may be a secret of something else', () => {
    expect(keywright.hint('correct horse battery staple')).toBe('…')
    expect(keywright.hint(hopx.mint(live).credential)).toBe('…')
  })
})

describe('join', () => {
  test('makes the credential from the two headers of id and secret', () => {
    const { credential, hint } = hopx.mint(live)
    expect(hopx.join(hint, credential.slice(hint.length + 1))).toBe(credential)
  })

  test('moving the border between id and secret gives no credential', () => {
    const format = compileFormat({ ...withPublicId, publicId: { length: 8, separator: '' } })
    const { credential, hint } = format.mint(live)
    for (let i = 0; i <= credential.length; i++)
      expect(format.parse(format.join(credential.slice(0, i), credential.slice(i)))).toBe(i === hint.length ? 0 : -1)
  })

  test('uses the separator of the form that the halves are of', () => {
    const rules = ['.', '_', '-'].map((separator, i) => {
      return { ...withPublicId, publicId: { length: 12, separator }, random: { bytes: 32 - i } }
    })
    const forms = rules.map(({ publicId, random }) => ({ ...form('hopx_live_'), publicId, random }))
    const mixed = compileFormat({ ...withPublicId, forms })
    for (const rule of rules) {
      const { credential, hint } = compileFormat(rule).mint(live)
      expect(mixed.join(hint, credential.slice(hint.length + 1))).toBe(credential)
    }
  })

  test('gives nothing where the format has no public id', () => {
    expect(keywright.join('kw_live_', 'x')).toBe('')
  })
})

describe('a rule that makes weak or unusable keys is refused', () => {
  const compile =
    (random: Random, prefix = 'kw_') =>
    () =>
      compileFormat({ ...checksummed, random, forms: [form(prefix)] })

  test('fewer than 128 random bits', () => {
    expect(compile({ alphabet: 'hex', length: 31 })).toThrow("Form 'kw_': 124 random bits; at least 128 are needed.")
    expect(compile({ bytes: 15 })).toThrow(RangeError)
    expect(compile({ alphabet: 'hex', length: 32 })).not.toThrow()
    expect(compile({ bytes: 16 })).not.toThrow()
  })

  test('more than 512 characters, which are taken', () => {
    expect(compile({ alphabet: 'hex', length: 504 })).toThrow(RangeError)
    const longest = compile({ alphabet: 'hex', length: 503 })()
    const { credential } = longest.mint(live)
    expect([credential.length, longest.parse(credential)]).toEqual([512, 0])
  })

  test.each(['kw live', 'kw\t', 'kéy_', 'kw_\u200b', ' '])('a prefix of %j', (prefix) => {
    expect(compile({ bytes: 32 }, prefix)).toThrow('printable ASCII')
  })
})
