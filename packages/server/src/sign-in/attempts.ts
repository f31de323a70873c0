import { hash } from 'node:crypto'
import { networkOf } from '@keywright/core'
import { Problem } from '../control/problem.ts'

/** Counts what may be tried so often and not more, on behalf of all nodes. */
export interface Attempts {
  /** Counts one more, atomically, and answers how many there are in the stretch that began with the first. */
  count(name: string, windowSeconds: number, now: Date): Promise<{ count: number; endsAt: Date }>
  /** Takes one back: it was none of those that are counted. */
  uncount(name: string): Promise<void>
  forget(name: string): Promise<void>
}

interface Bound {
  /** What is counted, in words that hold neither an address nor a secret. */
  name: string
  most: number
  windowSeconds: number
}

const quarterSeconds = 15 * 60
const hourSeconds = 60 * 60

/**
 * For signing in. An account can be tried from one network ten times in a quarter of an hour, so that a stranger
 * elsewhere does not keep its owner out; from everywhere together a hundred times an hour.
 */
export function signInBounds(email: string, address: string | null): Bound[] {
  const account = shortened(email.trim().toLowerCase())
  const network = networkName(address)
  return [
    { name: `sign-in:${account}:${network}`, most: 10, windowSeconds: quarterSeconds },
    { name: `sign-in:${account}`, most: 100, windowSeconds: hourSeconds },
    { name: `sign-in:${network}`, most: 50, windowSeconds: quarterSeconds },
  ]
}

export function signUpBounds(address: string | null): Bound[] {
  return [{ name: `sign-up:${networkName(address)}`, most: 60, windowSeconds: hourSeconds }]
}

export function passkeyBounds(address: string | null): Bound[] {
  return [{ name: `passkey:${networkName(address)}`, most: 100, windowSeconds: quarterSeconds }]
}

/** Nobody's mailbox is filled by strangers. */
export function forgottenBounds(email: string, address: string | null): Bound[] {
  const account = shortened(email.trim().toLowerCase())
  return [
    { name: `forgotten:${networkName(address)}`, most: 20, windowSeconds: quarterSeconds },
    { name: `forgotten:${account}`, most: 5, windowSeconds: hourSeconds },
  ]
}

/** The same of letters that those who signed up have sent. @param inviter id of a person; null: a machine */
export function letterBounds(email: string, inviter: string | null): Bound[] {
  const account = shortened(email.trim().toLowerCase())
  return [
    ...(inviter === null ? [] : [{ name: `invite:${inviter}`, most: 100, windowSeconds: hourSeconds }]),
    { name: `invited:${account}`, most: 5, windowSeconds: hourSeconds },
  ]
}

/** Looking at a link tells whether there is one. */
export function invitationBounds(address: string | null): Bound[] {
  return [{ name: `invitation:${networkName(address)}`, most: 60, windowSeconds: quarterSeconds }]
}

export function deviceCodeBounds(address: string | null): Bound[] {
  return [{ name: `device-code:${networkName(address)}`, most: 30, windowSeconds: 10 * 60 }]
}

/** RFC 8628 §5.1: five guesses at codes of 34.5 bits within their ten minutes leave odds of 2^-32. */
export function wrongUserCodeBound(person: string): Bound {
  return { name: `user-code:${person}`, most: 5, windowSeconds: 10 * 60 }
}

/** @throws Problem `too_many_attempts` */
export async function countAttempt(attempts: Attempts, bounds: readonly Bound[], now: Date): Promise<void> {
  const endsAt = await endOfExceeded(attempts, bounds, now)
  if (endsAt) throw tooMany(endsAt, now)
}

/** Counts as well: for what is left out above its bounds, and not refused. */
export async function isWithin(attempts: Attempts, bounds: readonly Bound[], now: Date): Promise<boolean> {
  return (await endOfExceeded(attempts, bounds, now)) === null
}

async function endOfExceeded(attempts: Attempts, bounds: readonly Bound[], now: Date): Promise<Date | null> {
  for (const { name, most, windowSeconds } of bounds) {
    const { count, endsAt } = await attempts.count(name, windowSeconds, now)
    if (count > most) return endsAt
  }
  return null
}

export function tooMany(endsAt: Date, now: Date): Problem {
  const seconds = Math.max(1, Math.ceil((endsAt.getTime() - now.getTime()) / 1000))
  return new Problem('too_many_attempts', undefined, { headers: { 'retry-after': String(seconds) } })
}

/** Those who hide their address share one. */
function networkName(address: string | null): string {
  return (address && networkOf(address)) ?? 'unknown'
}

function shortened(text: string): string {
  return hash('sha256', text).slice(0, 32)
}
