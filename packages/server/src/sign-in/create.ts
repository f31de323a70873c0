import type { Lifecycle } from '@keywright/core'
import { createOwnOrigin } from '../access/own-origin.ts'
import { createSessions } from '../access/sessions.ts'
import type { Attempts } from './attempts.ts'
import { createPeople, type PeopleDatabase } from './better-auth.ts'
import { createDeviceFlow } from './device/flow.ts'
import type { DeviceLogins } from './device/login.ts'
import { createDeviceWire } from './device/wire.ts'
import { portalPassword } from './portal.ts'
import type { SignIn } from './sign-in.ts'

export interface SignInParts {
  database: PeopleDatabase
  store: { attempts: Attempts; deviceLogins: DeviceLogins }
  lifecycle: Lifecycle
  secret: string
  signUp: SignIn['signUp']
  /** As seen from outside; null: as it is bound. */
  consoleUrl: string | null
  /** Asked once the control side is open. */
  boundUrl: () => string
  warn: (message: string) => void
}

export function createSignIn(parts: SignInParts): SignIn {
  const { database, store, lifecycle, secret, signUp, consoleUrl, boundUrl, warn } = parts
  const { attempts, deviceLogins: logins } = store
  const isSecure = consoleUrl?.startsWith('https:') === true
  const isOwn = createOwnOrigin(consoleUrl, boundUrl)
  const consoleUrlNow = () => consoleUrl ?? boundUrl()
  const device = createDeviceFlow({ lifecycle, logins, attempts, secret })
  const people = createPeople({ database, secret, isSecure, warn })
  return {
    ...{ people, attempts, signUp, isOwn },
    sessions: createSessions(people, isOwn),
    device,
    portalPassword: (email) => portalPassword(email, secret),
    wire: createDeviceWire(device, consoleUrlNow),
    consoleUrl: consoleUrlNow,
  }
}
