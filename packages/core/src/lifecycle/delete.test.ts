import { setImmediate } from 'node:timers/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Role } from '../contract/contract.ts'
import { parseContract } from '../contract/parse.ts'
import type { ProjectRecord } from '../store/records.ts'
import type { Store, Transaction } from '../store/store.ts'
import { type InMemory, inMemory, testActor } from '../testing/in-memory.ts'
import { deleteOrganization, deleteProject } from './delete.ts'
import { issue } from './issue.ts'
import type { Issued } from './lifecycle.ts'
import { type RemovalOptions, removeMember, setMember } from './member.ts'
import { remove, revoke } from './revoke.ts'

const contract = parseContract({ name: 'acme', key: { forms: [{ prefix: 'ak_' }] } })

let all: InMemory
let project: ProjectRecord
let inProject: Issued[]
let beside: Issued

beforeEach(async () => {
  all = inMemory({ contract })
  project = await all.project(await all.organization())
  const make = (of: string | null) => issue(all.lifecycle, testActor, { organization: 'acme', project: of, name: 'a' })
  inProject = [await make(project.id), await make(project.id), await make(project.id)]
  beside = await make(null)
  for (const { credential } of [...inProject, beside]) await all.verifier.verify({ credential })
})

const actionsSince = async (number: number) =>
  (await all.store.changes(number, 100)).map(({ action, target }) => [action, target])

const idOf = (i: number) => `key_0000000001${String(i).padStart(16, '0')}`

/** Half of them suspended. */
async function makeMany(of: object): Promise<void> {
  await all.store.transact(async (transaction) => {
    const made = { ...(inProject[0] as Issued).key, ...of }
    const suspended = { suspendedAt: all.clock.date() }
    for (let i = 0; i < 2_500; i++) {
      await transaction.putKey({ ...made, id: idOf(i), versions: [], ...(i % 2 === 0 && suspended) })
    }
    const event = { action: 'key.imported', organization: 'acme', target: 'acme', actor: testActor } as const
    transaction.record({ ...event, at: all.clock.date(), details: {} })
  })
}

async function areAllowed(...issued: Issued[]): Promise<boolean[]> {
  const outcomes = issued.map(async ({ credential }) => all.verifier.verify({ credential }))
  return (await Promise.all(outcomes)).map(({ allowed }) => allowed)
}

describe('deleting', () => {
  it('only counts when it is a dry run', async () => {
    const head = await all.store.head()
    const dryRun = { dryRun: true }
    expect(await deleteProject(all.lifecycle, testActor, project.id, dryRun)).toMatchObject({ keys: 3, change: null })
    expect(await deleteOrganization(all.lifecycle, testActor, 'acme', dryRun)).toEqual({
      keys: 4,
      members: 0,
      projects: 1,
      change: null,
    })
    expect(await all.store.head()).toEqual(head)
    expect(await areAllowed(...inProject, beside)).toEqual([true, true, true, true])
  })

  it('a project ends its keys with an event each, and touches no other', async () => {
    const [first] = inProject as [Issued]
    await revoke(all.lifecycle, testActor, first.key.id, { reason: 'leaked' })
    const { number } = await all.store.head()
    expect(await deleteProject(all.lifecycle, testActor, project.id)).toMatchObject({
      keys: 2,
      change: { action: 'project.deleted' },
    })
    expect(await actionsSince(number)).toEqual([
      ...inProject.slice(1).map(({ key }) => ['key.revoked', key.id]),
      ['project.deleted', project.id],
    ])
    expect(await areAllowed(...inProject, beside)).toEqual([false, false, false, true])
    expect(await all.store.project(project.id)).toBeUndefined()
    expect(await all.store.key(first.key.id)).toBeUndefined()
  })

  it('an organization ends all that is in it, and its id is nobody’s any more', async () => {
    await setMember(all.lifecycle, testActor, { organization: 'acme', user: 'usr_1', role: 'owner' })
    await remove(all.lifecycle, testActor, beside.key.id)
    const { number } = await all.store.head()
    expect(await deleteOrganization(all.lifecycle, testActor, 'acme')).toMatchObject({
      keys: 3,
      members: 1,
      change: { action: 'organization.deleted' },
    })
    expect(await actionsSince(number)).toEqual([
      ...inProject.map(({ key }) => ['key.revoked', key.id]),
      ['organization.deleted', 'acme'],
    ])
    expect(await areAllowed(...inProject, beside)).toEqual([false, false, false, false])
    expect(await all.store.member('acme', 'usr_1')).toBeUndefined()

    await expect(all.organization()).rejects.toMatchObject({ code: 'conflict', field: 'id' })
    expect(await all.store.organization('acme')).toBeUndefined()
  })

  it.each([
    ['an organization', (how: object) => deleteOrganization(all.lifecycle, testActor, 'acme', how)],
    ['a project', (how: object) => deleteProject(all.lifecycle, testActor, project.id, how)],
    ['a member', (how: object) => removeMember(all.lifecycle, testActor, 'acme', 'usr_1', { withKeys: true, ...how })],
  ])('%s with many keys lets others go on in between, and takes what these make', async (_, end) => {
    await setMember(all.lifecycle, testActor, { organization: 'acme', user: 'usr_2', role: 'owner' })
    await setMember(all.lifecycle, testActor, { organization: 'acme', user: 'usr_1', role: 'owner' })
    const own = { organization: 'acme', project: project.id, createdBy: 'usr_1', name: 'a' }
    await makeMany(own)
    const { keys: counted } = await end({ dryRun: true })
    const { number } = await all.store.head()

    const ending = end({})
    while ((await all.store.head()).number === number) await setImmediate()
    const meanwhile = await issue(all.lifecycle, testActor, own)
    // As one of a node whose clock is behind: its id comes before all that have ended.
    const behind = { ...meanwhile.key, id: `key_${'0'.repeat(26)}`, versions: [] }
    await all.store.transact(async (transaction) => {
      await transaction.putKey(behind)
      const event = { action: 'key.imported', organization: 'acme', target: behind.id, actor: testActor } as const
      transaction.record({ ...event, at: all.clock.date(), details: {} })
    })
    const { keys } = await ending

    const changes = await all.store.changes(number, 10_000)
    expect(changes.at(-1)).toMatchObject({ details: { keys } })
    expect(changes.filter(({ action }) => action === 'key.revoked')).toHaveLength(keys)
    expect(keys).toBe(counted + 2)
    expect((await all.verifier.verify({ credential: meanwhile.credential })).allowed).toBe(false)
    expect(
      (await all.store.keys({ createdBy: 'usr_1', state: 'active', now: all.clock.date(), limit: 1 })).items,
    ).toEqual([])
  })

  it('many keys goes on behind those that have ended, and comes by them once more at the end', async () => {
    await makeMany({})
    const begins: (string | undefined)[] = []
    const transact: Store['transact'] = (work) =>
      all.store.transact((transaction) => {
        const keys: Transaction['keys'] = (filter) => {
          begins.push(filter.after)
          return transaction.keys(filter)
        }
        return work({ ...transaction, keys })
      })
    const store: Store = Object.assign(Object.create(all.store), { transact })
    await deleteOrganization({ ...all.lifecycle, store }, testActor, 'acme')
    expect(begins).toEqual([undefined, idOf(999), idOf(1_999), undefined])
  })

  it('a member who is not to be taken out ends none of their many keys', async () => {
    await setMember(all.lifecycle, testActor, { organization: 'acme', user: 'usr_1', role: 'owner' })
    await makeMany({ createdBy: 'usr_1' })
    const head = await all.store.head()
    const takeOut = (how: RemovalOptions) =>
      removeMember(all.lifecycle, testActor, 'acme', 'usr_1', { withKeys: true, ...how })
    await expect(takeOut({})).rejects.toMatchObject({ code: 'conflict' })
    await setMember(all.lifecycle, testActor, { organization: 'acme', user: 'usr_2', role: 'owner' })
    const permit = (role: Role) => {
      throw new Error(`May not take out an ${role}.`)
    }
    await expect(takeOut({ permit })).rejects.toThrow('an owner')
    expect(await actionsSince(head.number)).toEqual([['member.added', 'acme/usr_2']])
  })

  it('what is not there is refused', async () => {
    await expect(deleteProject(all.lifecycle, testActor, 'prj_0')).rejects.toMatchObject({ code: 'not_found' })
    await expect(deleteOrganization(all.lifecycle, testActor, 'nobody')).rejects.toMatchObject({ code: 'not_found' })
  })
})
