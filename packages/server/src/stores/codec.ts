import type { SecretVersion } from '@keywright/core'

/** How one kind of value lies in a column: the only place that knows what a database cannot hold. */
export interface Codec<Value> {
  encode(value: Value): unknown
  decode(column: unknown): Value
}

/** PostgreSQL answers a bigint as a string. */
export const integer: Codec<number> = { encode: (value) => value, decode: Number }

/** 0 or 1. */
export const flag: Codec<boolean> = { encode: Number, decode: (column) => Number(column) === 1 }

/** Milliseconds since the epoch. */
export const date: Codec<Date> = {
  encode: (value) => value.getTime(),
  decode: (column) => new Date(Number(column)),
}

/**
 * PostgreSQL refuses NUL and both databases spoil lone surrogates, so these are written as `\u0000` and the backslash
 * as `\\`. All other text is stored as it is, and every text that is compared with a column goes the same way.
 */
export const text = {
  encode: (value: string): string => value.replace(/[\\\0\p{Surrogate}]/gu, escapeCharacter),
  decode(column: unknown): string {
    const stored = String(column)
    return stored.includes('\\') ? stored.replace(/\\(?:\\|u([0-9a-f]{4}))/g, unescapeCharacter) : stored
  },
}

/** A word out of a closed set, which nobody but us writes. */
export function word<Value extends string>(): Codec<Value> {
  return { encode: (value) => value, decode: (column) => column as Value }
}

/** Lists and objects are JSON in a text column: no database's own type, and so no database's own idea of JSON. */
export function json<Value>(): Codec<Value> {
  return { encode: (value) => JSON.stringify(value), decode: (column) => JSON.parse(String(column)) }
}

type StoredVersion = Omit<SecretVersion, 'createdAt' | 'retiresAt'> & { createdAt: string; retiresAt: string | null }

export const versions: Codec<readonly SecretVersion[]> = {
  encode: (value) => JSON.stringify(value),
  decode: (column) =>
    (JSON.parse(String(column)) as StoredVersion[]).map((version) => ({
      ...version,
      createdAt: new Date(version.createdAt),
      retiresAt: version.retiresAt === null ? null : new Date(version.retiresAt),
    })),
}

export function optional<Value>(codec: Codec<Value>): Codec<Value | null> {
  return {
    encode: (value) => (value === null ? null : codec.encode(value)),
    decode: (column) => (column === null ? null : codec.decode(column)),
  }
}

function escapeCharacter(character: string): string {
  return character === '\\' ? '\\\\' : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function unescapeCharacter(_escape: string, code: string | undefined): string {
  return code === undefined ? '\\' : String.fromCharCode(Number.parseInt(code, 16))
}
