import type { Attempts } from './attempts.ts'
import { type Auth, type KeptPerson, openAuth, type PeopleOptions, personOf } from './auth.ts'
import { endSessions } from './end-sessions.ts'
import { boundEntering } from './hashing.ts'
import { createPasskeys } from './passkeys.ts'
import { byPassword, createPasswords, holdsNul } from './passwords.ts'
import type { People, Session } from './people.ts'
import { createSecondFactor } from './second-factor.ts'
import { visitOf } from './visit.ts'

export type { PeopleDatabase } from './auth.ts'

/** The library makes an account, and then what it is entered by, in statements of their own. */
const unfinishedAfterMs = 60_000

/**
 * Accounts by better-auth, which is seen by no request: what it is asked and what it answers goes through here. Its
 * bearer plugin and its cache of sessions in cookies stay off. It is loaded, and its tables are made, when somebody
 * first needs it.
 */
export function createPeople(options: PeopleOptions & { attempts: Pick<Attempts, 'count'> }): People {
  let opened: Promise<Auth> | null = null
  const bounded = boundEntering()
  const passwords = createPasswords(ready)

  function ready(): Promise<Auth> {
    opened ??= openAuth(options).catch((error: unknown) => {
      opened = null
      throw error
    })
    return opened
  }

  async function signUp(...[input, visit]: Parameters<People['signUp']>): ReturnType<People['signUp']> {
    const { auth, adapter, isRefusal } = await ready()
    const before = await auth.api.getSession({ headers: visitOf(visit) })
    try {
      const answered = await auth.api.signUpEmail({ body: input, headers: visitOf(visit), returnHeaders: true })
      if (before) await adapter.deleteSession(before.session.token)
      return { person: personOf(answered.response.user), cookies: answered.headers.getSetCookie() }
    } catch (error) {
      // 401: it took so long that it was cleared away as unfinished.
      if (isRefusal(error, 401, 422) && (await adapter.findUserByEmail(input.email.toLowerCase()))) return null
      throw error
    }
  }

  return {
    signUp: (input, visit) => bounded(() => signUp(input, visit)),
    async clearUnfinished(email) {
      const { adapter, database } = await ready()
      const found = await adapter.findUserByEmail(email.toLowerCase(), { includeAccounts: true })
      if (!found || found.accounts.length > 0) return
      const { id, createdAt } = found.user
      if (new Date(createdAt).getTime() > Date.now() - unfinishedAfterMs) return
      if ((await database.count({ model: 'passkey', where: [{ field: 'userId', value: id }] })) > 0) return
      await adapter.deleteUser(id)
    },
    async ensure(input) {
      const { auth, adapter, isRefusal } = await ready()
      if (await adapter.findUserByEmail(input.email)) return
      try {
        const { user } = await auth.api.signUpEmail({ body: input })
        await adapter.deleteUserSessions(user.id)
      } catch (error) {
        if (!isRefusal(error, 422) || !(await adapter.findUserByEmail(input.email))) throw error
      }
    },
    async admit(person, visit) {
      const { auth, adapter, isRefusal } = await ready()
      const before = await auth.api.getSession({ headers: visitOf(visit) })
      try {
        const answered = await auth.api.admit({ body: { person }, headers: visitOf(visit), returnHeaders: true })
        if (!answered.response) return null
        if (before) await adapter.deleteSession(before.session.token)
        return { person: personOf(answered.response.user), cookies: answered.headers.getSetCookie() }
      } catch (error) {
        if (isRefusal(error, 401, 403)) return null
        throw error
      }
    },
    async byProvider({ issuer, subject }) {
      const { adapter, database } = await ready()
      const where = [
        { field: 'providerId', value: issuer },
        { field: 'accountId', value: subject },
      ]
      const account = await database.findOne<{ userId: string }>({ model: 'account', where })
      const found = account && (await adapter.findUserById(account.userId))
      return found && personOf(found)
    },
    async signUpByProvider({ email, name, issuer, subject }) {
      const { adapter } = await ready()
      const account = { providerId: issuer, accountId: subject }
      try {
        const { user } = await adapter.createOAuthUser({ email, name, emailVerified: true }, account)
        return personOf(user)
      } catch (error) {
        // Of two at once the database refuses one, in words of its own.
        if (await adapter.findUserByEmail(email)) return null
        throw error
      }
    },
    async linkProvider(person, { issuer, subject }) {
      const { adapter, isRefusal } = await ready()
      try {
        await adapter.linkAccount({ userId: person, providerId: issuer, accountId: subject })
        return true
      } catch (error) {
        if (isRefusal(error, 401)) return false
        throw error
      }
    },
    async waysIn(person) {
      const { adapter, database } = await ready()
      const accounts = await adapter.findAccounts(person)
      const where = [{ field: 'userId', value: person }]
      const passkeys = await database.findMany<{ id: string }>({ model: 'passkey', where })
      return {
        issuers: accounts.map(({ providerId }) => providerId).filter((id) => id !== byPassword),
        hasPassword: accounts.some(({ providerId }) => providerId === byPassword),
        passkeys: passkeys.map(({ id }) => id),
      }
    },
    async unlinkProvider(person, issuer) {
      const { adapter } = await ready()
      const accounts = await adapter.findAccounts(person)
      for (const { id, providerId } of accounts) if (providerId === issuer) await adapter.deleteAccount(id)
    },
    ...passwords,
    signIn: (input, visit) => bounded(() => passwords.signIn(input, visit)),
    secondFactor: createSecondFactor(ready, options.attempts),
    passkeys: createPasskeys(ready),
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
    async endSessions(person) {
      await endSessions(await ready(), person)
    },
    async prove(person) {
      const { adapter } = await ready()
      await adapter.updateUser(person, { emailVerified: true })
    },
    async isProved(person) {
      const { adapter } = await ready()
      return (await adapter.findUserById(person))?.emailVerified === true
    },
    async findByEmail(email) {
      if (holdsNul(email)) return null
      const { adapter } = await ready()
      const found = await adapter.findUserByEmail(email.toLowerCase())
      return found && personOf(found.user)
    },
    async find(person) {
      if (holdsNul(person)) return null
      const { adapter } = await ready()
      const found = await adapter.findUserById(person)
      return found && personOf(found)
    },
    async findMany(people) {
      const { adapter } = await ready()
      const found = await Promise.all(people.map((person) => adapter.findUserById(person)))
      return new Map(found.flatMap((user) => (user ? [[user.id, personOf(user)] as const] : [])))
    },
    async disable(person, places, disabledAt) {
      const opened = await ready()
      await opened.adapter.updateUser(person, { disabledAt, disabledPlaces: JSON.stringify(places) })
      await endSessions(opened, person)
    },
    async disabledPlaces(person) {
      if (holdsNul(person)) return null
      const { adapter } = await ready()
      const found = (await adapter.findUserById(person)) as KeptPerson | null
      return found && JSON.parse(found.disabledPlaces ?? '{}')
    },
    async enable(person) {
      const { adapter } = await ready()
      await adapter.updateUser(person, { disabledAt: null, disabledPlaces: null })
    },
    async list({ after, limit }) {
      const { database } = await ready()
      const found = await database.findMany<KeptPerson>({
        model: 'user',
        ...(after !== undefined && { where: [{ field: 'id', operator: 'gt', value: after }] }),
        sortBy: { field: 'id', direction: 'asc' },
        limit,
      })
      return found.map(personOf)
    },
    async remove(person) {
      const { adapter } = await ready()
      await adapter.deleteUserSessions(person)
      await adapter.deleteUser(person)
    },
    async prune(before, limit) {
      // Where nobody needs the library nothing becomes more, and there may be no tables yet.
      const auth = opened && (await opened)
      return auth
        ? (await pruneOver(auth, 'session', before, limit)) + (await pruneOver(auth, 'verification', before, limit))
        : 0
    },
    close: () => options.database.close(),
  }
}

/**
 * None holds long, so what is over is among the oldest, and no other is looked at. Ids of sessions are in the order of
 * time; those of verifications are not, since links for a new password have a prefix of their own.
 */
async function pruneOver(
  { database }: Auth,
  model: 'session' | 'verification',
  before: Date,
  limit: number,
): Promise<number> {
  const sortBy = { field: model === 'session' ? 'id' : 'expiresAt', direction: 'asc' as const }
  const oldest = await database.findMany<{ id: string }>({ model, select: ['id', 'expiresAt'], sortBy, limit })
  if (oldest.length === 0) return 0
  const among = { field: 'id', operator: 'in' as const, value: oldest.map(({ id }) => id) }
  return database.deleteMany({ model, where: [among, { field: 'expiresAt', operator: 'lt', value: before }] })
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
