import type { KeyRecord } from '../key/record.ts'
import { sortNameOf } from '../key/search.ts'

/** `created` is the order of ids. A key that never expires comes after all that do. */
export type KeyOrder = 'created' | 'name' | 'expires'

/** Later than any expiry, and a whole number in every language. */
export const never = Number.MAX_SAFE_INTEGER

/** Where a list stands: what it is ordered by, then the id. */
export interface KeyPosition {
  value: string | number | null
  id: string
}

export function positionIn(order: KeyOrder, key: KeyRecord): KeyPosition {
  const { id } = key
  if (order === 'name') return { value: sortNameOf(key), id }
  return { value: order === 'expires' ? (key.expiresAt?.getTime() ?? never) : null, id }
}

/** For those who write a store: the position as visible ASCII, so that it stays right whatever happens to the key. */
export function writePosition({ value, id }: KeyPosition): string {
  if (value === null) return id
  // Marked, so that no other order takes it for its own.
  return `${typeof value === 'number' ? value : `~${Buffer.from(value).toString('base64url')}`}.${id}`
}

/** What `writePosition` made for the same order; null for anything else. */
export function readPosition(order: KeyOrder, text: string): KeyPosition | null {
  const [, value, id = ''] = /^(?:(~[\w-]*|\d{1,16})\.)?([a-z]+_\w+)$/.exec(text) ?? []
  if (id === '' || (value === undefined) !== (order === 'created')) return null
  if (value === undefined) return { value: null, id }
  if (value.startsWith('~') !== (order === 'name')) return null
  return { value: order === 'name' ? Buffer.from(value.slice(1), 'base64url').toString() : Number(value), id }
}

/** The same for a store, which is asked for none that it has not answered. */
export function positionOf(order: KeyOrder, after: string): KeyPosition {
  const position = order === 'created' ? { value: null, id: after } : readPosition(order, after)
  if (!position) throw new TypeError(`'${after}' is no position in a list by ${order}.`)
  return position
}

/** Where `a` stands to `b`, as for `Array.sort`. */
export function comparePositions(a: KeyPosition, b: KeyPosition): number {
  if (typeof a.value === 'string' && typeof b.value === 'string' && a.value !== b.value)
    return compareText(a.value, b.value)
  if (a.value !== b.value) return (a.value as number) < (b.value as number) ? -1 : 1
  return a.id === b.id ? 0 : a.id < b.id ? -1 : 1
}

/** By code points, as databases do: of UTF-16 the later planes come before the end of the first. */
function compareText(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
