import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { newId } from '@keywright/core'
import type { BetterAuthOptions } from 'better-auth'
import type { Kysely } from 'kysely'
import { longestPassword, type People, type Person, type Session, shortestPassword } from './people.ts'
import { addressHeader, visitOf } from './visit.ts'

/** Where accounts and sessions are kept. */
export interface PeopleDatabase {
  // biome-ignore lint/suspicious/noExplicitAny: its tables are better-auth's own
  db: Kysely<any>
  type: 'sqlite' | 'postgres'
  close(): Promise<void>
}

export interface PeopleOptions {
  database: PeopleDatabase
  /** Signs the cookies, which is what makes a session's token worth nothing to who reads it in the database. */
  secret: string
  /** Cookies are for HTTPS alone, and for this host alone. */
  isSecure: boolean
  warn: (message: string) => void
}

const sessionSeconds = 7 * 24 * 3600

/**
 * Accounts by better-auth, which is seen by no request: what it is asked and what it answers goes through here. Its
 * bearer plugin and its cache of sessions in cookies stay off. It is loaded, and its tables are made, when somebody
 * first needs it.
 */
export function createPeople(options: PeopleOptions): People {
  let opened: ReturnType<typeof open> | null = null

  function ready(): ReturnType<typeof open> {
    opened ??= open(options).catch((error: unknown) => {
      opened = null
      throw error
    })
    return opened
  }

  return {
    async signUp(input, visit) {
      const { auth, isRefusal } = await ready()
      try {
        const answered = await auth.api.signUpEmail({ body: input, headers: visitOf(visit), returnHeaders: true })
        return { person: personOf(answered.response.user), cookies: answered.headers.getSetCookie() }
      } catch (error) {
        if (isRefusal(error, 422)) return null
        throw error
      }
    },
    async ensure(input) {
      const { auth, adapter, isRefusal } = await ready()
      if (await adapter.findUserByEmail(input.email)) return
      try {
        const { user } = await auth.api.signUpEmail({ body: input })
        await adapter.deleteUserSessions(user.id)
      } catch (error) {
        if (!isRefusal(error, 422)) throw error
      }
    },
    async signIn(input, visit) {
      const { auth, adapter, isRefusal } = await ready()
      const before = await auth.api.getSession({ headers: visitOf(visit) })
      try {
        const answered = await auth.api.signInEmail({ body: input, headers: visitOf(visit), returnHeaders: true })
        if (before) await adapter.deleteSession(before.session.token)
        return { person: personOf(answered.response.user), cookies: answered.headers.getSetCookie() }
      } catch (error) {
        if (isRefusal(error, 400, 401)) return null
        throw error
      }
    },
    async signOut(visit) {
      const { auth } = await ready()
      const answered = await auth.api.signOut({ headers: visitOf(visit), returnHeaders: true })
      return answered.headers.getSetCookie()
    },
    async signedIn(headers) {
      const { auth } = await ready()
      const found = await auth.api.getSession({ headers: visitOf({ headers, address: null }) })
      return found && { person: personOf(found.user), session: sessionOf(found.session) }
    },
    async sessions(person) {
      const { adapter } = await ready()
      const found = await adapter.listSessions(person)
      return found.map(sessionOf)
    },
    async endSession(person, session) {
      const { adapter } = await ready()
      const found = await adapter.listSessions(person)
      const ended = found.find(({ id }) => id === session)
      if (!ended) return false
      await adapter.deleteSession(ended.token)
      return true
    },
    async changePassword({ current, password }, visit) {
      const { auth, isRefusal } = await ready()
      try {
        const body = { currentPassword: current, newPassword: password, revokeOtherSessions: true }
        const answered = await auth.api.changePassword({ body, headers: visitOf(visit), returnHeaders: true })
        return answered.headers.getSetCookie()
      } catch (error) {
        if (isRefusal(error, 400)) return null
        throw error
      }
    },
    async passwordToken(person, expiresAt) {
      const { adapter } = await ready()
      const token = randomBytes(32).toString('base64url')
      await adapter.createVerificationValue({ identifier: resetOf(token), value: person, expiresAt })
      return token
    },
    async resetPassword({ token, password }) {
      const { auth, adapter, isRefusal } = await ready()
      const kept = await adapter.findVerificationValue(resetOf(token))
      if (!kept || kept.expiresAt <= new Date()) return null
      try {
        await auth.api.resetPassword({ body: { token, newPassword: password } })
      } catch (error) {
        if (isRefusal(error, 400)) return null
        throw error
      }
      const found = await adapter.findUserById(kept.value)
      return found && personOf(found)
    },
    async findByEmail(email) {
      const { adapter } = await ready()
      const found = await adapter.findUserByEmail(email.toLowerCase())
      return found && personOf(found.user)
    },
    async find(person) {
      const { adapter } = await ready()
      const found = await adapter.findUserById(person)
      return found && personOf(found)
    },
    async findMany(people) {
      const { adapter } = await ready()
      const found = await Promise.all(people.map((person) => adapter.findUserById(person)))
      return new Map(found.flatMap((user) => (user ? [[user.id, personOf(user)] as const] : [])))
    },
    async remove(person) {
      const { adapter } = await ready()
      await adapter.deleteUserSessions(person)
      await adapter.deleteUser(person)
    },
    close: () => options.database.close(),
  }
}

async function open({ database: { db, type }, secret, isSecure, warn }: PeopleOptions) {
  const [{ betterAuth }, { APIError }, { getMigrations }] = await Promise.all([
    import('better-auth'),
    import('better-auth/api'),
    import('better-auth/db/migration'),
  ])
  const options = {
    database: { db, type },
    // Both, so that nothing is taken from the environment.
    secret,
    secrets: [{ version: 1, value: secret }],
    baseURL: isSecure ? 'https://keywright.invalid' : 'http://keywright.invalid',
    basePath: '/api/auth',
    user: { modelName: 'kw_people' },
    session: { modelName: 'kw_sessions', expiresIn: sessionSeconds, disableSessionRefresh: true },
    account: { modelName: 'kw_accounts', encryptOAuthTokens: true },
    verification: { modelName: 'kw_verifications', storeIdentifier: 'hashed' },
    emailAndPassword: {
      enabled: true,
      minPasswordLength: shortestPassword,
      maxPasswordLength: longestPassword,
      revokeSessionsOnPasswordReset: true,
    },
    // Counted by our own throttle, on every node's behalf.
    rateLimit: { enabled: false },
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
  return {
    auth,
    adapter: (await auth.$context).internalAdapter,
    isRefusal: (error: unknown, ...statuses: number[]) =>
      error instanceof APIError && statuses.includes(error.statusCode),
  }
}

const idPrefixes: Readonly<Record<string, string>> = { user: 'usr', session: 'ses' }

/** As better-auth itself names what a new password is let in by; it is stored as a digest. */
function resetOf(token: string): string {
  return `reset-password:${token}`
}

function personOf({ id, email, name, createdAt }: Person): Person {
  return { id, email, name, createdAt: new Date(createdAt) }
}

interface KeptSession {
  id: string
  createdAt: Date
  expiresAt: Date
  ipAddress?: string | null | undefined
  userAgent?: string | null | undefined
}

/** Without its token. */
function sessionOf({ id, createdAt, expiresAt, ipAddress, userAgent }: KeptSession): Session {
  return {
    id,
    createdAt: new Date(createdAt),
    expiresAt: new Date(expiresAt),
    address: ipAddress || null,
    userAgent: userAgent || null,
  }
}
