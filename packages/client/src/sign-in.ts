import type { CallOptions, Transport } from './transport.ts'

export interface Person {
  id: string
  email: string
  name: string
}

export type Role = 'owner' | 'admin' | 'member'

export interface Session {
  id: string
  createdAt: string
  expiresAt: string
  address: string | null
  userAgent: string | null
  /** The one that asks. */
  current: boolean
}

/** The place that an invitation is for. */
export interface InvitationOffer {
  role: Role | 'operator'
  /** null: to run the whole instance. */
  organization: { id: string; name: string } | null
  /** The only address that may take it; null: any. */
  email: string | null
  expiresAt: string
}

/** A login by the device flow (RFC 8628) that waits for a person. */
export interface DeviceLogin {
  /** What it calls itself. Nothing proves it. */
  client: string
  device: string | null
  scope: string | null
  address: string | null
  startedAt: string
  expiresAt: string
  state: 'pending' | 'approved' | 'denied' | 'redeemed'
  /** What it can do once approved, in words. */
  may: string
}

/** What an authenticator app is given, once. */
export interface SecondFactorEnrolment {
  /** `otpauth://totp/…`, for a QR code. */
  uri: string
  /** The same to type in. */
  secret: string
  recoveryCodes: string[]
}

export interface Passkey {
  id: string
  name: string | null
  createdAt: string | null
  /** A password manager keeps copies of it. */
  backedUp: boolean
}

/** What a browser is asked with, and what it answers: WebAuthn Level 3, as JSON. */
export type PasskeyOptions = Record<string, unknown>
export type PasskeyResponse = Record<string, unknown>

/** For pages of the console's own origin: the session is a cookie that no script can read. */
export class SignIn {
  readonly #transport: Transport
  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** Rejects with `sign_in_failed` for an unknown address and a wrong password alike. */
  withPassword(input: { email: string; password: string }): Promise<{ person: Person } | { secondFactor: true }> {
    return this.#transport({
      method: 'POST',
      path: '/api/auth/sign-in/email',
      has: ['person', 'secondFactor'],
      body: input,
    })
  }

  /** After `secondFactor`, within ten minutes. */
  withCode(input: { code: string } | { recoveryCode: string }): Promise<{ person: Person }> {
    return this.#transport({ method: 'POST', path: '/api/auth/sign-in/second-factor', has: 'person', body: input })
  }

  passkeyOptions(): Promise<{ options: PasskeyOptions }> {
    return this.#transport({ method: 'POST', path: '/api/auth/sign-in/passkey/options', has: 'options' })
  }

  withPasskey(response: PasskeyResponse): Promise<{ person: Person }> {
    return this.#transport({ method: 'POST', path: '/api/auth/sign-in/passkey', has: 'person', body: { response } })
  }

  providers(options?: CallOptions): Promise<{ providers: { id: string; name: string }[] }> {
    return this.#transport({ method: 'GET', path: '/api/auth/providers', has: 'providers', options })
  }

  /** Where to send the browser. */
  startProvider(input: {
    provider: string
    to?: string
    invitation?: string
    link?: boolean
  }): Promise<{ location: string }> {
    return this.#transport({ method: 'POST', path: '/api/auth/sign-in/provider', has: 'location', body: input })
  }

  /** The accounts elsewhere that open this one. `name` is null where the provider is not configured any more. */
  linkedProviders(options?: CallOptions): Promise<{ providers: { issuer: string; name: string | null }[] }> {
    return this.#transport({ method: 'GET', path: '/api/auth/providers/linked', has: 'providers', options })
  }

  /** Rejects with `conflict` where it is the last way in. */
  unlinkProvider(issuer: string): Promise<{ issuer: string }> {
    return this.#transport({ method: 'POST', path: '/api/auth/providers/unlink', has: 'issuer', body: { issuer } })
  }

  /** What the link of a portal session is for. */
  byPortal(portal: string): Promise<{ person: Person; organization: string }> {
    return this.#transport({ method: 'POST', path: '/api/auth/portal', has: 'person', body: { portal } })
  }

  changePassword(input: { current: string; password: string }): Promise<{ person: Person }> {
    return this.#transport({ method: 'POST', path: '/api/auth/password', has: 'person', body: input })
  }

  /** Answers alike whether there is such an account or not. `byMail` is false where this instance sends none. */
  forgotPassword(email: string): Promise<{ byMail: boolean }> {
    return this.#transport({ method: 'POST', path: '/api/auth/password/forgot', has: 'byMail', body: { email } })
  }

  /** With the token of a link that was sent to someone who has forgotten their password. */
  resetPassword(input: { token: string; password: string }): Promise<{ person: Person }> {
    return this.#transport({ method: 'POST', path: '/api/auth/password/reset', has: 'person', body: input })
  }

  secondFactor(options?: CallOptions): Promise<{ enabled: boolean }> {
    return this.#transport({ method: 'GET', path: '/api/auth/second-factor', has: 'enabled', options })
  }

  enrolSecondFactor(password: string): Promise<SecondFactorEnrolment> {
    return this.#transport({ method: 'POST', path: '/api/auth/second-factor/enrol', has: 'secret', body: { password } })
  }

  confirmSecondFactor(code: string): Promise<{ enabled: boolean }> {
    return this.#transport({ method: 'POST', path: '/api/auth/second-factor/confirm', has: 'enabled', body: { code } })
  }

  renewRecoveryCodes(password: string): Promise<{ recoveryCodes: string[] }> {
    return this.#transport({
      method: 'POST',
      path: '/api/auth/second-factor/recovery-codes',
      has: 'recoveryCodes',
      body: { password },
    })
  }

  disableSecondFactor(password: string): Promise<{ enabled: boolean }> {
    return this.#transport({
      method: 'POST',
      path: '/api/auth/second-factor/disable',
      has: 'enabled',
      body: { password },
    })
  }

  passkeys(options?: CallOptions): Promise<{ passkeys: Passkey[] }> {
    return this.#transport({ method: 'GET', path: '/api/auth/passkeys', has: 'passkeys', options })
  }

  newPasskeyOptions(): Promise<{ options: PasskeyOptions }> {
    return this.#transport({ method: 'POST', path: '/api/auth/passkeys/options', has: 'options' })
  }

  addPasskey(input: { name: string; response: PasskeyResponse }): Promise<Passkey> {
    return this.#transport({ method: 'POST', path: '/api/auth/passkeys', has: 'id', body: input })
  }

  removePasskey(passkey: string): Promise<{ passkey: string }> {
    return this.#transport({ method: 'POST', path: '/api/auth/passkeys/remove', has: 'passkey', body: { passkey } })
  }

  signUp(input: {
    email: string
    password: string
    name: string
    invitation?: string | undefined
  }): Promise<{ person: Person }> {
    return this.#transport({ method: 'POST', path: '/api/auth/sign-up/email', has: 'person', body: input })
  }

  signOut(): Promise<{ signedOut: true }> {
    return this.#transport({ method: 'POST', path: '/api/auth/sign-out', has: 'signedOut' })
  }

  invitation(token: string): Promise<InvitationOffer> {
    return this.#transport({ method: 'POST', path: '/api/auth/invitation', has: 'role', body: { invitation: token } })
  }

  acceptInvitation(token: string): Promise<InvitationOffer> {
    return this.#transport({
      method: 'POST',
      path: '/api/auth/invitation/accept',
      has: 'role',
      body: { invitation: token },
    })
  }

  sessions(options?: CallOptions): Promise<{ sessions: Session[] }> {
    return this.#transport({ method: 'GET', path: '/api/auth/sessions', has: 'sessions', options })
  }

  endSession(session: string): Promise<{ session: string }> {
    return this.#transport({ method: 'POST', path: '/api/auth/sessions/end', has: 'session', body: { session } })
  }

  device(userCode: string): Promise<DeviceLogin> {
    return this.#transport({ method: 'GET', path: '/api/auth/device', has: 'client', query: { user_code: userCode } })
  }

  approveDevice(userCode: string): Promise<DeviceLogin> {
    return this.#transport({ method: 'POST', path: '/api/auth/device/approve', has: 'client', body: { userCode } })
  }

  denyDevice(userCode: string): Promise<DeviceLogin> {
    return this.#transport({ method: 'POST', path: '/api/auth/device/deny', has: 'client', body: { userCode } })
  }
}
