import fc from 'fast-check'
import { expect, it } from 'vitest'
import { CREDENTIAL_AT, CredentialText } from './credential-text.ts'

const bytesOf = (text: CredentialText) => Buffer.from(text.bytes.subarray(CREDENTIAL_AT, CREDENTIAL_AT + text.length))

it('is written out as it stands in the field, wherever it begins', () => {
  const text = new CredentialText()
  const ascii = fc.string({
    unit: fc.integer({ min: 0, max: 127 }).map((code) => String.fromCharCode(code)),
    maxLength: 512,
  })
  fc.assert(
    fc.property(fc.nat(100), ascii, (start, credential) => {
      text.set('x'.repeat(start) + credential, start)
      expect(text.length).toBe(credential.length)
      expect(bytesOf(text).toString('latin1')).toBe(credential)
      expect(Buffer.from(text.view()).toString('latin1')).toBe(credential)
      expect(text.toString()).toBe(credential)
    }),
  )
})

it('has no length where a character is more than a byte, and none where it is longer than any credential', () => {
  const text = new CredentialText()
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 600 }), fc.nat(80), (credential, start) => {
      text.set('x'.repeat(start) + credential, start)
      const isAscii = [...credential].every((character) => character.charCodeAt(0) < 128)
      expect(text.length).toBe(isAscii && credential.length <= 512 ? credential.length : -1)
      expect(text.toString()).toBe(credential)
      for (const character of 'k,x') expect(text.includes(character)).toBe(credential.includes(character))
    }),
  )
  text.set('k'.repeat(513))
  expect(text.length).toBe(-1)
  text.set('é'.repeat(256))
  expect(text.length).toBe(-1)
  text.set('Bear', 7)
  expect(text.length).toBe(-1)
})

it('follows what stands before it, letter by letter', () => {
  const text = new CredentialText()
  const before = new TextEncoder().encode('Bearer ')
  const follows = (field: string) => {
    text.set(field, before.length)
    return text.follows(before)
  }
  expect(follows('Bearer k')).toBe(true)
  for (const field of ['bearer k', 'Bearer  k', 'Bearer \tk', 'Bearer ', 'Bearer', 'Bearer\tk', 'Token: k', '']) {
    expect(follows(field)).toBe(false)
  }
})
