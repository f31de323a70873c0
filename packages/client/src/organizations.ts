import { Pages, type Paging } from './pages.ts'
import { type CallOptions, type Mutation, path, type Transport } from './transport.ts'

export type OrganizationState = 'active' | 'suspended' | 'unpaid'

/** The customer account that keys belong to. */
export interface Organization {
  id: string
  name: string
  /** One of the contract's plans; null where it has none. */
  plan: string | null
  /** What its keys may reach; null where the contract has no namespaces. */
  namespaces: string[] | null
  /** Requests in a calendar month (UTC); null: as the plan says. */
  monthlyQuota: number | null
  /** `suspended` and `unpaid` refuse all its keys. */
  state: OrganizationState
  createdAt: string
}

export interface NewOrganization {
  /** A slug of your choice, `[a-z0-9][a-z0-9_-]{0,62}`; absent: one is made. */
  id?: string | undefined
  name: string
  plan?: string | undefined
  namespaces?: readonly string[] | undefined
}

export interface OrganizationPatch {
  name?: string | undefined
  plan?: string | undefined
  namespaces?: readonly string[] | undefined
  monthlyQuota?: number | null | undefined
  state?: OrganizationState | undefined
}

/** What an organization uses in this calendar month (UTC). A request counts as many as it costs. */
export interface OrganizationMonth {
  used: number
  /** As agreed, or as the plan says; null: unlimited. */
  quota: number | null
  /** When the next month begins. */
  resetAt: string
}

/** What a deletion has taken with it, or would. */
export interface Deletion {
  id: string
  dryRun: boolean
  /** Those that were not revoked before. */
  keys: number
  members: number
  projects: number
  /** null after a dry run. */
  receipt: string | null
}

export class Organizations {
  readonly #transport: Transport
  constructor(transport: Transport) {
    this.#transport = transport
  }

  create(organization: NewOrganization, options?: Mutation): Promise<Organization & { receipt: string }> {
    return this.#transport({ method: 'POST', path: '/v1/organizations', has: 'id', body: organization, options })
  }

  /** `q`: a part of the name or of the id. */
  list(filter: Paging & { q?: string | undefined } = {}, options?: CallOptions): Pages<'organizations', Organization> {
    return new Pages(this.#transport, 'organizations', '/v1/organizations', { ...filter }, options)
  }

  get(id: string, options?: CallOptions): Promise<Organization> {
    return this.#transport({ method: 'GET', path: path`/v1/organizations/${id}`, has: 'id', options })
  }

  month(id: string, options?: CallOptions): Promise<OrganizationMonth> {
    return this.#transport({ method: 'GET', path: path`/v1/organizations/${id}/month`, has: 'used', options })
  }

  update(id: string, patch: OrganizationPatch, options?: CallOptions): Promise<Organization & { receipt: string }> {
    return this.#transport({ method: 'PATCH', path: path`/v1/organizations/${id}`, has: 'id', body: patch, options })
  }

  /** With all that is in it: its keys are revoked, its audit stays. With `dryRun` it is only counted. */
  delete(id: string, { dryRun }: { dryRun?: boolean | undefined } = {}, options?: CallOptions): Promise<Deletion> {
    return this.#transport({
      method: 'DELETE',
      path: path`/v1/organizations/${id}`,
      has: 'keys',
      query: { dryRun },
      options,
    })
  }
}
