import type { Role } from './sign-in.ts'
import type { Mutation, Transport } from './transport.ts'

export interface NewPortalSession {
  organization: string
  /** As you call them; shown to people. The same text is the same person each time. */
  user: string
  /** That of the latest link is theirs. */
  role: Role
}

/** Where to send the browser: works once, for five minutes. */
export interface PortalSession {
  link: string
  expiresAt: string
}

/** Lets your customers into the console, or into your page by `<keywright-keys>`. For service keys with `manage`. */
export class PortalSessions {
  readonly #transport: Transport
  constructor(transport: Transport) {
    this.#transport = transport
  }

  create(session: NewPortalSession, options?: Mutation): Promise<PortalSession> {
    return this.#transport({ method: 'POST', path: '/v1/portal-sessions', has: 'link', body: session, options })
  }
}
