import { hash } from 'node:crypto'
import type { Attempts } from './attempts.ts'
import { type Auth, type KeptPerson, personOf } from './auth.ts'
import { endSessions } from './end-sessions.ts'
import type { Admitted, Visit } from './people.ts'
import { onlyCookies, visitOf } from './visit.ts'

/** What an authenticator app is given, once. */
interface Enrolment {
  /** `otpauth://totp/…`, as QR codes hold it. */
  uri: string
  /** The same secret to type in: base32, RFC 4648 §6. */
  secret: string
  /** Each opens the account once where the app is lost. */
  recoveryCodes: string[]
}

/** Codes of an authenticator app (TOTP, RFC 6238), asked for after the password. */
export interface SecondFactor {
  /** Nothing is asked for before `confirm`. null: another password; `enrolled`: there is one already. */
  enrol(password: string, visit: Visit): Promise<Enrolment | 'enrolled' | null>
  /** In force from here on, with another session. null: a wrong code; `unreadable`: as with `finish`. */
  confirm(code: string, visit: Visit): Promise<readonly string[] | 'unreadable' | null>
  /** New ones in place of all. null: another password, or there is no second factor. */
  newRecoveryCodes(password: string, visit: Visit): Promise<readonly string[] | null>
  /** null: another password. */
  disable(password: string, visit: Visit): Promise<readonly string[] | null>
  /**
   * Without asking, and ends all sessions: for who has lost both app and recovery codes, which somebody else may have,
   * and has shown an operator who they are.
   */
  forget(person: string): Promise<void>
  /**
   * The second step of signing in. null: a wrong code, or a first step that is over; `locked`: too many wrong ones;
   * `unreadable`: it was set up under another secret than ours.
   */
  finish(
    given: { code: string } | { recoveryCode: string },
    visit: Visit,
  ): Promise<Admitted | 'locked' | 'unreadable' | null>
}

/** A code is good for 30 seconds, and for those before and after. */
const codeSeconds = 90

export function createSecondFactor(ready: () => Promise<Auth>, attempts: Pick<Attempts, 'count'>): SecondFactor {
  /** RFC 6238 §5.2: whoever has looked over a shoulder comes too late. */
  async function isSpent(person: string, code: string): Promise<boolean> {
    const name = `totp:${hash('sha256', `${person} ${code}`).slice(0, 32)}`
    return (await attempts.count(name, codeSeconds, new Date())).count > 1
  }

  return {
    async enrol(password, visit) {
      const { auth, isRefusal } = await ready()
      try {
        const answered = await auth.api.enableTwoFactor({ body: { password }, headers: visitOf(visit) })
        if (!('totpURI' in answered)) return null
        const { totpURI, backupCodes } = answered
        return { uri: totpURI, secret: new URL(totpURI).searchParams.get('secret') ?? '', recoveryCodes: backupCodes }
      } catch (error) {
        if (!isRefusal(error, 400, 401)) throw error
        return isCode(error, 'TOTP_ALREADY_ENABLED') ? 'enrolled' : null
      }
    },
    async confirm(code, visit) {
      const { auth, isRefusal } = await ready()
      try {
        const answered = await auth.api.verifyTOTP({ body: { code }, headers: visitOf(visit), returnHeaders: true })
        await isSpent(answered.response.user.id, code)
        return answered.headers.getSetCookie()
      } catch (error) {
        if (isRefusal(error, 400, 401, 403)) return null
        if (isUnreadable(error)) return 'unreadable'
        throw error
      }
    },
    async newRecoveryCodes(password, visit) {
      const { auth, isRefusal } = await ready()
      try {
        const answered = await auth.api.generateBackupCodes({ body: { password }, headers: visitOf(visit) })
        return answered.backupCodes
      } catch (error) {
        if (isRefusal(error, 400, 401)) return null
        throw error
      }
    },
    async disable(password, visit) {
      const { auth, isRefusal } = await ready()
      try {
        const body = { password }
        const answered = await auth.api.disableTwoFactor({ body, headers: visitOf(visit), returnHeaders: true })
        return answered.headers.getSetCookie()
      } catch (error) {
        if (isRefusal(error, 400, 401, 403)) return null
        throw error
      }
    },
    async forget(person) {
      const opened = await ready()
      await opened.adapter.updateUser(person, { twoFactorEnabled: false })
      await opened.database.delete({ model: 'twoFactor', where: [{ field: 'userId', value: person }] })
      await endSessions(opened, person)
    },
    async finish(given, visit) {
      const { auth, adapter, isRefusal } = await ready()
      // Not the session that the browser may have: the step belongs to who has just given the password.
      const headers = onlyCookies(visitOf(visit), /\.two_factor$/)
      try {
        const call = { headers, returnHeaders: true } as const
        const answered =
          'code' in given
            ? await auth.api.verifyTOTP({ ...call, body: { code: given.code } })
            : await auth.api.verifyBackupCode({ ...call, body: { code: given.recoveryCode } })
        const { user, token } = answered.response as { user: KeptPerson; token: string }
        if ('code' in given && (await isSpent(user.id, given.code))) {
          await adapter.deleteSession(token)
          return null
        }
        return { person: personOf(user), cookies: answered.headers.getSetCookie() }
      } catch (error) {
        if (isRefusal(error, 429)) return 'locked'
        // 403: the account was disabled meanwhile.
        if (isRefusal(error, 400, 401, 403, 409)) return null
        if (isUnreadable(error)) return 'unreadable'
        throw error
      }
    },
  }
}

/** How the library's cipher says that something was encrypted with another key; it has no class for it. */
function isUnreadable(error: unknown): boolean {
  return error instanceof Error && error.message === 'invalid tag'
}

function isCode(error: unknown, code: string): boolean {
  return (error as { body?: { code?: string } }).body?.code === code
}
