import { setImmediate } from 'node:timers/promises'
import type { Actor, Change } from '../audit/event.ts'
import type { KeyRecord } from '../key/record.ts'
import type { Page, Transaction } from '../store/store.ts'
import { existingOrganization, type Lifecycle, LifecycleError } from './lifecycle.ts'
import { revoked } from './revoke.ts'

/** What a deletion took with it, or would. */
export interface Deletion {
  /** Those that were not revoked yet. */
  keys: number
  members: number
  projects: number
  /** The last one; null: nothing was done. */
  change: Change | null
}

/**
 * Revokes every key of the organization, one event each, then removes it. Its audit stays, and so its id is never given
 * to another. `dryRun` only counts.
 */
export async function deleteOrganization(
  { store, now }: Lifecycle,
  actor: Actor,
  id: string,
  { dryRun = false } = {},
): Promise<Deletion> {
  const members = await count((page) => store.members({ organization: id, ...page }))
  const projects = await count((page) => store.projects({ organization: id, ...page }))
  const { result: keys, changes } = await store.transact(async (transaction) => {
    const at = now()
    const { name } = await existingOrganization(transaction, id)
    const keys = await revokeAll(transaction, actor, { organization: id }, at, dryRun)
    if (!dryRun) {
      await transaction.deleteOrganization(id)
      const details = { name, keys, members, projects }
      transaction.record({ action: 'organization.deleted', organization: id, target: id, actor, at, details })
    }
    return keys
  })
  return { keys, members, projects, change: changes.at(-1) ?? null }
}

/** Revokes every key of the project, one event each, then removes it. `dryRun` only counts. */
export async function deleteProject(
  { store, now }: Lifecycle,
  actor: Actor,
  id: string,
  { dryRun = false } = {},
): Promise<Deletion> {
  const { result: keys, changes } = await store.transact(async (transaction) => {
    const at = now()
    const project = await transaction.project(id)
    if (!project) throw new LifecycleError('not_found', `There is no project ${id}.`)
    const { organization, name } = project
    const keys = await revokeAll(transaction, actor, { organization, project: id }, at, dryRun)
    if (!dryRun) {
      await transaction.deleteProject(id)
      transaction.record({ action: 'project.deleted', organization, target: id, actor, at, details: { name, keys } })
    }
    return keys
  })
  return { keys, members: 0, projects: 1, change: changes.at(-1) ?? null }
}

async function count(list: (page: { after?: string; limit: number }) => Promise<Page<unknown>>): Promise<number> {
  let sum = 0
  let after: string | null = null
  do {
    const page: Page<unknown> = await list({ ...(after !== null && { after }), limit: 1000 })
    sum += page.items.length
    after = page.next
  } while (after !== null)
  return sum
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
      if (dryRun) continue
      await revokeOne(transaction, actor, key, { at, reason })
      if (count % keysAtOnce === 0) await setImmediate()
    }
    after = page.next ?? undefined
  } while (after !== undefined)
  return count
}

/** How many are written before whoever else has something to do gets a turn. */
const keysAtOnce = 16

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
