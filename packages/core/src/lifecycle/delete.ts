import type { Actor, Change } from '../audit/event.ts'
import { everyPage } from '../store/page.ts'
import type { ProjectRecord } from '../store/records.ts'
import type { Transaction } from '../store/store.ts'
import { existingOrganization, type Lifecycle, LifecycleError } from './lifecycle.ts'
import { revokeAhead, revokeAllIn } from './revoke-all.ts'

/** What a deletion took with it, or would. */
export interface Deletion {
  /** Those that were not revoked yet. */
  keys: number
  members: number
  projects: number
  /** The last one; null: nothing was done. */
  change: Change | null
}

const reason = 'Its organization or project was deleted.'

/**
 * Revokes every key of the organization, one event each, then removes it. Its audit stays, and so its id is never given
 * to another. `dryRun` only counts.
 */
export async function deleteOrganization(
  lifecycle: Lifecycle,
  actor: Actor,
  id: string,
  { dryRun = false } = {},
): Promise<Deletion> {
  const { store, now } = lifecycle
  const of = { organization: id }
  const check = (reads: Pick<Transaction, 'organization'>) => existingOrganization(reads, id)
  await check(store)
  const members = await count((page) => store.members({ ...of, ...page }))
  const projects = await count((page) => store.projects({ ...of, ...page }))
  if (dryRun) return { keys: await store.countUnrevoked(of), members, projects, change: null }
  const ahead = await revokeAhead(lifecycle, actor, [of], reason, check)
  const { result: keys, changes } = await store.transact(async (transaction) => {
    const { name } = await check(transaction)
    const keys = (ahead.get(id) ?? 0) + (await revokeAllIn(transaction, lifecycle, actor, of, reason))
    await transaction.deleteOrganization(id)
    const details = { name, keys, members, projects }
    transaction.record({ action: 'organization.deleted', organization: id, target: id, actor, at: now(), details })
    return keys
  })
  return { keys, members, projects, change: changes.at(-1) ?? null }
}

/** Revokes every key of the project, one event each, then removes it. `dryRun` only counts. */
export async function deleteProject(
  lifecycle: Lifecycle,
  actor: Actor,
  id: string,
  { dryRun = false } = {},
): Promise<Deletion> {
  const { store, now } = lifecycle
  const check = (reads: Pick<Transaction, 'project'>) => existingProject(reads, id)
  const { organization } = await check(store)
  const of = { organization, project: id }
  const rest = { members: 0, projects: 1 }
  if (dryRun) return { ...rest, keys: await store.countUnrevoked(of), change: null }
  const ahead = await revokeAhead(lifecycle, actor, [of], reason, check)
  const { result: keys, changes } = await store.transact(async (transaction) => {
    const { name } = await check(transaction)
    const keys = (ahead.get(organization) ?? 0) + (await revokeAllIn(transaction, lifecycle, actor, of, reason))
    await transaction.deleteProject(id)
    const details = { name, keys }
    transaction.record({ action: 'project.deleted', organization, target: id, actor, at: now(), details })
    return keys
  })
  return { ...rest, keys, change: changes.at(-1) ?? null }
}

async function existingProject(reads: Pick<Transaction, 'project'>, id: string): Promise<ProjectRecord> {
  const project = await reads.project(id)
  if (!project) throw new LifecycleError('not_found', `There is no project ${id}.`)
  return project
}

async function count(list: Parameters<typeof everyPage>[0]): Promise<number> {
  let sum = 0
  for await (const { length } of everyPage(list)) sum += length
  return sum
}
