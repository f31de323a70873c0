import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { crcStep, crcStep4, crcText, crcValue } from './crc32.ts'

test('the check value of CRC-32 is CBF43926', () => {
  expect(crcValue(crcText('123456789'))).toBe(0xcbf43926)
})

test('any bytes have the CRC-32 that zlib computes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      expect(crcValue(crcText(Buffer.from(bytes).toString('latin1')))).toBe(crc32(bytes))
    }),
  )
})

test('four bytes at once do what they do one after another', () => {
  fc.assert(
    fc.property(fc.integer(), fc.uint8Array({ minLength: 4, maxLength: 4 }), (state, bytes) => {
      const four = new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true)
      expect(crcStep4(state, four)).toBe(bytes.reduce(crcStep, state))
    }),
  )
})

test('a checksum continues from the state after a prefix', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme-ascii' }), fc.uint8Array({ maxLength: 20 }), (prefix, rest) => {
      const all = Buffer.concat([Buffer.from(prefix), rest])
      expect(crcValue(rest.reduce(crcStep, crcText(prefix)))).toBe(crc32(all))
    }),
  )
})
