import { Pages, type Paging } from './pages.ts'
import type { Role } from './sign-in.ts'
import { type CallOptions, type Mutation, path, type Transport } from './transport.ts'

/** A person's place in an organization. */
export interface Member {
  organization: string
  user: string
  /** null: the account is gone. */
  email: string | null
  name: string | null
  role: Role
  createdAt: string
}

/** What taking someone out does, or would do: the keys they have made there go with them. */
export interface MemberRemoval {
  organization: string
  user: string
  keys: number
  dryRun: boolean
}

export interface Invitation {
  id: string
  /** null: to run the instance. */
  organization: string | null
  role: Role | 'operator'
  email: string | null
  createdBy: string | null
  createdAt: string
  expiresAt: string
  acceptedAt: string | null
  revokedAt: string | null
}

/** The only answer that holds the link, which works once. */
export interface CreatedInvitation extends Invitation {
  link: string
  /** It is on its way by mail too. */
  byMail: boolean
}

export class Members {
  readonly #transport: Transport
  constructor(transport: Transport) {
    this.#transport = transport
  }

  list(organization: string, paging: Paging = {}, options?: CallOptions): Pages<'members', Member> {
    return new Pages(
      this.#transport,
      'members',
      path`/v1/organizations/${organization}/members`,
      { ...paging },
      options,
    )
  }

  update(organization: string, user: string, patch: { role: Role }, options?: CallOptions): Promise<Member> {
    return this.#transport({
      method: 'PATCH',
      path: path`/v1/organizations/${organization}/members/${user}`,
      has: 'user',
      body: patch,
      options,
    })
  }

  /** With `dryRun` it only counts. */
  remove(organization: string, user: string, { dryRun = false } = {}, options?: CallOptions): Promise<MemberRemoval> {
    return this.#transport({
      method: 'DELETE',
      path: path`/v1/organizations/${organization}/members/${user}`,
      has: 'keys',
      query: { dryRun: dryRun ? 'true' : undefined },
      options,
    })
  }

  invite(
    organization: string,
    invitation: { email: string; role: Role },
    options?: Mutation,
  ): Promise<CreatedInvitation> {
    return this.#transport({
      method: 'POST',
      path: path`/v1/organizations/${organization}/invitations`,
      has: 'link',
      body: invitation,
      options,
    })
  }

  invitations(organization: string, paging: Paging = {}, options?: CallOptions): Pages<'invitations', Invitation> {
    const at = path`/v1/organizations/${organization}/invitations`
    return new Pages(this.#transport, 'invitations', at, { ...paging }, options)
  }

  revokeInvitation(organization: string, invitation: string, options?: Mutation): Promise<Invitation> {
    return this.#transport({
      method: 'POST',
      path: path`/v1/organizations/${organization}/invitations/${invitation}/revoke`,
      has: 'id',
      options,
    })
  }
}
