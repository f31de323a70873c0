import {
  type Change,
  changeGrace,
  compileFormat,
  createVerifier,
  deleteOrganization,
  deleteProject,
  type FoundKey,
  importKey,
  importMany,
  issue,
  parseContract,
  reissue,
  remove,
  removeMember,
  resume,
  revoke,
  revokeMany,
  rotate,
  setMember,
  suspend,
  update,
  updateOrganization,
} from '@keywright/core'
import { testActor } from '@keywright/core/testing'
import { describe, expect, it } from 'vitest'
import { createCountingSource, createSlowSource, inMemoryThrough, settled } from '../support/sources.ts'

const contract = parseContract({
  name: 'acme',
  key: { forms: [{ prefix: 'ak_' }] },
  permissions: { byMakersRole: { owner: ['*'], admin: ['*'], member: ['things:read'] } },
})

async function start() {
  const all = inMemoryThrough(createCountingSource, { contract })
  const { lifecycle, verifier } = all
  await all.organization()
  return {
    ...all,
    issue: (terms = {}) => issue(lifecycle, testActor, { organization: 'acme', name: 'a', ...terms }),
    async of(credential: string, permissions: string[] = []): Promise<string> {
      const outcome = await verifier.verify({ credential, permissions })
      return outcome.allowed ? 'allowed' : outcome.reason
    },
  }
}

describe('as soon as a change is acknowledged', () => {
  it('a revoked, suspended, deleted or updated key is refused, and a resumed one is not', async () => {
    const { lifecycle, clock, issue, of } = await start()
    const [one, two, three, four] = [await issue(), await issue(), await issue(), await issue()]
    for (const { credential } of [one, two, three, four]) expect(await of(credential)).toBe('allowed')
    await revoke(lifecycle, testActor, one.key.id)
    await suspend(lifecycle, testActor, two.key.id)
    await remove(lifecycle, testActor, three.key.id)
    await update(lifecycle, testActor, four.key.id, { expiresAt: new Date(clock.now() + 1) })
    clock.advance(1)
    expect([await of(one.credential), await of(two.credential), await of(three.credential)]).toEqual([
      'revoked_key',
      'suspended_key',
      'revoked_key',
    ])
    expect(await of(four.credential)).toBe('expired_key')
    await resume(lifecycle, testActor, two.key.id)
    expect(await of(two.credential)).toBe('allowed')
  })

  it('all keys of a suspended, unpaid or deleted organization are refused, and no others', async () => {
    const { lifecycle, organization, issue, of } = await start()
    const other = await organization({ id: 'other' })
    const [one, two, stranger] = [await issue(), await issue(), await issue({ organization: other.id })]
    for (const { credential } of [one, two, stranger]) expect(await of(credential)).toBe('allowed')
    for (const [state, reason] of [
      ['suspended', 'organization_suspended'],
      ['unpaid', 'organization_unpaid'],
      ['active', 'allowed'],
    ] as const) {
      await updateOrganization(lifecycle, testActor, 'acme', { state })
      expect([await of(one.credential), await of(two.credential)]).toEqual([reason, reason])
      expect(await of(stranger.credential)).toBe('allowed')
    }
    await deleteOrganization(lifecycle, testActor, 'acme')
    expect([await of(one.credential), await of(two.credential)]).toEqual(['unknown_key', 'unknown_key'])
    expect(await of(stranger.credential)).toBe('allowed')
  })

  it('all keys of a deleted project are refused, and no others', async () => {
    const { lifecycle, organization, project, issue, of } = await start()
    const { id } = await project(await organization({ id: 'other' }))
    const inProject = await Promise.all(Array.from({ length: 5 }, () => issue({ organization: 'other', project: id })))
    const beside = await issue({ organization: 'other' })
    for (const { credential } of [...inProject, beside]) expect(await of(credential)).toBe('allowed')
    await deleteProject(lifecycle, testActor, id)
    for (const { credential } of inProject) expect(await of(credential)).toBe('unknown_key')
    expect(await of(beside.credential)).toBe('allowed')
  })

  it("a maker's lower role lowers their keys, and leaving ends these until the maker is back", async () => {
    const { lifecycle, verifier, issue, of } = await start()
    const place = (user: string, role: 'owner' | 'admin' | 'member') =>
      setMember(lifecycle, testActor, { organization: 'acme', user, role })
    await place('usr_1', 'owner')
    await place('usr_2', 'admin')
    const full = await issue({ createdBy: 'usr_2' })
    const narrow = await issue({ createdBy: 'usr_2', permissions: ['things:write', 'things:read'] })
    const machine = await issue()
    expect(await of(full.credential, ['things:write', 'anything'])).toBe('allowed')
    expect(await of(narrow.credential, ['things:write'])).toBe('allowed')
    expect(await of(narrow.credential, ['anything'])).toBe('permission_missing')
    const whole = await verifier.verify({ credential: full.credential, path: '/without-a-rule' })
    expect(whole).toMatchObject({ allowed: true, principal: { permissions: null, user: 'usr_2' } })

    await place('usr_2', 'member')
    expect(await of(full.credential, ['things:write'])).toBe('permission_missing')
    expect(await of(full.credential, ['things:read'])).toBe('allowed')
    expect(await of(narrow.credential, ['things:write'])).toBe('permission_missing')
    expect(await of(narrow.credential, ['things:read'])).toBe('allowed')

    await removeMember(lifecycle, testActor, 'acme', 'usr_2')
    expect([await of(full.credential), await of(narrow.credential)]).toEqual(['maker_left', 'maker_left'])
    expect(await of(machine.credential, ['things:write'])).toBe('allowed')

    await place('usr_2', 'admin')
    expect(await of(full.credential, ['things:write'])).toBe('allowed')
  })

  it('it holds under usage: a key that is used all the time stays dead once it is', async () => {
    const { lifecycle, issue, of } = await start()
    for (let round = 0; round < 50; round++) {
      const { key, credential } = await issue({
        limits: [{ requests: 1e9, windowSeconds: 60, per: 'key', kind: 'window' }],
      })
      let dead = false
      const use = async () => {
        for (let i = 0; i < 100; i++) {
          const wasDead = dead
          const reason = await of(credential)
          if (wasDead) expect(reason).toBe('revoked_key')
        }
      }
      const kill = async () => {
        await (round % 2 ? revoke : remove)(lifecycle, testActor, key.id)
        dead = true
      }
      await Promise.all([use(), use(), kill(), use()])
      expect(await of(credential)).toBe('revoked_key')
    }
  })
})

describe('a read that is under way while a key is revoked', () => {
  it.each([0, 1])('does not bring the key back, whichever of the two answers comes first (%d)', async (first) => {
    const { lifecycle, verifier, slow, issue } = await startSlow()
    const { key, credential } = await issue()
    const early = verifier.verify({ credential })
    await settled()
    const done = revoke(lifecycle, testActor, key.id)
    await settled()
    expect(slow.waiting).toBe(2)
    await slow.answer(first)
    await slow.answer()
    await slow.answer()
    await done
    expect(await early).toMatchObject({ reason: 'revoked_key' })
    expect(verifier.verify({ credential })).toMatchObject({ reason: 'revoked_key' })
  })

  it('does not bring an organization, or a member, back either', async () => {
    const { lifecycle, verifier, slow, issue } = await startSlow()
    await setMember(lifecycle, testActor, { organization: 'acme', user: 'usr_1', role: 'owner' })
    await setMember(lifecycle, testActor, { organization: 'acme', user: 'usr_2', role: 'owner' })
    const { credential } = await issue({ createdBy: 'usr_1' })
    const early = verifier.verify({ credential })
    await settled()
    await updateOrganization(lifecycle, testActor, 'acme', { state: 'suspended' })
    await slow.answer()
    await slow.answer()
    expect(await early).toMatchObject({ reason: 'organization_suspended' })

    await updateOrganization(lifecycle, testActor, 'acme', { state: 'active' })
    const second = verifier.verify({ credential })
    await settled()
    await removeMember(lifecycle, testActor, 'acme', 'usr_1')
    await slow.answer()
    await slow.answer()
    expect(await second).toMatchObject({ reason: 'maker_left' })
  })

  async function startSlow() {
    const { source: slow, ...all } = inMemoryThrough(createSlowSource, { contract })
    await all.organization()
    return {
      ...all,
      slow,
      async issue(terms = {}) {
        const issuing = issue(all.lifecycle, testActor, { organization: 'acme', name: 'a', ...terms })
        await slow.answer()
        return issuing
      },
    }
  }
})

describe('changes that come side by side', () => {
  it('leave the key as the last of them does, whichever is read last', async () => {
    const { lifecycle, store, clock, issue } = await start()
    const { key, credential } = await issue()
    const slow = createSlowSource(store)
    const follower = createVerifier({ contract, keys: slow, now: clock.now })
    const warm = follower.verify({ credential })
    await slow.answer()
    expect(await warm).toMatchObject({ allowed: true })

    const first = await update(lifecycle, testActor, key.id, { name: 'b' })
    const applyingFirst = follower.apply([first.change as Change])
    await settled()
    const second = await revoke(lifecycle, testActor, key.id)
    const applyingSecond = follower.apply([second.change as Change])
    await settled()
    expect(slow.waiting).toBe(2)
    await slow.answer(1)
    await slow.answer()
    await slow.answer()
    await Promise.all([applyingFirst, applyingSecond])
    expect(follower.verify({ credential })).toMatchObject({ reason: 'revoked_key' })
  })

  it('never show a revoked key as it was before, not even for a moment', async () => {
    const { lifecycle, store, clock, issue } = await start()
    const { key, credential } = await issue()
    let answer: (found: FoundKey | undefined) => void = () => {}
    const follower = createVerifier({
      contract,
      keys: {
        find: store.find,
        found: () =>
          new Promise((resolve) => {
            answer = resolve
          }),
      },
      now: clock.now,
    })
    const renamed = await update(lifecycle, testActor, key.id, { name: 'b' })
    const asRenamed = await store.found(key.id)
    const applying = follower.apply([renamed.change as Change])
    const revoked = await revoke(lifecycle, testActor, key.id)
    expect(follower.verify({ credential })).toMatchObject({ reason: 'revoked_key' })
    answer(asRenamed)
    await applying
    expect(follower.verify({ credential })).toMatchObject({ reason: 'revoked_key' })
    const applyingRevocation = follower.apply([revoked.change as Change])
    answer(await store.found(key.id))
    await applyingRevocation
    expect(follower.verify({ credential })).toMatchObject({ reason: 'revoked_key' })
  })

  it('end a secret that the key no longer lists, for a node that slept through thirty rotations', async () => {
    const { lifecycle, store, source, clock, issue } = await start()
    const { key, credential } = await issue()
    const follower = createVerifier({ contract, keys: source, now: clock.now })
    expect(await follower.verify({ credential })).toMatchObject({ allowed: true })
    const { number } = await store.head()
    const current: string[] = []
    for (let i = 0; i < 30; i++) current.push((await rotate(lifecycle, testActor, key.id)).credential)
    expect((await store.key(key.id))?.versions[0]?.number).toBe(12)
    await follower.apply(await store.changes(number, 100))
    expect(await follower.verify({ credential })).toMatchObject({ reason: 'unknown_key' })
    expect(await follower.verify({ credential: current.at(-1) as string })).toMatchObject({ allowed: true })
    const { change } = await update(lifecycle, testActor, key.id, { name: 'renamed' })
    const { reads } = source
    await follower.apply([change as Change])
    expect(follower.verify({ credential: current.at(-1) as string })).toMatchObject({ allowed: true })
    expect(source.reads).toBe(reads + 1)
  })

  it('leave nothing of a revoked key of a deleted organization to the key that is made of its secret', async () => {
    const { lifecycle, verifier, of, organization } = await start()
    const credential = compileFormat(contract.key).mint({ environment: 'live', kind: 'secret' }).credential
    const terms = { organization: 'acme', name: 'a', secret: { credential } }
    const { key } = await importKey(lifecycle, testActor, terms)
    expect(await of(credential)).toBe('allowed')
    await revoke(lifecycle, testActor, key.id)
    expect(await of(credential)).toBe('revoked_key')
    await deleteOrganization(lifecycle, testActor, 'acme')
    await organization({ id: 'other' })
    const { key: next } = await importKey(lifecycle, testActor, { ...terms, organization: 'other' })
    expect(await verifier.verify({ credential })).toMatchObject({
      allowed: true,
      principal: { key: next.id, organization: 'other' },
    })
  })

  it('are all in force once the batch is, hundreds of keys at a time', async () => {
    const { lifecycle, issue, of } = await start()
    const many = await Promise.all(Array.from({ length: 300 }, () => issue()))
    for (const { credential } of many) expect(await of(credential)).toBe('allowed')
    await deleteOrganization(lifecycle, testActor, 'acme')
    for (const { credential } of many) expect(await of(credential)).toBe('unknown_key')
  })
})

describe('a change of many keys at once', () => {
  it('reads none of them, and is in force for each as soon as it is acknowledged', async () => {
    const { lifecycle, source, issue, of } = await start()
    const kept = await issue()
    const many = await Promise.all(Array.from({ length: 1000 }, () => issue()))
    for (const { credential } of [kept, ...many]) expect(await of(credential)).toBe('allowed')
    const readsBefore = source.reads
    const rows = many.map(({ key: { id } }, row) => ({ row, id }))
    expect((await revokeMany(lifecycle, testActor, rows)).rows).toHaveLength(1000)
    expect(await of(kept.credential)).toBe('allowed')
    expect(source.reads).toBe(readsBefore)
    for (const { credential } of many) expect(await of(credential)).toBe('revoked_key')
    expect(source.reads).toBe(readsBefore + 1000)
  })

  it('hides none that was asked for a moment before it was made', async () => {
    const { lifecycle, of } = await start()
    const format = compileFormat(contract.key)
    const credentials = Array.from(
      { length: 200 },
      () => format.mint({ environment: 'live', kind: 'secret' }).credential,
    )
    for (const credential of credentials) expect(await of(credential)).toBe('unknown_key')
    const rows = credentials.map((credential, row) => {
      return { row, key: { organization: 'acme', name: 'a', secret: { credential } } }
    })
    await importMany(lifecycle, testActor, rows)
    for (const credential of credentials) expect(await of(credential)).toBe('allowed')
  })
})

describe('where truth is out of reach', () => {
  it('a key that is known goes on, and one that is not is an outage: never a denial', async () => {
    const { source, issue, of } = await start()
    const [warm, cold] = [await issue(), await issue()]
    expect(await of(warm.credential)).toBe('allowed')
    source.fail('The database is away.')
    expect(await of(warm.credential)).toBe('allowed')
    await expect(of(cold.credential)).rejects.toThrow('The database is away.')
    source.fail(null)
    expect(await of(cold.credential)).toBe('allowed')
  })

  it('a change drops the keys it names, since nobody can say what it took away, and no others', async () => {
    const { source, lifecycle, issue, of } = await start()
    const [one, two] = [await issue(), await issue()]
    expect([await of(one.credential), await of(two.credential)]).toEqual(['allowed', 'allowed'])
    source.fail('The database is away.')
    await revoke(lifecycle, testActor, one.key.id)
    await expect(of(one.credential)).rejects.toThrow('The database is away.')
    expect(await of(two.credential)).toBe('allowed')
    source.fail(null)
    expect([await of(one.credential), await of(two.credential)]).toEqual(['revoked_key', 'allowed'])
  })

  it('an answer older than what was applied is no answer', async () => {
    const { store, lifecycle, clock, issue } = await start()
    const { key, credential } = await issue()
    const before = (await store.found(key.id)) as FoundKey
    const { change } = await suspend(lifecycle, testActor, key.id)
    for (const find of [() => before, async () => before]) {
      const follower = createVerifier({ contract, keys: { find, found: store.found }, now: clock.now })
      await follower.apply([change as Change])
      await expect((async () => follower.verify({ credential }))()).rejects.toThrow('older than changes')
    }
  })
})

describe('a clock', () => {
  it('ends a secret at its instant and not before, however often it jumps', async () => {
    const { lifecycle, clock, issue, of } = await start()
    const { key, credential } = await issue()
    const rotated = await rotate(lifecycle, testActor, key.id, { graceSeconds: 60 })
    expect(rotated.retiring[0]?.retiresAt).toEqual(new Date(clock.now() + 60_000))
    clock.advance(59_999)
    expect(await of(credential)).toBe('allowed')
    clock.advance(1)
    expect(await of(credential)).toBe('retired_secret')
    clock.advance(3_600_000)
    expect(await of(credential)).toBe('retired_secret')
    expect(await of(rotated.credential)).toBe('allowed')
    clock.advance(-3_600_000)
    expect(await of(credential)).toBe('retired_secret')
    await expect(changeGrace(lifecycle, testActor, key.id, 1, 60)).rejects.toMatchObject({ code: 'conflict' })
  })

  it('that is behind gives back no secret that was ended at once', async () => {
    const { lifecycle, clock, store, issue, of } = await start()
    const credentials: string[] = []
    for (const end of [
      (id: string) => rotate(lifecycle, testActor, id),
      (id: string) => reissue(lifecycle, testActor, id, 1),
      async (id: string) => {
        await rotate(lifecycle, testActor, id, { graceSeconds: 60 })
        clock.advance(30_000)
        await changeGrace(lifecycle, testActor, id, 1, 0)
      },
    ]) {
      const { key, credential } = await issue()
      credentials.push(credential)
      await end(key.id)
      clock.advance(-120_000)
      const follower = createVerifier({ contract, keys: store, now: clock.now })
      expect(await of(credential)).toBe('retired_secret')
      expect(await follower.verify({ credential })).toMatchObject({ reason: 'retired_secret' })
      await expect(changeGrace(lifecycle, testActor, key.id, 1, 60)).rejects.toMatchObject({ code: 'conflict' })
      expect((await rotate(lifecycle, testActor, key.id, { graceSeconds: 60 })).retiring).toHaveLength(1)
    }
    for (const credential of credentials) expect(await of(credential)).toBe('retired_secret')
  })

  it('that is set back hides no key that was made since, not even where nobody tells', async () => {
    const { lifecycle, clock, store } = await start()
    const follower = createVerifier({ contract, keys: store, now: clock.now })
    const { credential } = lifecycle.format.mint({ environment: 'live', kind: 'secret' })
    expect(await follower.verify({ credential })).toMatchObject({ reason: 'unknown_key' })
    clock.advance(-3_600_000)
    await importKey(lifecycle, testActor, { organization: 'acme', name: 'a', secret: { credential } })
    expect(await follower.verify({ credential })).toMatchObject({ allowed: true })
  })
})
