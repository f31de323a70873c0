import {
  type Actor,
  createOrganizationIn,
  createProjectIn,
  everyPage,
  issueIn,
  type KeyRecord,
  type MemberRecord,
  type Page,
  type ProjectRecord,
  removeIn,
  setMemberIn,
  type Transaction,
} from '@keywright/core'
import type { EdgeRequest, RouteDeps, SignedInPeople } from '../routes/edge-routes.ts'
import { json } from '../routes/json.ts'
import { readMembers } from '../routes/members.ts'
import { Refused } from '../routes/refused.ts'
import { type Calls, newKey, newProject } from './calls.ts'
import { keyView, prefixOf, projectView } from './view.ts'

/** A person acts on the projects of all their organizations: as owner or admin changes them, as member looks. */
export function callsOfPerson(
  { lifecycle, usage, people }: RouteDeps & { people: SignedInPeople },
  person: { id: string; name: string; email: string },
  request: EdgeRequest,
): Calls {
  const { store } = lifecycle
  const actor: Actor = {
    type: 'user',
    id: person.id,
    triggeredBy: 'cli',
    address: request.attempt.ip ?? null,
    requestId: request.requestId,
  }

  /** The one they joined first comes first. */
  async function places(members: Pick<Transaction, 'members'> = store): Promise<MemberRecord[]> {
    const found = await all((page) => members.members({ user: person.id, ...page }))
    return found.sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime())
  }

  async function organizations() {
    const found = await Promise.all(
      (await places()).map(async ({ organization: id, role }) => {
        const [organization, projects] = await Promise.all([
          store.organization(id),
          all((page) => store.projects({ organization: id, ...page })),
        ])
        return organization ? [{ organization, role, projects }] : []
      }),
    )
    return found.flat()
  }

  /** Asked in the transaction that changes something: who has lost their place a moment ago changes nothing. */
  async function mayChange(transaction: Transaction, organization: string, missing: string): Promise<void> {
    const member = await transaction.member(organization, person.id)
    if (!member) throw new Refused('not_found', missing)
    if (member.role === 'member') {
      throw new Refused('forbidden', 'Members of an organization look; ask its owner or an admin to change something.')
    }
  }

  async function placeForProject(transaction: Transaction, asked: string | undefined): Promise<string> {
    // Before their places are read: of two first projects at once the second finds the organization of the first.
    if (asked === undefined && !(await people.isHere(transaction, person.id))) throw loginEnded()
    const own = await places(transaction)
    if (asked === undefined && own.length === 0) {
      const { id } = await createOrganizationIn(transaction, lifecycle, actor, { name: person.name })
      await setMemberIn(transaction, lifecycle, actor, { organization: id, user: person.id, role: 'owner' })
      return id
    }
    const first = own.find(({ role }) => role !== 'member') ?? own[0]
    const organization = asked ?? first?.organization ?? ''
    await mayChange(transaction, organization, 'There is no such organization among yours.')
    return organization
  }

  return {
    async me() {
      const { id, name, email } = person
      const orgs = (await organizations()).map(({ organization, role, projects }) => ({
        id: organization.id,
        name: organization.name,
        role,
        projects: projects.map(projectView),
      }))
      return json(200, { user: { id, name, email }, orgs })
    },

    async listProjects() {
      const projects = (await organizations()).flatMap(({ organization, projects }) =>
        projects.map((project) => {
          const { projectId, name, createdAt } = projectView(project)
          return { projectId, name, orgId: organization.id, orgName: organization.name, createdAt }
        }),
      )
      return json(200, { projects })
    },

    async createProject() {
      const { name, orgId } = await readMembers(request, newProject)
      const { result } = await store.transact(async (transaction) => {
        const organization = await placeForProject(transaction, orgId)
        return createProjectIn(transaction, lifecycle, actor, { organization, name })
      })
      return json(200, { projectId: result.id, name: result.name })
    },

    async listKeys() {
      const found = await Promise.all(
        (await places()).map(({ organization }) => all((page) => store.keys({ organization, ...page }))),
      )
      // This list has no word for a revoked key: it is gone.
      const keys: KeyRecord[] = found.flat().filter(({ revokedAt }) => revokedAt === null)
      const lastUsed = await usage.lastUsed(keys.map(({ id }) => id))
      return json(200, { keys: keys.map((key) => keyView(key, lastUsed.get(key.id))) })
    },

    async createKey() {
      const { name, projectId } = await readMembers(request, newKey)
      const missing = 'There is no such project among yours.'
      const { result } = await store.transact(async (transaction) => {
        const project: ProjectRecord | undefined = await transaction.project(projectId)
        if (!project) throw new Refused('not_found', missing)
        await mayChange(transaction, project.organization, missing)
        const place = { organization: project.organization, project: project.id, createdBy: person.id }
        return issueIn(transaction, lifecycle, actor, { name, ...place })
      })
      const { key, credential } = result
      return json(200, { id: key.id, name: key.name, prefix: prefixOf(key), key: credential })
    },

    async deleteKey(id) {
      const missing = 'There is no such key in your projects.'
      await store.transact(async (transaction) => {
        const key = await transaction.key(id)
        if (!key || key.deletedAt) throw new Refused('not_found', missing)
        await mayChange(transaction, key.organization, missing)
        return removeIn(transaction, lifecycle, actor, id)
      })
      return json(200, { id })
    },
  }
}

export function loginEnded(): Refused {
  return new Refused('invalid_credential', 'This login has ended. Log in again.')
}

async function all<T>(list: (page: { after?: string; limit: number }) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = []
  for await (const some of everyPage(list)) items.push(...some)
  return items
}
