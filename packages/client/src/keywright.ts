import { Audit } from './audit.ts'
import { CliTokens } from './cli-tokens.ts'
import type { Contract } from './contract.ts'
import { DeviceLogins } from './device-logins.ts'
import { Keys } from './keys.ts'
import { Members } from './members.ts'
import { Operators } from './operators.ts'
import { Organizations } from './organizations.ts'
import { People } from './people.ts'
import { PortalSessions } from './portal-sessions.ts'
import { Projects } from './projects.ts'
import { Receipts } from './receipts.ts'
import { ServiceKeys } from './service-keys.ts'
import { SignIn } from './sign-in.ts'
import { type CallOptions, createTransport, type KeywrightOptions, type Transport } from './transport.ts'
import { Usage } from './usage.ts'
import type { Verdict, VerifyAttempt } from './verification.ts'
import type { Whoami } from './whoami.ts'

/**
 * The management API of one Keywright instance.
 *
 * Rejects with `ProblemError` where the server refuses, `ConnectionError` where it cannot be reached,
 * `TimeoutError` where it does not answer in time; all are `KeywrightError` with a stable `code`.
 */
export class Keywright {
  readonly organizations: Organizations
  readonly members: Members
  readonly operators: Operators
  readonly people: People
  readonly portalSessions: PortalSessions
  readonly projects: Projects
  readonly keys: Keys
  readonly serviceKeys: ServiceKeys
  readonly receipts: Receipts
  readonly audit: Audit
  readonly usage: Usage
  readonly signIn: SignIn
  readonly cliTokens: CliTokens
  readonly deviceLogins: DeviceLogins
  readonly #transport: Transport

  constructor(options: KeywrightOptions) {
    this.#transport = createTransport(options)
    this.organizations = new Organizations(this.#transport)
    this.members = new Members(this.#transport)
    this.operators = new Operators(this.#transport)
    this.people = new People(this.#transport)
    this.portalSessions = new PortalSessions(this.#transport)
    this.projects = new Projects(this.#transport)
    this.keys = new Keys(this.#transport)
    this.serviceKeys = new ServiceKeys(this.#transport)
    this.receipts = new Receipts(this.#transport)
    this.audit = new Audit(this.#transport)
    this.usage = new Usage(this.#transport)
    this.signIn = new SignIn(this.#transport)
    this.cliTokens = new CliTokens(this.#transport)
    this.deviceLogins = new DeviceLogins(this.#transport)
  }

  /** Who the credential is, with what is left of its limits. */
  whoami(options?: CallOptions): Promise<Whoami> {
    return this.#transport({ method: 'GET', path: '/v1/whoami', has: 'type', options })
  }

  /** How this instance does API keys. Needs no credential. */
  contract(options?: CallOptions): Promise<Contract> {
    return this.#transport({ method: 'GET', path: '/v1/contract', has: 'docs', options })
  }

  /** The verdict on one request to your API, which counts in its limits. For service keys with `verify`. */
  verify(attempt: VerifyAttempt, options?: CallOptions): Promise<Verdict> {
    return this.#transport({ method: 'POST', path: '/v1/verify', has: 'allowed', body: attempt, options })
  }

  /** Ends up to 100 credentials that were found where they should not be. Answers alike for any. Needs no credential. */
  reportLeaks(credentials: readonly string[], options?: CallOptions): Promise<{ received: number }> {
    return this.#transport({ method: 'POST', path: '/v1/leaks', has: 'received', body: { credentials }, options })
  }
}
