import type { Actor, Change } from '../audit/event.ts'
import { newId } from '../key/id.ts'
import type { ProjectRecord } from '../store/records.ts'
import type { Transaction } from '../store/store.ts'
import { existingOrganization, type Lifecycle } from './lifecycle.ts'
import { checkName } from './terms.ts'

export interface NewProject {
  organization: string
  /** 1–200 characters. */
  name: string
}

/** @throws LifecycleError `not_found` where there is no such organization, `invalid` */
export async function createProject(
  lifecycle: Lifecycle,
  actor: Actor,
  input: NewProject,
): Promise<{ project: ProjectRecord; change: Change | null }> {
  const { result, changes } = await lifecycle.store.transact((transaction) =>
    createProjectIn(transaction, lifecycle, actor, input),
  )
  return { project: result, change: changes[0] ?? null }
}

/** The same as part of a larger transaction. */
export async function createProjectIn(
  transaction: Transaction,
  { now }: Lifecycle,
  actor: Actor,
  { organization, name }: NewProject,
): Promise<ProjectRecord> {
  checkName(name)
  await existingOrganization(transaction, organization)
  const at = now()
  const project: ProjectRecord = { id: newId('prj', at.getTime()), organization, name, createdAt: at }
  await transaction.putProject(project)
  transaction.record({ action: 'project.created', organization, target: project.id, actor, at, details: { name } })
  return project
}
