import type { Key, UsageCount } from '@keywright/client'
import { keywright } from '../api/keywright.ts'
import { readUsage } from '../usage/read-usage.ts'
import { idleDays, isIdle, isNeverUsed } from './findings.ts'

/** So many of each kind are shown; those that are mended make room for the next. */
export const most = 50

const perPage = 200
const mostPages = 25
/** Keys that can be passed on the way to those that were used. */
export const mostPassed = perPage * mostPages

/** Counts of one of these that are too many to read leave the others unknown too. */
const keysPerRead = 10

export interface Unused {
  neverUsed: Key[]
  idle: Key[]
  /** Whether there was no active key at all. */
  isNone: boolean
  /** Whether every idle key was come to: those that were never used come before them. */
  isAll: boolean
}

export async function lookForUnused(organization: string, nowMs: number, signal: AbortSignal): Promise<Unused> {
  const found: Unused = { neverUsed: [], idle: [], isNone: true, isAll: true }
  const filter = { organization, state: 'active', order: 'lastUsed', limit: perPage } as const
  let pages = 0
  for await (const { keys, nextCursor } of keywright.keys.list(filter, { signal }).pages()) {
    found.isNone &&= keys.length === 0
    found.neverUsed.push(...keys.filter((key) => isNeverUsed(key, nowMs)))
    found.idle.push(...keys.filter((key) => isIdle(key, nowMs)))
    const isInUse = keys.some((key) => key.lastUsedAt !== null && !isIdle(key, nowMs))
    if (isInUse || found.idle.length >= most) break
    if (++pages === mostPages && nextCursor !== null) {
      found.isAll = false
      break
    }
  }
  return { ...found, neverUsed: found.neverUsed.slice(0, most), idle: found.idle.slice(0, most) }
}

export async function lookForEndless(organization: string, signal: AbortSignal): Promise<Key[]> {
  const filter = { organization, state: 'active', order: 'expires', direction: 'desc', limit: most } as const
  const { keys } = await keywright.keys.list(filter, { signal }).page()
  return keys.filter(({ expiresAt }) => expiresAt === null)
}

/** What keys asked for, each of them from beginning to end. */
export interface RoutesUsed {
  keys: Key[]
  counts: UsageCount[]
  /** Whether these are all the keys that were used. */
  isAll: boolean
}

/** Of the keys that were used last. Those with more counts than can be read are left out. */
export async function lookAtRoutes(organization: string, nowMs: number, signal: AbortSignal): Promise<RoutesUsed> {
  const list = { organization, state: 'active', order: 'lastUsed', direction: 'desc', limit: most } as const
  const { keys, nextCursor } = await keywright.keys.list(list, { signal }).page()
  const used = keys.filter(({ lastUsedAt }) => lastUsedAt !== null)
  const since = new Date(nowMs - idleDays * 86_400_000).toISOString()
  const reads = await Promise.all(
    inTens(used).map(async (keys) => {
      const ids = keys.map(({ id }) => id).join(',')
      const filter = { organization, key: ids, since, by: 'key,route', outcome: 'allowed' } as const
      return { keys, ...(await readUsage(filter, signal)) }
    }),
  )
  const whole = reads.filter(({ leftOutFrom }) => leftOutFrom === null)
  return {
    keys: whole.flatMap(({ keys }) => keys),
    counts: whole.flatMap(({ counts }) => counts),
    isAll: whole.length === reads.length && (nextCursor === null || used.length < keys.length),
  }
}

function inTens(keys: readonly Key[]): Key[][] {
  const tens = Math.ceil(keys.length / keysPerRead)
  return Array.from({ length: tens }, (_, i) => keys.slice(i * keysPerRead, (i + 1) * keysPerRead))
}
