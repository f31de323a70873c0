import { createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CredentialText } from './credential-text.ts'
import { createDigester } from './digest.ts'

const current = { id: '2026', value: 'the pepper of this year, thirty-two or more' }
const older = { id: '2025', value: 'x'.repeat(32) }
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const hmac = (text: string, key: string) => createHmac('sha256', key).update(text).digest('hex')

test('without a pepper the digest is SHA-256 of the credential', () => {
  const digester = createDigester()
  expect(digester.digest('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  expect(digester.candidates('abc')).toEqual([digester.digest('abc')])
  expect(digester.count).toBe(1)
})

test('with a pepper it is the HMAC-SHA-256 that node:crypto computes', () => {
  const keys = fc.oneof(
    fc.string({ minLength: 32, maxLength: 200 }),
    fc.array(fc.nat(0xffff), { minLength: 32, maxLength: 80 }).map((codes) => String.fromCharCode(...codes)),
    fc.string({ minLength: 64, maxLength: 64 }),
  )
  const texts = fc.oneof(
    fc.string({ maxLength: 700 }),
    fc.array(fc.nat(0xffff), { maxLength: 700 }).map((codes) => String.fromCharCode(...codes)),
  )
  fc.assert(
    fc.property(keys, fc.array(texts, { minLength: 1, maxLength: 4 }), (value, credentials) => {
      const digester = createDigester([{ id: 'p', value }])
      for (const credential of credentials) expect(digester.digest(credential)).toBe(hmac(credential, value))
    }),
    { numRuns: 500 },
  )
})

test('digests of different lengths do not leak into each other', () => {
  const digester = createDigester([current])
  for (const length of [57, 3, 512, 0, 57, 513, 66, 5_000]) {
    const credential = 'k'.repeat(length)
    expect(digester.digest(credential)).toBe(hmac(credential, current.value))
    expect(digester.digest(credential.replaceAll('k', '€'))).toBe(hmac(credential.replaceAll('k', '€'), current.value))
  }
})

test('a credential is looked up under the current pepper, then older ones, then none', () => {
  const digester = createDigester([current, older])
  expect(digester.candidates('abc')).toEqual([hmac('abc', current.value), hmac('abc', older.value), sha256('abc')])
  expect(digester.digest('abc')).toBe(hmac('abc', current.value))
  expect(digester.count).toBe(3)
})

test('what a credential is looked up by is the same 32 bytes', () => {
  const digester = createDigester([current, older])
  const credential = new CredentialText()
  credential.set('Bearer kw_live_x', 7)
  const hex = Array.from({ length: digester.count }, (_, i) =>
    Buffer.from(digester.utf16(credential, i), 'utf16le').toString('hex'),
  )
  expect(hex).toEqual(digester.candidates('kw_live_x'))
})

test('a fingerprint tells peppers apart and follows the value, not the id', () => {
  const [a, b] = createDigester([current, older]).peppers
  expect(a).toEqual({ id: '2026', fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/) })
  expect(a?.fingerprint).not.toBe(b?.fingerprint)
  expect(createDigester([{ id: 'renamed', value: current.value }]).peppers[0]?.fingerprint).toBe(a?.fingerprint)
})

describe('peppers that are refused', () => {
  test('a short value, without repeating it', () => {
    const create = () => createDigester([{ id: 'short', value: 'hunter2' }])
    expect(create).toThrow('Pepper 1 has 7 characters; at least 32 are needed.')
    expect(create).not.toThrow('hunter2')
  })

  test.each(['', 'A', 'a b', 'a:b', 'x'.repeat(33), 'é'])('an id of %j', (id) => {
    expect(() => createDigester([{ id, value: current.value }])).toThrow('Pepper 1 has an id that is not of')
  })

  test('the same id twice', () => {
    expect(() => createDigester([current, { ...older, id: current.id }])).toThrow(
      'Pepper 2 has the id of one before it.',
    )
  })
})
