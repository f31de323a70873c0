import type { Limit } from '@keywright/client'
import { InvalidArgumentError } from 'commander'

const seconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 }

/** Dates end, and none of ours is that far away. */
const longestSeconds = 100 * 366 * 86_400

/** `90d`, `24h`, `30m` as seconds; a plain number is seconds. */
function readDuration(text: string): number {
  const duration = secondsOf(text)
  if (duration === null) throw new InvalidArgumentError('Write a duration such as 90d, 24h or 30m.')
  if (duration <= longestSeconds) return duration
  throw new InvalidArgumentError('Write a duration of a hundred years at most.')
}

/** For one answer. A timer that is set for longer than 24 days goes off at once. */
export function readTimeout(text: string): number {
  return readWithin('1d', text)
}

/** A duration of a second at least and `most`, which is written alike, at most. */
export function readWithin(most: string, text: string): number {
  const duration = secondsOf(text) ?? 0
  if (duration >= 1 && duration <= (secondsOf(most) ?? 0)) return duration
  throw new InvalidArgumentError(`Write a duration from 1s to ${most}.`)
}

function secondsOf(text: string): number | null {
  const [, count, unit] = /^(\d{1,12})([smhdw]?)$/.exec(text) ?? []
  const length = seconds[unit || 's']
  return count === undefined || length === undefined ? null : Number(count) * length
}

/** Whoever writes 24 may mean days as well as hours, and would get seconds. */
const withUnit = /^\d+[smhdw]$/

/** How long an old secret goes on; 0: not at all. */
export function readGrace(text: string): number {
  if (text === '0' || withUnit.test(text)) return readDuration(text)
  throw new InvalidArgumentError('Write a duration with its unit, such as 24h or 30m.')
}

/** A duration from now, or a time in RFC 3339. */
export function readExpiry(text: string): string {
  if (withUnit.test(text)) return new Date(Date.now() + readDuration(text) * 1000).toISOString()
  const time = timeOf(text)
  if (time !== null) return time
  throw new InvalidArgumentError('Write a duration with its unit, such as 90d or 24h, or a date such as 2027-02-19.')
}

/** `100/1m`: a hundred in any minute. */
export function readLimit(text: string, previous: readonly Limit[] | undefined): Limit[] {
  const [, requests, window] = /^(\d{1,10})\/(\d*[smhdw])$/.exec(text) ?? []
  if (requests === undefined || window === undefined) throw new InvalidArgumentError('Write a limit such as 100/1m.')
  const windowSeconds = readDuration(/^\d/.test(window) ? window : `1${window}`)
  return [...(previous ?? []), { requests: Number(requests), windowSeconds }]
}

/** A whole time in RFC 3339, or a day alone (UTC). Without an offset the time would be another on each machine. */
function timeOf(text: string): string | null {
  const [, day] = /^(\d{4}-\d\d-\d\d)(?:T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))?$/i.exec(text) ?? []
  const [time, begin] = [Date.parse(text.toUpperCase()), Date.parse(`${day}T00:00:00Z`)]
  if (day === undefined || Number.isNaN(time) || Number.isNaN(begin)) return null
  // There is no 30th of February, and Date makes it one of March.
  return new Date(begin).toISOString().startsWith(day) ? new Date(time).toISOString() : null
}

/** A time in RFC 3339, or how long ago: `24h`. */
export function readInstant(text: string): string {
  if (withUnit.test(text)) return new Date(Date.now() - readDuration(text) * 1000).toISOString()
  const time = timeOf(text)
  if (time !== null) return time
  throw new InvalidArgumentError('Write a time such as 2026-11-20T08:00:00Z, or how long ago: 24h.')
}

export function readCount(text: string): number {
  if (/^[1-9]\d{0,2}$/.test(text) && Number(text) <= 200) return Number(text)
  throw new InvalidArgumentError('Write a whole number from 1 to 200.')
}

export function readVersion(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Write the number of a secret version, as `keywright keys inspect` shows it.')
}

/** For flags that may be given several times. */
export function collect(text: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), text]
}
