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

/** For pages of the console's own origin: the session is a cookie that no script can read. */
export class SignIn {
  readonly #transport: Transport
  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** Rejects with `sign_in_failed` for an unknown address and a wrong password alike. */
  withPassword(input: { email: string; password: string }): Promise<{ person: Person }> {
    return this.#transport({ method: 'POST', path: '/api/auth/sign-in/email', body: input })
  }

  signUp(input: {
    email: string
    password: string
    name: string
    invitation?: string | undefined
  }): Promise<{ person: Person }> {
    return this.#transport({ method: 'POST', path: '/api/auth/sign-up/email', body: input })
  }

  signOut(): Promise<{ signedOut: true }> {
    return this.#transport({ method: 'POST', path: '/api/auth/sign-out' })
  }

  invitation(token: string): Promise<InvitationOffer> {
    return this.#transport({ method: 'POST', path: '/api/auth/invitation', body: { invitation: token } })
  }

  acceptInvitation(token: string): Promise<InvitationOffer> {
    return this.#transport({ method: 'POST', path: '/api/auth/invitation/accept', body: { invitation: token } })
  }

  sessions(options?: CallOptions): Promise<{ sessions: Session[] }> {
    return this.#transport({ method: 'GET', path: '/api/auth/sessions', options })
  }

  endSession(session: string): Promise<{ session: string }> {
    return this.#transport({ method: 'POST', path: '/api/auth/sessions/end', body: { session } })
  }

  device(userCode: string): Promise<DeviceLogin> {
    return this.#transport({ method: 'GET', path: '/api/auth/device', query: { user_code: userCode } })
  }

  approveDevice(userCode: string): Promise<DeviceLogin> {
    return this.#transport({ method: 'POST', path: '/api/auth/device/approve', body: { userCode } })
  }

  denyDevice(userCode: string): Promise<DeviceLogin> {
    return this.#transport({ method: 'POST', path: '/api/auth/device/deny', body: { userCode } })
  }
}
