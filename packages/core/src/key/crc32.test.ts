import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { crcStep, crcText, crcValue } from './crc32.ts'

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

test('a checksum continues from the state after a prefix', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme-ascii' }), fc.uint8Array({ maxLength: 20 }), (prefix, rest) => {
      const all = Buffer.concat([Buffer.from(prefix), rest])
      expect(crcValue(rest.reduce(crcStep, crcText(prefix)))).toBe(crc32(all))
    }),
  )
})
