import { invalid, type Problem } from './problem.ts'

/** Where a list goes on, in a form that invites nobody to take it apart. */
export function writeCursor(next: string | null): string | null {
  return next === null ? null : Buffer.from(next).toString('base64url')
}

/** @throws Problem */
export function readCursor(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined
  const after = Buffer.from(cursor, 'base64url').toString()
  if (/^[\x21-\x7e]{1,400}$/.test(after) && writeCursor(after) === cursor) return after
  throw notOurs()
}

/** The page that is asked for, as stores are asked for one. @throws Problem */
export function pageAsked({ cursor, limit }: { cursor?: string | undefined; limit: number }) {
  const after = readCursor(cursor)
  return { ...(after !== undefined && { after }), limit }
}

/** The same where a list goes on from a number. @throws Problem */
export function positionOf(cursor: string | undefined): number | undefined {
  const position = readCursor(cursor)
  if (position === undefined) return undefined
  if (/^\d{1,15}$/.test(position)) return Number(position)
  throw notOurs()
}

export function notOurs(): Problem {
  return invalid([{ field: 'cursor', message: 'is none that a list has answered' }])
}
