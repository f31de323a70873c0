import { beforeEach, describe, expect, it } from 'vitest'
import type { Role } from '../contract/contract.ts'
import { parseContract } from '../contract/parse.ts'
import { type InMemory, inMemory, testActor } from '../testing/in-memory.ts'
import { issue } from './issue.ts'
import { removeMember, setMember } from './member.ts'

const contract = parseContract({ name: 'acme', key: { forms: [{ prefix: 'ak_' }] } })

let all: InMemory
beforeEach(async () => {
  all = inMemory({ contract })
  await all.organization()
})

const place = (user: string, role: Role) => setMember(all.lifecycle, testActor, { organization: 'acme', user, role })
const leave = (user: string) => removeMember(all.lifecycle, testActor, 'acme', user)

describe('a member', () => {
  it('joins, is given another role, and leaves, each with an event', async () => {
    const joined = await place('usr_1', 'owner')
    all.clock.advance(1000)
    const second = await place('usr_2', 'member')
    all.clock.advance(1000)
    expect(await place('usr_2', 'admin')).toEqual({ ...second, role: 'admin' })
    expect(await place('usr_1', 'owner')).toEqual(joined)
    await leave('usr_2')
    const changes = await all.store.changes(1, 100)
    expect(changes.map(({ action, target, details }) => [action, target, details])).toEqual([
      ['member.added', 'acme/usr_1', { role: 'owner' }],
      ['member.added', 'acme/usr_2', { role: 'member' }],
      ['member.updated', 'acme/usr_2', { role: 'admin', before: 'member' }],
      ['member.removed', 'acme/usr_2', expect.objectContaining({ role: 'admin' })],
    ])
    expect(await all.store.member('acme', 'usr_2')).toBeUndefined()
  })

  it('is one of an organization that exists, and leaves only one they are in', async () => {
    const nobody = { organization: 'nobody', user: 'usr_1', role: 'owner' } as const
    await expect(setMember(all.lifecycle, testActor, nobody)).rejects.toMatchObject({ code: 'not_found' })
    await expect(leave('usr_1')).rejects.toMatchObject({ code: 'not_found' })
  })
})

it('a key is read once more when its maker is given a place that is as good, and then known again', async () => {
  let reads = 0
  const { lifecycle, verifier, organization } = inMemory({
    contract: parseContract({
      name: 'acme',
      key: { forms: [{ prefix: 'ak_' }] },
      permissions: { byMakersRole: { owner: ['*'], admin: ['*'], member: [] } },
    }),
    keys: (store) => ({
      found: (id) => store.found(id),
      find(digest) {
        reads++
        return store.find(digest)
      },
    }),
  })
  await organization()
  const place = { organization: 'acme', user: 'usr_2' }
  await setMember(lifecycle, testActor, { ...place, user: 'usr_1', role: 'owner' })
  await setMember(lifecycle, testActor, { ...place, role: 'owner' })
  const { credential } = await issue(lifecycle, testActor, { organization: 'acme', name: 'a', createdBy: 'usr_2' })
  await verifier.verify({ credential })
  await setMember(lifecycle, testActor, { ...place, role: 'admin' })
  reads = 0
  for (let i = 0; i < 3; i++) expect(await verifier.verify({ credential })).toMatchObject({ allowed: true })
  expect(reads).toBe(1)
})

describe('the last owner', () => {
  it('neither leaves nor becomes something else until there is another', async () => {
    await place('usr_1', 'owner')
    await place('usr_2', 'admin')
    await expect(leave('usr_1')).rejects.toMatchObject({ code: 'conflict' })
    await expect(place('usr_1', 'admin')).rejects.toMatchObject({ code: 'conflict' })
    await place('usr_2', 'owner')
    await leave('usr_1')
    await expect(leave('usr_2')).rejects.toMatchObject({ code: 'conflict' })
  })

  it('is left when two owners leave at once', async () => {
    await place('usr_1', 'owner')
    await place('usr_2', 'owner')
    const answers = await Promise.allSettled([leave('usr_1'), leave('usr_2')])
    expect(answers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  })

  it('is not the one who is found last among more members than a page holds', async () => {
    await all.store.transact(async (transaction) => {
      const member = { organization: 'acme', role: 'member', createdAt: all.clock.date() } as const
      for (let i = 0; i < 1500; i++) await transaction.putMember({ ...member, user: `usr_${1000 + i}` })
      transaction.record({
        action: 'member.added',
        organization: 'acme',
        target: 'acme',
        actor: testActor,
        at: member.createdAt,
        details: {},
      })
    })
    await place('usr_1', 'owner')
    await place('usr_9', 'owner')
    await leave('usr_1')
    await expect(leave('usr_9')).rejects.toMatchObject({ code: 'conflict' })
  })
})
