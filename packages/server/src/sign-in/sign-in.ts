import type { Sessions } from '../access/sessions.ts'
import type { Attempts } from './attempts.ts'
import type { DeviceFlow } from './device/flow.ts'
import type { DeviceWire } from './device/wire.ts'
import type { Letters } from './letters.ts'
import type { People } from './people.ts'
import type { Providers } from './providers.ts'

/** What the calls under `/api/auth` are made of. */
export interface SignIn {
  people: People
  sessions: Sessions
  attempts: Attempts
  device: DeviceFlow
  /** The same for the machines that ask. */
  wire: DeviceWire
  letters: Letters
  providers: Providers
  /** Whether someone who was not invited may sign up, and then has an organization of their own. */
  signUp: 'invited' | 'open'
  /** Of an account that is entered by portal links alone. */
  portalPassword: (email: string) => string
  /** Whether an origin is that of the console. */
  isOwn: (origin: string) => boolean
  /** The console as people reach it: `https://keys.example.com`. */
  consoleUrl: () => string
}

/** Where an invitation is taken up. What follows the number sign never leaves the browser, and so is in no log. */
export function invitationLink(consoleUrl: string, token: string): string {
  return `${consoleUrl}/join#${token}`
}

/** Where a new password is set. */
export function passwordLink(consoleUrl: string, token: string): string {
  return `${consoleUrl}/reset-password#${token}`
}
