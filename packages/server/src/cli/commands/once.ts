import { randomUUID } from 'node:crypto'
import type { Mutation } from '@keywright/client'

/** Lets the client repeat a call that got no answer, without doing it twice. */
export function once(): Mutation {
  return { idempotencyKey: randomUUID() }
}
