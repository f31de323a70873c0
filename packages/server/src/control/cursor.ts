import { invalid } from './problem.ts'

/** Where a list goes on, in a form that invites nobody to take it apart. */
export function writeCursor(next: string | null): string | null {
  return next === null ? null : Buffer.from(next).toString('base64url')
}

/** @throws Problem */
export function readCursor(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined
  const after = Buffer.from(cursor, 'base64url').toString()
  if (/^[\x21-\x7e]{1,200}$/.test(after) && writeCursor(after) === cursor) return after
  throw invalid([{ field: 'cursor', message: 'is none that a list has answered' }])
}
