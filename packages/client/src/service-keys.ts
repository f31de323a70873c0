import { Pages, type Paging } from './pages.ts'
import { type CallOptions, type Mutation, path, type Transport } from './transport.ts'

export type ServicePermission = '*' | 'manage' | 'verify' | 'metrics'

/** A machine's credential for the control side. */
export interface ServiceKey {
  id: string
  name: string
  hint: string
  permissions: ServicePermission[]
  /** null: every organization of the instance. */
  organization: string | null
  createdAt: string
  revokedAt: string | null
}

export interface NewServiceKey {
  name: string
  permissions: readonly ServicePermission[]
  organization?: string | undefined
}

/** The only answer that holds the credential. */
export interface CreatedServiceKey extends ServiceKey {
  credential: string
  receipt: string
}

export class ServiceKeys {
  readonly #transport: Transport
  constructor(transport: Transport) {
    this.#transport = transport
  }

  create(key: NewServiceKey, options?: Mutation): Promise<CreatedServiceKey> {
    return this.#transport({ method: 'POST', path: '/v1/service-keys', has: 'credential', body: key, options })
  }

  list(paging: Paging = {}, options?: CallOptions): Pages<'serviceKeys', ServiceKey> {
    return new Pages(this.#transport, 'serviceKeys', '/v1/service-keys', { ...paging }, options)
  }

  revoke(id: string, options?: Mutation): Promise<ServiceKey & { receipt: string }> {
    return this.#transport({ method: 'POST', path: path`/v1/service-keys/${id}/revoke`, has: 'permissions', options })
  }
}
