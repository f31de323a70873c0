import { counted } from './count.ts'

/** Each unit with its length, and from how many seconds on it says enough. */
const units = [
  ['year', 365 * 86_400, 2 * 365 * 86_400],
  ['month', 30 * 86_400, 120 * 86_400],
  ['day', 86_400, 2 * 86_400],
  ['hour', 3_600, 2 * 3_600],
  ['minute', 60, 120],
] as const

const words = new Intl.RelativeTimeFormat('en', { numeric: 'always' })

/** `3 days ago`, `in 90 days`, `just now`. */
function ago(time: string): string {
  const seconds = (Date.parse(time) - Date.now()) / 1000
  for (const [unit, length, from] of units) {
    if (Math.abs(seconds) >= from) return words.format(Math.round(seconds / length), unit)
  }
  return Math.abs(seconds) < 10 ? 'just now' : words.format(Math.round(seconds), 'second')
}

/** `2026-11-20 08:00 UTC (3 days ago)`. */
export function at(time: string): string {
  return `${time.slice(0, 16).replace('T', ' ')} UTC (${ago(time)})`
}

/** `2026-11-20 (3 days ago)`, where a line has several. */
export function on(time: string): string {
  return `${time.slice(0, 10)} (${ago(time)})`
}

const exactUnits = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const

/** `30 days`, `90 seconds`: in the largest unit that goes into it. */
export function lasting(seconds: number): string {
  const [unit, length] = exactUnits.find(([, length]) => seconds % length === 0) ?? ['second', 1]
  return counted(seconds / length, unit)
}
