import type { Deletion } from './organizations.ts'
import { Pages, type Paging } from './pages.ts'
import { type CallOptions, type Mutation, path, type Transport } from './transport.ts'

/** A subdivision of an organization that keys may be bound to. */
export interface Project {
  id: string
  organization: string
  name: string
  createdAt: string
}

export interface NewProject {
  organization: string
  name: string
}

export class Projects {
  readonly #transport: Transport
  constructor(transport: Transport) {
    this.#transport = transport
  }

  create(project: NewProject, options?: Mutation): Promise<Project & { receipt: string }> {
    return this.#transport({ method: 'POST', path: '/v1/projects', has: 'id', body: project, options })
  }

  list(filter: Paging & { organization?: string | undefined } = {}, options?: CallOptions): Pages<'projects', Project> {
    return new Pages(this.#transport, 'projects', '/v1/projects', { ...filter }, options)
  }

  get(id: string, options?: CallOptions): Promise<Project> {
    return this.#transport({ method: 'GET', path: path`/v1/projects/${id}`, has: 'id', options })
  }

  /** With its keys, which are revoked first. With `dryRun` they are only counted. */
  delete(id: string, { dryRun }: { dryRun?: boolean | undefined } = {}, options?: CallOptions): Promise<Deletion> {
    return this.#transport({
      method: 'DELETE',
      path: path`/v1/projects/${id}`,
      has: 'keys',
      query: { dryRun },
      options,
    })
  }
}
