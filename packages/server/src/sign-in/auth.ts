import { setTimeout } from 'node:timers/promises'
import { newId } from '@keywright/core'
import type { BetterAuthOptions } from 'better-auth'
import type { Kysely } from 'kysely'
import { createHashing } from './hashing.ts'
import { longestPassword, type Person, shortestPassword } from './people.ts'
import { addressHeader } from './visit.ts'

/** Where accounts and sessions are kept. */
export interface PeopleDatabase {
  // biome-ignore lint/suspicious/noExplicitAny: its tables are better-auth's own
  db: Kysely<any>
  type: 'sqlite' | 'postgres'
  /** Runs `work`, and throws what the database threw meanwhile, whatever the library has made of it. */
  heed<T>(work: () => Promise<T>): Promise<T>
  close(): Promise<void>
}

export interface PeopleOptions {
  database: PeopleDatabase
  /** Signs the cookies, which is what makes a session's token worth nothing to who reads it in the database. */
  secret: string
  /** Cookies are for HTTPS alone, and for this host alone. */
  isSecure: boolean
  /** The host that passkeys are made for: of a domain, or `localhost`. */
  passkeyHost: string
  warn: (message: string) => void
}

/** What better-auth is asked by; none of its calls is reached by a request itself. */
export type Auth = Awaited<ReturnType<typeof openAuth>>

const sessionSeconds = 7 * 24 * 3600

/** Loads the library and makes its tables where there are none. */
export async function openAuth({ database: { db, type, heed }, secret, isSecure, passkeyHost, warn }: PeopleOptions) {
  const [{ betterAuth }, { APIError }, hashes, { getMigrations }, { twoFactor }, { passkey }, { admission }] =
    await Promise.all([
      import('better-auth'),
      import('better-auth/api'),
      import('better-auth/crypto'),
      import('better-auth/db/migration'),
      import('better-auth/plugins/two-factor'),
      import('@better-auth/passkey'),
      import('./admission.ts'),
    ])
  const hashing = createHashing()
  const options = {
    database: { db, type },
    // Both, so that nothing is taken from the environment.
    secret,
    secrets: [{ version: 1, value: secret }],
    baseURL: isSecure ? 'https://keywright.invalid' : 'http://keywright.invalid',
    basePath: '/api/auth',
    user: {
      modelName: 'kw_people',
      additionalFields: {
        disabledAt: { type: 'date', required: false, input: false },
        disabledPlaces: { type: 'string', required: false, input: false, returned: false },
      },
    },
    session: { modelName: 'kw_sessions', expiresIn: sessionSeconds, disableSessionRefresh: true },
    account: { modelName: 'kw_accounts', encryptOAuthTokens: true },
    verification: { modelName: 'kw_verifications', storeIdentifier: 'hashed' },
    emailAndPassword: {
      enabled: true,
      minPasswordLength: shortestPassword,
      maxPasswordLength: longestPassword,
      password: {
        hash: (password) => hashing(() => hashes.hashPassword(password)),
        verify: (given) => hashing(() => hashes.verifyPassword(given)),
      },
      revokeSessionsOnPasswordReset: true,
    },
    databaseHooks: {
      session: {
        create: {
          // Every way in ends here.
          async before({ userId }, context) {
            const user = await context?.context.internalAdapter.findUserById(userId)
            if (user && 'disabledAt' in user && user.disabledAt) throw new APIError('FORBIDDEN')
            // The library deletes one that is over only when its cookie comes back, which ends with it.
            const over = { field: 'expiresAt', operator: 'lt' as const, value: new Date() }
            await context?.context.adapter.deleteMany({
              model: 'session',
              where: [{ field: 'userId', value: userId }, over],
            })
          },
        },
      },
    },
    // Counted by our own throttle, on every node's behalf.
    rateLimit: { enabled: false },
    plugins: [
      // Both the secret and the recovery codes are encrypted with ours.
      twoFactor({ issuer: 'Keywright', schema: { twoFactor: { modelName: 'kw_second_factors' } } }),
      passkey({
        rpID: passkeyHost,
        rpName: 'Keywright',
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
        authentication: {
          // It stands for password and second factor in one, so its holder has to have been asked who they are.
          async afterVerification({ verification }) {
            if (!verification.authenticationInfo.userVerified) throw new APIError('UNAUTHORIZED')
          },
        },
        advanced: { webAuthnChallengeCookie: 'passkey_challenge' },
        schema: { passkey: { modelName: 'kw_passkeys' } },
      }),
      admission,
    ],
    telemetry: { enabled: false },
    logger: { level: 'error', log: (_level, message) => warn(message) },
    advanced: {
      // The prefix is part of the name, so that the browser itself refuses what is not this host's alone.
      useSecureCookies: false,
      cookiePrefix: isSecure ? '__Host-keywright' : 'keywright',
      defaultCookieAttributes: { secure: isSecure, httpOnly: true, sameSite: 'lax', path: '/' },
      ipAddress: { ipAddressHeaders: [addressHeader] },
      database: { generateId: ({ model }) => newId(idPrefixes[model] ?? 'sgn') },
    },
  } satisfies BetterAuthOptions
  const migrate = async () => (await getMigrations(options)).runMigrations()
  // Of two nodes that make the tables at once one fails, and finds them made when it looks again.
  await migrate().catch(async () => {
    await setTimeout(500)
    await migrate()
  })
  const auth = betterAuth(options)
  const context = await auth.$context
  return {
    auth: { api: heeding(auth.api, heed) },
    adapter: context.internalAdapter,
    database: context.adapter,
    isRefusal(error: unknown, ...statuses: number[]) {
      if (error instanceof APIError) return statuses.includes(error.statusCode)
      return statuses.includes(401) && isOfNobody(error)
    },
  }
}

/**
 * To the library a session that cannot be looked for is none, one that cannot be deleted is over, and a passkey that cannot
 * be written is a wrong one: an outage would be told as 401, and a session would go on after its end was told.
 */
function heeding<Api extends object>(api: Api, heed: PeopleDatabase['heed']): Api {
  return new Proxy(api, {
    get(own, name) {
      const call = Reflect.get(own, name) as (...given: unknown[]) => Promise<unknown>
      return (...given: unknown[]) => heed(() => call(...given))
    },
  })
}

/** What was to be written is of an account that was removed a moment ago, as the database has it: nobody is signed in. */
function isOfNobody(error: unknown): boolean {
  const { code } = error as { code?: unknown }
  return code === '23503' || code === 'SQLITE_CONSTRAINT_FOREIGNKEY'
}

const idPrefixes: Readonly<Record<string, string>> = { user: 'usr', session: 'ses', passkey: 'psk' }

/** An account as the library keeps it. */
export interface KeptPerson {
  id: string
  email: string
  name: string
  createdAt: Date
  disabledAt?: Date | null | undefined
  disabledPlaces?: string | null | undefined
  twoFactorEnabled?: boolean | null | undefined
}

export function personOf({ id, email, name, createdAt, disabledAt, twoFactorEnabled }: KeptPerson): Person {
  return {
    ...{ id, email, name, createdAt: new Date(createdAt) },
    disabledAt: disabledAt ? new Date(disabledAt) : null,
    hasSecondFactor: Boolean(twoFactorEnabled),
  }
}
