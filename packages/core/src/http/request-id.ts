import { newId } from '../key/id.ts'
import { soleHeader } from './framing.ts'

const sane = /^[A-Za-z0-9._-]{1,128}$/

// One random id a process and a counter behind it: unique everywhere, and nothing to wait for.
const start = newId('req')
let count = 0

/**
 * The caller's own where it is sane, sent once and not `unfit`, else a new one. Headers are as on the wire: name, value,
 * name, value, …
 */
export function requestIdOf(rawHeaders: readonly string[], unfit: (id: string) => boolean): string {
  const id = soleHeader(rawHeaders, 'x-request-id')
  return id && sane.test(id) && !unfit(id) ? id : newRequestId()
}

export function newRequestId(): string {
  count += 1
  return start + count.toString(36).padStart(6, '0')
}
