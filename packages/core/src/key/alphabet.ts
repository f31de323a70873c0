import type { AlphabetName } from './format.ts'

/** In ascending order of value, which for `crockford32` (lower case) is also the order of ASCII. */
export const alphabets: Readonly<Record<AlphabetName, string>> = {
  base62: '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
  base58: '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz',
  base36: '0123456789abcdefghijklmnopqrstuvwxyz',
  hex: '0123456789abcdef',
  crockford32: '0123456789abcdefghjkmnpqrstvwxyz',
}

/** RFC 4648 §5. */
export const base64url = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** What the last character of unpadded base64url of `bytes` bytes can be: its unused bits are zero (RFC 4648 §3.5). */
export function lastOfBase64url(bytes: number): string {
  const step = { 0: 1, 1: 16, 2: 4 }[bytes % 3] ?? 1
  return [...base64url].filter((_, value) => value % step === 0).join('')
}
