import type { CreatedInvitation } from './members.ts'
import { Pages, type Paging } from './pages.ts'
import { type CallOptions, type Mutation, path, type Transport } from './transport.ts'

/** Somebody who runs the instance. */
export interface Operator {
  user: string
  /** null: sign-in is off. */
  email: string | null
  name: string | null
  createdAt: string
}

/** For operators, and service keys with `*`. */
export class Operators {
  readonly #transport: Transport
  constructor(transport: Transport) {
    this.#transport = transport
  }

  list(paging: Paging = {}, options?: CallOptions): Pages<'operators', Operator> {
    return new Pages(this.#transport, 'operators', '/v1/operators', { ...paging }, options)
  }

  invite(invitation: { email: string }, options?: Mutation): Promise<CreatedInvitation> {
    return this.#transport({
      method: 'POST',
      path: '/v1/operators/invitations',
      has: 'link',
      body: invitation,
      options,
    })
  }

  /** Their CLI tokens end with it. Rejects with `conflict` for the last one. */
  remove(user: string, options?: CallOptions): Promise<{ user: string }> {
    return this.#transport({ method: 'DELETE', path: path`/v1/operators/${user}`, has: 'user', options })
  }
}
