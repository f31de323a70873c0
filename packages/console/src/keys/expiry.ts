import type { Key } from '@keywright/client'

export const expiryChoices = [
  { days: 30, label: '30 days' },
  { days: 90, label: '90 days' },
  { days: 365, label: '1 year' },
  { days: null, label: 'Never' },
] as const

export const defaultExpiryDays = 90

const soonMs = 7 * 86_400_000

export function expiresSoon({ expiresAt, state }: Pick<Key, 'expiresAt' | 'state'>): boolean {
  if (expiresAt === null || state !== 'active') return false
  return Date.parse(expiresAt) - Date.now() < soonMs
}
