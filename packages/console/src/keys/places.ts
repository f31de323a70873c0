import type { KeyCaller } from '@keywright/client'
import { counted } from '../shell/words.ts'

/** The first page of who uses a secret. */
export interface Seen {
  callers: readonly KeyCaller[]
  nextCursor: string | null
}

/** `1 place`, `20 or more places`. */
export function placesInWords({ callers, nextCursor }: Seen): string {
  return nextCursor === null ? counted(callers.length, 'place') : `${callers.length} or more places`
}
