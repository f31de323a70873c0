const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })
const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' })
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })

const steps: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
]

/** `3 days ago`, `in 2 hours`, `just now`; a date where that says more. */
export function inWords(time: string, nowMs = Date.now()): string {
  const seconds = (Date.parse(time) - nowMs) / 1000
  if (Math.abs(seconds) < 60) return seconds <= 0 ? 'just now' : 'in less than a minute'
  if (Math.abs(seconds) >= 30 * 86_400) return day.format(new Date(time))
  // What is over is as old as it is; what lies ahead would lose an hour or a day as soon as it begins.
  const whole = seconds < 0 ? Math.trunc : Math.round
  const minutes = whole(seconds / 60)
  if (Math.abs(minutes) < 60) return relative.format(minutes, 'minute')
  const hours = whole(seconds / 3600)
  if (Math.abs(hours) < 24) return relative.format(hours, 'hour')
  // By the calendar: 40 hours on is tomorrow or the day after.
  return relative.format(Math.round((midnight(Date.parse(time)) - midnight(nowMs)) / 86_400_000), 'day')
}

/** Where its day began in the reader's zone. */
function midnight(ms: number): number {
  return new Date(ms).setHours(0, 0, 0, 0)
}

export function exactly(time: string): string {
  return exact.format(new Date(time))
}

/** `2 d 03:04:05`. */
export function countDown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000))
  const two = (value: number) => String(Math.trunc(value)).padStart(2, '0')
  const days = Math.trunc(seconds / 86_400)
  const clock = `${two((seconds % 86_400) / 3600)}:${two((seconds % 3600) / 60)}:${two(seconds % 60)}`
  return days > 0 ? `${days} d ${clock}` : clock
}

/** `30 days`, `1 hour`. */
export function spanInWords(seconds: number): string {
  for (const [unit, size] of steps) {
    if (seconds >= size && seconds % size === 0) return counted(seconds / size, unit)
  }
  return counted(seconds, 'second')
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
