import { Pages, type Paging } from './pages.ts'
import { type CallOptions, type Mutation, path, type Transport } from './transport.ts'

/** A login from a terminal. */
export interface CliToken {
  id: string
  /** Of the machine it was made for. */
  name: string
  hint: string
  createdAt: string
  expiresAt: string
  lastUsedAt: string | null
  revokedAt: string | null
}

/** Of the person who asks. */
export class CliTokens {
  readonly #transport: Transport
  constructor(transport: Transport) {
    this.#transport = transport
  }

  list(paging: Paging = {}, options?: CallOptions): Pages<'cliTokens', CliToken> {
    return new Pages(this.#transport, 'cliTokens', '/v1/cli-tokens', { ...paging }, options)
  }

  /** `current` is the token that asks. */
  revoke(id: string, options?: Mutation): Promise<CliToken> {
    return this.#transport({ method: 'POST', path: path`/v1/cli-tokens/${id}/revoke`, has: 'id', options })
  }
}
