import type { Actor } from '../audit/event.ts'
import type { KeyRecord } from '../key/record.ts'
import type { Transaction } from '../store/store.ts'
import { existingOrganization, type Lifecycle, LifecycleError } from './lifecycle.ts'
import { revoked } from './revoke.ts'

/** What a deletion took with it, or would. */
export interface Deletion {
  keys: number
}

/** Revokes every key of the organization, one event each, then removes it. `dryRun` only counts. */
export async function deleteOrganization(
  { store, now }: Lifecycle,
  actor: Actor,
  id: string,
  { dryRun = false } = {},
): Promise<Deletion> {
  const { result } = await store.transact(async (transaction) => {
    const at = now()
    const { name } = await existingOrganization(transaction, id)
    const keys = await revokeAll(transaction, actor, { organization: id }, at, dryRun)
    if (!dryRun) {
      await transaction.deleteOrganization(id)
      const details = { name, keys }
      transaction.record({ action: 'organization.deleted', organization: id, target: id, actor, at, details })
    }
    return { keys }
  })
  return result
}

/** Revokes every key of the project, one event each, then removes it. `dryRun` only counts. */
export async function deleteProject(
  { store, now }: Lifecycle,
  actor: Actor,
  id: string,
  { dryRun = false } = {},
): Promise<Deletion> {
  const { result } = await store.transact(async (transaction) => {
    const at = now()
    const project = await transaction.project(id)
    if (!project) throw new LifecycleError('not_found', `There is no project ${id}.`)
    const { organization, name } = project
    const keys = await revokeAll(transaction, actor, { organization, project: id }, at, dryRun)
    if (!dryRun) {
      await transaction.deleteProject(id)
      transaction.record({ action: 'project.deleted', organization, target: id, actor, at, details: { name, keys } })
    }
    return { keys }
  })
  return result
}

/** @param of the keys: all of the organization, or of one project or maker in it */
export async function revokeAll(
  transaction: Transaction,
  actor: Actor,
  {
    createdBy,
    reason = 'Its organization or project was deleted.',
    ...of
  }: {
    organization: string
    project?: string
    createdBy?: string
    reason?: string
  },
  at: Date,
  dryRun: boolean,
): Promise<number> {
  let count = 0
  let after: string | undefined
  do {
    const page = await transaction.keys({ ...of, ...(after !== undefined && { after }), limit: 1000 })
    for (const key of page.items) {
      if (key.revokedAt || (createdBy !== undefined && key.createdBy !== createdBy)) continue
      count++
      if (!dryRun) await revokeOne(transaction, actor, key, { at, reason })
    }
    after = page.next ?? undefined
  } while (after !== undefined)
  return count
}

async function revokeOne(
  transaction: Transaction,
  actor: Actor,
  key: KeyRecord,
  { at, reason }: { at: Date; reason: string },
): Promise<void> {
  const { organization, id, name } = key
  await transaction.putKey(revoked(key, at, reason))
  transaction.record({ action: 'key.revoked', organization, target: id, actor, at, details: { name, reason } })
}
