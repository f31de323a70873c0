const units = [
  ['year', 365 * 86_400],
  ['month', 30 * 86_400],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const

const words = new Intl.RelativeTimeFormat('en', { numeric: 'always' })

/** `3 days ago`, `in 2 hours`, `just now`. */
export function ago(time: string, now = Date.now()): string {
  const seconds = (Date.parse(time) - now) / 1000
  for (const [unit, length] of units) {
    if (Math.abs(seconds) >= length) return words.format(Math.trunc(seconds / length), unit)
  }
  return seconds > 1 ? words.format(Math.trunc(seconds), 'second') : 'just now'
}

/** `2026-11-20 08:00 UTC (3 days ago)`. */
export function at(time: string): string {
  return `${time.slice(0, 16).replace('T', ' ')} UTC (${ago(time)})`
}
