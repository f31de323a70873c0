import type { Lifecycle } from '@keywright/core'
import { createOwnOrigin } from '../access/own-origin.ts'
import { createSessions } from '../access/sessions.ts'
import type { ProviderSettings } from '../config/people-settings.ts'
import type { Attempts } from './attempts.ts'
import type { PeopleDatabase } from './auth.ts'
import { createPeople } from './better-auth.ts'
import { createDeviceFlow } from './device/flow.ts'
import type { DeviceLogins } from './device/login.ts'
import { createDeviceWire } from './device/wire.ts'
import type { Letters } from './letters.ts'
import { portalPassword } from './portal.ts'
import { createProviders } from './providers.ts'
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
  letters: Letters
  providers: readonly ProviderSettings[]
  warn: (error: unknown) => void
}

export function createSignIn(parts: SignInParts): SignIn {
  const { database, store, lifecycle, secret, signUp, consoleUrl, boundUrl, letters, warn } = parts
  const { attempts, deviceLogins: logins } = store
  const isSecure = consoleUrl?.startsWith('https:') === true
  const isOwn = createOwnOrigin(consoleUrl, boundUrl)
  const consoleUrlNow = () => consoleUrl ?? boundUrl()
  // An address of numbers has no passkeys; a browser on the same machine knows its own as this name too.
  const passkeyHost = consoleUrl === null ? 'localhost' : new URL(consoleUrl).hostname
  const people = createPeople({ database, secret, isSecure, passkeyHost, attempts, warn })
  const device = createDeviceFlow({ lifecycle, people, logins, attempts, secret })
  return {
    ...{ people, attempts, signUp, isOwn, letters },
    providers: createProviders({ settings: parts.providers, secret, isSecure, consoleUrl: consoleUrlNow, warn }),
    sessions: createSessions(people, isOwn),
    device,
    portalPassword: (email) => portalPassword(email, secret),
    wire: createDeviceWire(device, consoleUrlNow),
    consoleUrl: consoleUrlNow,
  }
}
