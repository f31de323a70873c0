import { createHmac, randomBytes, randomInt } from 'node:crypto'
import { type Actor, type Lifecycle, newId } from '@keywright/core'
import { issueCliTokenIn } from '../../access/cli-token-lifecycle.ts'
import { takePersonsTurn } from '../../access/persons-turn.ts'
import { notFound, Problem } from '../../control/problem.ts'
import { type Attempts, countAttempt, deviceCodeBounds, tooMany, wrongUserCodeBound } from '../attempts.ts'
import type { People, SignedIn } from '../people.ts'
import type { DeviceLogin, DeviceLogins } from './login.ts'

/** RFC 8628 §6.1: no vowels, so that no code is a word; nothing that is easily taken for something else. */
const alphabet = 'BCDFGHJKLMNPQRSTVWXZ'
const userCodeLength = 8
/** OWASP ASVS 6.5.5: what is handed over out of band lives ten minutes at most. */
const lifetimeSeconds = 600
const intervalSeconds = 5
/** RFC 8628 §3.5. */
const slowerBySeconds = 5

interface DeviceRequest {
  client: string
  device: string | null
  scope: string | null
  address: string | null
}

interface DeviceCodes {
  deviceCode: string
  /** Eight letters with a hyphen in the middle. */
  userCode: string
  expiresInSeconds: number
  intervalSeconds: number
}

/** What a poll finds. RFC 8628 §3.5. */
export type Poll =
  | 'authorization_pending'
  | 'slow_down'
  | 'access_denied'
  | 'expired_token'
  | 'invalid_grant'
  | { credential: string; expiresAt: Date; scope: string | null }

/** The OAuth 2.0 device authorization grant (RFC 8628), whose fruit is a CLI token. */
export interface DeviceFlow {
  /** @throws Problem `too_many_attempts` */
  start(request: DeviceRequest): Promise<DeviceCodes>
  poll(deviceCode: string, client: string, from: { address: string | null; requestId: string }): Promise<Poll>
  /** What a person decides about, who from then on is the only one to decide. @throws Problem */
  view(userCode: string, by: SignedIn): Promise<DeviceLogin>
  /** @throws Problem */
  decide(userCode: string, by: SignedIn, decision: 'approved' | 'denied'): Promise<DeviceLogin>
}

export interface DeviceFlowParts {
  lifecycle: Lifecycle
  people: Pick<People, 'find' | 'sessions'>
  logins: DeviceLogins
  attempts: Attempts
  /** Codes of eight letters could be found out from a plain digest of them. */
  secret: string
}

export function createDeviceFlow({ lifecycle, people, logins, attempts, secret }: DeviceFlowParts): DeviceFlow {
  const { now } = lifecycle
  const digest = (kind: 'device' | 'user', code: string) =>
    createHmac('sha256', secret).update(`keywright ${kind} code ${code}`).digest('hex')

  /** A code that is none counts as a guess, and whoever has guessed too often is not even told of a right one. */
  async function find(userCode: string, { person }: SignedIn): Promise<DeviceLogin> {
    const at = now()
    const { name, most, windowSeconds } = wrongUserCodeBound(person.id)
    const guesses = await attempts.count(name, windowSeconds, at)
    if (guesses.count > most) throw tooMany(guesses.endsAt, at)
    const login = await logins.byUserCode(digest('user', userCode), at)
    if (!login) throw notFound('code')
    await attempts.uncount(name)
    return login
  }

  /** What ends the session ends what it has approved: signing out, a new password, another role, being disabled. */
  async function isLive(user: string, session: string | null): Promise<boolean> {
    const person = await people.find(user)
    if (!person || person.disabledAt) return false
    return (await people.sessions(user)).some(({ id, expiresAt }) => id === session && expiresAt > now())
  }

  return {
    async start({ client, device, scope, address }) {
      const at = now()
      await countAttempt(attempts, deviceCodeBounds(address), at)
      const deviceCode = randomBytes(32).toString('base64url')
      const userCode = Array.from({ length: userCodeLength }, () => alphabet[randomInt(alphabet.length)]).join('')
      await logins.add({
        ...{ id: newId('dev', at.getTime()), client, device, scope, address, intervalSeconds },
        deviceDigest: digest('device', deviceCode),
        userDigest: digest('user', userCode),
        createdAt: at,
        expiresAt: new Date(at.getTime() + lifetimeSeconds * 1000),
      })
      const written = `${userCode.slice(0, 4)}-${userCode.slice(4)}`
      return { deviceCode, userCode: written, expiresInSeconds: lifetimeSeconds, intervalSeconds }
    },

    async poll(deviceCode, client, { address, requestId }) {
      const found = await logins.poll(digest('device', deviceCode), slowerBySeconds, now())
      if (!found || found.login.client !== client) return 'invalid_grant'
      const { login, tooSoon } = found
      if (login.expiresAt <= now()) return 'expired_token'
      if (tooSoon) return 'slow_down'
      if (login.state === 'pending') return 'authorization_pending'
      if (login.state === 'denied') return 'access_denied'
      const { user, session } = login
      if (user === null) return 'invalid_grant'
      if (!(await isLive(user, session))) return 'access_denied'
      if (!(await logins.redeem(login.id))) return 'invalid_grant'
      const actor: Actor = { type: 'user', id: user, triggeredBy: 'cli', address, requestId }
      const { result: issued } = await lifecycle.store.transact(async (transaction) => {
        await takePersonsTurn(transaction, user)
        if (!(await isLive(user, session))) return null
        return issueCliTokenIn(transaction, lifecycle, actor, { user, name: login.device ?? login.client })
      })
      if (!issued) return 'access_denied'
      return { credential: issued.credential, expiresAt: issued.token.expiresAt, scope: login.scope }
    },

    async view(userCode, by) {
      const login = await find(userCode, by)
      if (login.state !== 'pending') throw notFound('code')
      if (!(await logins.bind(login.id, by.session.id, by.person.id))) throw notYours()
      return login
    },

    async decide(userCode, by, decision) {
      const login = await find(userCode, by)
      // Who has not looked at it cannot know what they let in; who is nobody in particular has not looked either.
      if (login.session !== by.session.id) throw notYours()
      if (!(await logins.decide(login.id, by.session.id, decision, now()))) throw notFound('code')
      return { ...login, state: decision }
    },
  }
}

function notYours(): Problem {
  return new Problem('device_code_not_yours')
}

/** As people type it: any case, with hyphens or spaces or without. null: it cannot be a code. */
export function readUserCode(text: string): string | null {
  const code = text.replaceAll(/[-\s]/g, '').toUpperCase()
  return code.length === userCodeLength && [...code].every((letter) => alphabet.includes(letter)) ? code : null
}
