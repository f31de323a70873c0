import type { Key } from '@keywright/client'

const dayMs = 86_400_000
const soonMs = 7 * dayMs

/** As it is chosen: so many days, a date, or never. */
export type ExpiryChoice = '30' | '90' | '365' | 'date' | 'never'

export const expiryChoices: readonly { value: ExpiryChoice; label: string }[] = [
  { value: '30', label: 'In 30 days' },
  { value: '90', label: 'In 90 days' },
  { value: '365', label: 'In 1 year' },
  { value: 'date', label: 'On a date …' },
  { value: 'never', label: 'Never' },
]

export interface ExpiryText {
  choice: ExpiryChoice
  /** `2027-01-31`, in the reader's zone; the key is refused from the end of that day on. */
  date: string
}

export const defaultExpiry: ExpiryText = { choice: '90', date: '' }

/** RFC 3339; null: never. */
export function expiryOf({ choice, date }: ExpiryText, nowMs = Date.now()): string | null {
  if (choice === 'never') return null
  if (choice === 'date') return new Date(`${date}T23:59:59`).toISOString()
  return inDays(Number(choice), nowMs)
}

export function inDays(days: number, nowMs = Date.now()): string {
  return new Date(nowMs + days * dayMs).toISOString()
}

export function expiresSoon({ expiresAt, state }: Pick<Key, 'expiresAt' | 'state'>): boolean {
  if (expiresAt === null || state !== 'active') return false
  return Date.parse(expiresAt) - Date.now() < soonMs
}
