/** The last that is offered: also what comes a day later has a year of four digits, as times are sent. */
export const lastDay = '9998-12-31'

/** Where `2026-11-21` begins in the reader's zone; undefined where it is no day that is offered. */
export function beginOf(day: string): Date | undefined {
  const begin = new Date(`${day}T00:00`)
  return Number.isNaN(begin.getTime()) || day > lastDay ? undefined : begin
}
