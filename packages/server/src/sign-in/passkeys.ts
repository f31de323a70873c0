import { type Auth, personOf } from './auth.ts'
import type { Admitted, Visit } from './people.ts'
import { visitOf } from './visit.ts'

export interface Passkey {
  /** `psk_…`. */
  id: string
  name: string | null
  createdAt: Date | null
  /** Its holder has it on more devices than one. */
  isBackedUp: boolean
}

/** What a browser hands to `navigator.credentials`, and what it gets back: WebAuthn Level 3, as JSON. */
interface Ceremony {
  options: Record<string, unknown>
  cookies: readonly string[]
}

/** Keys that a device or a password manager holds, and lets its owner use after having asked who they are. */
export interface Passkeys {
  list(visit: Visit): Promise<Passkey[]>
  /** null: the session is older than a day. */
  startAdding(visit: Visit): Promise<Ceremony | null>
  /** null: what came back does not fit what was asked. */
  add(input: { name: string; response: unknown }, visit: Visit): Promise<Passkey | null>
  /** Whether the person had it. */
  remove(id: string, visit: Visit): Promise<boolean>
  startSignIn(): Promise<Ceremony>
  /** null: not one of ours, not for this challenge, used without asking its holder, or the account is disabled. */
  signIn(response: Record<string, unknown>, visit: Visit): Promise<Admitted | null>
}

type Assertion = NonNullable<Parameters<Auth['auth']['api']['verifyPasskeyAuthentication']>[0]>['body']['response']

export function createPasskeys(ready: () => Promise<Auth>): Passkeys {
  return {
    async list(visit) {
      const { auth } = await ready()
      return (await auth.api.listPasskeys({ headers: visitOf(visit) })).map(passkeyOf)
    },
    async startAdding(visit) {
      const { auth, isRefusal } = await ready()
      try {
        const call = { headers: visitOf(visit), returnHeaders: true } as const
        return ceremonyOf(await auth.api.generatePasskeyRegistrationOptions(call))
      } catch (error) {
        if (isRefusal(error, 401, 403)) return null
        throw error
      }
    },
    async add(body, visit) {
      const { auth, database, isRefusal } = await ready()
      try {
        const kept = await auth.api.verifyPasskeyRegistration({ body, headers: withOrigin(visit) })
        // WebAuthn §7.1: whoever signed in with it would be one of two. Its id is known for sure only now.
        const where = [{ field: 'credentialID', value: kept.credentialID }]
        if ((await database.count({ model: 'passkey', where })) > 1) {
          await database.delete({ model: 'passkey', where: [{ field: 'id', value: kept.id }] })
          return null
        }
        return passkeyOf(kept)
      } catch (error) {
        // It names what does not fit with 500.
        if (isRefusal(error, 400, 401, 403, 500) || isOtherStep(error)) return null
        throw error
      }
    },
    async remove(id, visit) {
      const { auth, isRefusal } = await ready()
      try {
        await auth.api.deletePasskey({ body: { id }, headers: visitOf(visit) })
        return true
      } catch (error) {
        if (isRefusal(error, 400, 401, 403, 404)) return false
        throw error
      }
    },
    async startSignIn() {
      const { auth } = await ready()
      const call = { headers: new Headers(), returnHeaders: true } as const
      const { options, cookies } = ceremonyOf(await auth.api.generatePasskeyAuthenticationOptions(call))
      return { options: { ...options, userVerification: 'required' }, cookies }
    },
    async signIn(response, visit) {
      const { auth, adapter, isRefusal } = await ready()
      const before = await auth.api.getSession({ headers: visitOf(visit) })
      try {
        const body = { response: response as unknown as Assertion }
        const call = { body, headers: withOrigin(visit), returnHeaders: true } as const
        const answered = await auth.api.verifyPasskeyAuthentication(call)
        if (before) await adapter.deleteSession(before.session.token)
        return { person: personOf(answered.response.user), cookies: answered.headers.getSetCookie() }
      } catch (error) {
        // 403: the account is disabled.
        if (isRefusal(error, 400, 401, 403, 404) || isOtherStep(error)) return null
        throw error
      }
    },
  }
}

/** The library signs a cookie's value and not its name, and reads what it kept for another step as JSON. */
function isOtherStep(error: unknown): boolean {
  return error instanceof SyntaxError
}

/** The browser has signed it, and so it is compared with it. That it is ours was looked at before. */
function withOrigin(visit: Visit): Headers {
  const headers = visitOf(visit)
  headers.set('origin', visit.headers.get('origin') ?? '')
  return headers
}

function ceremonyOf({ response, headers }: { response: object; headers: Headers }): Ceremony {
  return { options: { ...response }, cookies: headers.getSetCookie() }
}

interface KeptPasskey {
  id: string
  name?: string | null | undefined
  createdAt?: Date | null | undefined
  backedUp: boolean
}

function passkeyOf({ id, name, createdAt, backedUp }: KeptPasskey): Passkey {
  return { id, name: name || null, createdAt: createdAt ? new Date(createdAt) : null, isBackedUp: Boolean(backedUp) }
}
