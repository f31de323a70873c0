import type { Actor } from '../audit/event.ts'
import { type Changed, changeKey, type Lifecycle, refuseRevoked } from './lifecycle.ts'

/** Refuses the key until it is resumed. Suspending a suspended key changes nothing. */
export function suspend(lifecycle: Lifecycle, actor: Actor, id: string): Promise<Changed> {
  return changeKey(lifecycle, actor, id, (key, at) => {
    refuseRevoked(key)
    return key.suspendedAt
      ? null
      : { key: { ...key, suspendedAt: at }, action: 'key.suspended', details: { name: key.name } }
  })
}

/** Lifts a suspension. An expiry or a rotation that fell into it stands. */
export function resume(lifecycle: Lifecycle, actor: Actor, id: string): Promise<Changed> {
  return changeKey(lifecycle, actor, id, (key) => {
    refuseRevoked(key)
    return key.suspendedAt
      ? { key: { ...key, suspendedAt: null }, action: 'key.resumed', details: { name: key.name } }
      : null
  })
}
