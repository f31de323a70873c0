import {
  type Actor,
  everyPage,
  issueIn,
  type KeyRecord,
  type OrganizationRecord,
  type Principal,
  type ProjectRecord,
  removeIn,
  stateAt,
  type Transaction,
  worksAt,
} from '@keywright/core'
import type { EdgeRequest, RouteDeps } from '../routes/edge-routes.ts'
import { json } from '../routes/json.ts'
import { readMembers } from '../routes/members.ts'
import { Refused } from '../routes/refused.ts'
import { type Calls, newKey } from './calls.ts'
import { keyView, prefixOf, projectView } from './view.ts'

/** An API key acts on its own project, and sees no other. */
export function callsOfKey({ lifecycle, usage }: RouteDeps, principal: Principal, request: EdgeRequest): Calls {
  const { store, now } = lifecycle
  const actor: Actor = {
    type: 'api_key',
    id: principal.key,
    triggeredBy: 'api',
    address: request.attempt.ip ?? null,
    requestId: request.requestId,
  }

  async function ownPlace(): Promise<{ organization: OrganizationRecord; project: ProjectRecord }> {
    const organization = await store.organization(principal.organization)
    const project = principal.project === null ? undefined : await store.project(principal.project)
    // Deleted since the key was verified, and the key with it.
    if (!organization || !project) throw new Refused('invalid_credential')
    return { organization, project }
  }

  /** What it was verified by may be older than its end: a key that is over must leave no successor behind. */
  async function ownKey(transaction: Transaction): Promise<KeyRecord> {
    const at = now()
    const key = await transaction.key(principal.key)
    const version = key?.versions.find(({ number }) => number === principal.version)
    const organization = await transaction.organization(principal.organization)
    if (
      !key ||
      !version ||
      !worksAt(version, at) ||
      stateAt(key, at) !== 'active' ||
      organization?.state !== 'active'
    ) {
      throw new Refused('invalid_credential')
    }
    return key
  }

  async function ownKeys(): Promise<KeyRecord[]> {
    const { organization, project } = principal
    const keys: KeyRecord[] = []
    const place = { organization, ...(project !== null && { project }) }
    for await (const some of everyPage((page) => store.keys({ ...place, ...page }))) {
      // This list has no word for a revoked key: it is gone. A key from before the contract may have no project.
      keys.push(...some.filter((key) => key.project === project && key.revokedAt === null))
    }
    return keys
  }

  return {
    async me() {
      const { organization, project } = await ownPlace()
      const { id, name } = organization
      return json(200, { user: null, orgs: [{ id, name, role: 'member', projects: [projectView(project)] }] })
    },

    async listProjects() {
      const { organization, project } = await ownPlace()
      const { projectId, name, createdAt } = projectView(project)
      const { id: orgId, name: orgName } = organization
      return json(200, { projects: [{ projectId, name, orgId, orgName, createdAt }] })
    },

    async createProject() {
      throw new Refused('forbidden', 'Creating projects needs a signed-in user: sign in with the CLI or the dashboard.')
    },

    async listKeys() {
      const keys = await ownKeys()
      const lastUsed = await usage.lastUsed(keys.map(({ id }) => id))
      return json(200, { keys: keys.map((key) => keyView(key, lastUsed.get(key.id))) })
    },

    async createKey() {
      const { name, projectId } = await readMembers(request, newKey)
      if (projectId !== principal.project) {
        throw new Refused('forbidden', 'This API key creates keys for its own project only.')
      }
      const { result } = await store.transact(async (transaction) => {
        const own = await ownKey(transaction)
        const { organization, project, kind, environment, createdBy } = own
        // Of the same person: it goes with them, and counts against what limits them.
        const successor = { name, organization, project, kind, environment, createdBy }
        return issueIn(transaction, lifecycle, actor, successor, own)
      })
      const { key, credential } = result
      return json(200, { id: key.id, name: key.name, prefix: prefixOf(key), key: credential })
    },

    async deleteKey(id) {
      await store.transact(async (transaction) => {
        await ownKey(transaction)
        const key = await transaction.key(id)
        const { organization, project } = principal
        if (!key || key.deletedAt || key.organization !== organization || key.project !== project) {
          throw new Refused('not_found', 'There is no such key in this project.')
        }
        return removeIn(transaction, lifecycle, actor, id)
      })
      return json(200, { id })
    },
  }
}
