import { randomBytes } from 'node:crypto'
import { newId } from '@keywright/core'
import { type Auth, type KeptPerson, personOf } from './auth.ts'
import { endHalfDone, endSessions } from './end-sessions.ts'
import type { People } from './people.ts'
import { visitOf } from './visit.ts'

/** Under which the library keeps a password, among the providers. */
export const byPassword = 'credential'

/** Of the ids of links for a new password, which their digests do not tell from what else the library keeps with them. */
const linkPrefixes = { forgotten: 'rst', handedOut: 'rsh' } as const

type Passwords = Pick<People, 'signIn' | 'changePassword' | 'passwordToken' | 'resetPassword'>

export function createPasswords(ready: () => Promise<Auth>): Passwords {
  return {
    async signIn(input, visit) {
      if (holdsNul(input.email)) return null
      const opened = await ready()
      const { auth, adapter, isRefusal } = opened
      const before = await auth.api.getSession({ headers: visitOf(visit) })
      const known = await knownBy(opened, input.email)
      try {
        const answered = await auth.api.signInEmail({ body: input, headers: visitOf(visit), returnHeaders: true })
        // What the second factor's plugin makes of the answer is not in its type.
        const { user, token } = answered.response as { user?: KeptPerson; token?: string }
        // Whoever set another password meanwhile has ended all sessions but this one, which did not yet exist.
        if (known && (await knownBy(opened, input.email))?.password !== known.password) {
          await (token === undefined ? endHalfDone(opened, known.id) : adapter.deleteSession(token))
          return null
        }
        if (before) await adapter.deleteSession(before.session.token)
        const cookies = answered.headers.getSetCookie()
        return user ? { person: personOf(user), cookies } : { cookies }
      } catch (error) {
        if (isRefusal(error, 400, 401, 403)) return null
        throw error
      }
    },
    async changePassword({ current, password }, visit, first) {
      const opened = await ready()
      const { auth, isRefusal } = opened
      const headers = visitOf(visit)
      try {
        await auth.api.verifyPassword({ body: { password: current }, headers })
        await first()
        const body = { currentPassword: current, newPassword: password, revokeOtherSessions: true }
        const answered = await auth.api.changePassword({ body, headers, returnHeaders: true })
        const { user, token } = answered.response
        await endSessions(opened, user.id, token === null ? {} : { but: token })
        return answered.headers.getSetCookie()
      } catch (error) {
        // 401 and 403: the session has ended meanwhile, or the account is disabled.
        if (isRefusal(error, 400, 401, 403)) return null
        throw error
      }
    },
    async passwordToken(person, expiresAt, by) {
      const { adapter, database } = await ready()
      const token = randomBytes(32).toString('base64url')
      // Anyone may say that they have forgotten it, and would end with that what an operator has just handed out.
      for (const prefix of by === 'forgotten' ? [linkPrefixes.forgotten] : Object.values(linkPrefixes)) {
        const links = { field: 'id', operator: 'starts_with' as const, value: `${prefix}_` }
        await database.deleteMany({ model: 'verification', where: [{ field: 'value', value: person }, links] })
      }
      const link = { id: newId(linkPrefixes[by]), identifier: resetOf(token), value: person, expiresAt }
      await adapter.createVerificationValue(link)
      return token
    },
    async resetPassword({ token, password }, first) {
      if (holdsNul(token)) return null
      const opened = await ready()
      const { auth, adapter, isRefusal } = opened
      const kept = await adapter.findVerificationValue(resetOf(token))
      if (!kept || kept.expiresAt <= new Date()) return null
      await first(kept.value)
      try {
        await auth.api.resetPassword({ body: { token, newPassword: password } })
      } catch (error) {
        if (isRefusal(error, 400)) return null
        throw error
      }
      const found = await adapter.findUserById(kept.value)
      if (!found) return null
      // Whoever signed up with this address may have been somebody else, who is to find no way in.
      if (!found.emailVerified) await removeOtherWaysIn(opened, found.id)
      await endSessions(opened, found.id)
      if (found.emailVerified) return { person: personOf(found), others: 'kept' }
      const proved = await adapter.updateUser(found.id, { emailVerified: true })
      return { person: personOf(proved), others: 'removed' }
    },
  }
}

/** PostgreSQL takes no text with a NUL, not even to compare: nothing that is kept has one. */
export function holdsNul(text: string): boolean {
  return text.includes('\0')
}

async function knownBy({ adapter }: Auth, email: string): Promise<{ id: string; password: unknown } | null> {
  const found = await adapter.findUserByEmail(email.toLowerCase(), { includeAccounts: true })
  const account = found?.accounts.find(({ providerId }) => providerId === byPassword)
  return found && account ? { id: found.user.id, password: account.password } : null
}

/** All that opens the account without the password. A second factor does not, and a stolen mailbox is not to remove it. */
async function removeOtherWaysIn({ adapter, database }: Auth, person: string): Promise<void> {
  await database.deleteMany({ model: 'passkey', where: [{ field: 'userId', value: person }] })
  for (const { id, providerId } of await adapter.findAccounts(person)) {
    if (providerId !== byPassword) await adapter.deleteAccount(id)
  }
}

/** As better-auth itself names what a new password is let in by; it is stored as a digest. */
function resetOf(token: string): string {
  return `reset-password:${token}`
}
