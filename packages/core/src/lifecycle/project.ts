import type { Actor, Change } from '../audit/event.ts'
import { newId } from '../key/id.ts'
import type { ProjectRecord } from '../store/records.ts'
import { existingOrganization, type Lifecycle } from './lifecycle.ts'
import { checkName } from './terms.ts'

/** @throws LifecycleError `not_found` where there is no such organization, `invalid` */
export async function createProject(
  { store, now }: Lifecycle,
  actor: Actor,
  { organization, name }: { organization: string; name: string },
): Promise<{ project: ProjectRecord; change: Change | null }> {
  checkName(name)
  const { result, changes } = await store.transact(async (transaction) => {
    await existingOrganization(transaction, organization)
    const at = now()
    const project: ProjectRecord = { id: newId('prj', at.getTime()), organization, name, createdAt: at }
    await transaction.putProject(project)
    transaction.record({ action: 'project.created', organization, target: project.id, actor, at, details: { name } })
    return project
  })
  return { project: result, change: changes[0] ?? null }
}
