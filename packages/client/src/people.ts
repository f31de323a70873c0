import { Pages, type Paging } from './pages.ts'
import { type CallOptions, type Mutation, path, type Transport } from './transport.ts'

/** Somebody who can sign in to the instance, as its operators see them. */
export interface Account {
  id: string
  email: string
  name: string
  createdAt: string
  /** Since when they are kept out; null: they are not. */
  disabledAt: string | null
  secondFactor: boolean
  operator: boolean
}

/** What removing an account does, or would do. */
export interface AccountRemoval {
  user: string
  organizations: number
  keys: number
  cliTokens: number
  sessions: number
  dryRun: boolean
}

/** For operators. */
export class People {
  readonly #transport: Transport
  constructor(transport: Transport) {
    this.#transport = transport
  }

  list(paging: Paging = {}, options?: CallOptions): Pages<'people', Account> {
    return new Pages(this.#transport, 'people', '/v1/people', { ...paging }, options)
  }

  /** Ends sessions and terminals, and takes all places until `enable`. */
  disable(user: string, options?: Mutation): Promise<Account> {
    return this.#transport({ method: 'POST', path: path`/v1/people/${user}/disable`, has: 'id', options })
  }

  enable(user: string, options?: Mutation): Promise<Account> {
    return this.#transport({ method: 'POST', path: path`/v1/people/${user}/enable`, has: 'id', options })
  }

  /** `dryRun` only counts. */
  remove(user: string, { dryRun = false } = {}, options?: CallOptions): Promise<AccountRemoval> {
    return this.#transport({
      method: 'DELETE',
      path: path`/v1/people/${user}`,
      has: 'keys',
      query: dryRun ? { dryRun: 'true' } : {},
      options,
    })
  }

  forgetSecondFactor(user: string, options?: CallOptions): Promise<Account> {
    return this.#transport({ method: 'DELETE', path: path`/v1/people/${user}/second-factor`, has: 'id', options })
  }

  /** A link for whoever has forgotten their password: ten minutes, once. */
  passwordLink(email: string, options?: Mutation): Promise<{ email: string; link: string; expiresAt: string }> {
    return this.#transport({ method: 'POST', path: '/v1/people/password-links', has: 'link', body: { email }, options })
  }
}
