import { beforeEach, describe, expect, it } from 'vitest'
import { parseContract } from '../contract/parse.ts'
import { type InMemory, inMemory, testActor } from '../testing/in-memory.ts'
import { issue } from './issue.ts'
import type { Issued } from './lifecycle.ts'
import { updateOrganization } from './organization.ts'
import { remove, revoke } from './revoke.ts'
import { resume, suspend } from './suspend.ts'
import type { Terms } from './terms.ts'
import { update } from './update.ts'

const contract = parseContract({
  name: 'acme',
  key: { forms: [{ prefix: 'ak_' }] },
  namespaces: { default: ['default'] },
  routes: [{ path: '/{namespace}/**' }],
})

let all: InMemory
let made: Issued
beforeEach(async () => {
  all = inMemory({ contract })
  await all.organization()
  made = await issue(all.lifecycle, testActor, { organization: 'acme', name: 'a' })
})

const change = (terms: Terms) => update(all.lifecycle, testActor, made.key.id, terms)

describe('changing a key', () => {
  it('changes what is given, leaves the rest, and records both sides', async () => {
    const expiresAt = new Date(all.clock.now() + 1000)
    const { key, change: recorded } = await change({ name: 'b', expiresAt })
    expect(key).toEqual({ ...made.key, name: 'b', expiresAt })
    expect(await all.store.key(key.id)).toEqual(key)
    expect(recorded).toMatchObject({
      action: 'key.updated',
      details: { changed: { name: { from: 'a', to: 'b' }, expiresAt: { from: null, to: expiresAt.toISOString() } } },
    })
  })

  it('records nothing where nothing changes', async () => {
    expect(await change({ name: 'a', permissions: null, metadata: {} })).toEqual({ key: made.key, change: null })
    expect(await change({})).toEqual({ key: made.key, change: null })
  })

  it('brings one that has expired back with a later expiry, and not with another name', async () => {
    await change({ expiresAt: new Date(all.clock.now() + 1000) })
    await issue(all.lifecycle, testActor, { organization: 'acme', name: 'beside it' })
    all.clock.advance(1000)
    const { credential } = made
    await change({ name: 'still over' })
    expect(await all.verifier.verify({ credential })).toMatchObject({ reason: 'expired_key' })
    await change({ expiresAt: new Date(all.clock.now() + 1000) })
    expect(await all.verifier.verify({ credential })).toMatchObject({ allowed: true })
  })

  it('takes away what its record should not show, its own digest, and does not record it', async () => {
    const digest = made.key.versions[0]?.digest ?? ''
    await all.store.transact(async (transaction) => {
      await transaction.putKey({ ...made.key, metadata: { sha256: digest, dump: `00${digest}ff` } })
      transaction.record({ ...made.change, details: {} })
    })
    expect((await change({ name: 'b' })).key.metadata).toEqual({ sha256: digest, dump: `00${digest}ff` })
    const { key, change: recorded } = await change({ metadata: {} })
    expect(key.metadata).toEqual({})
    expect(recorded?.details).toEqual({
      changed: { metadata: { from: { sha256: '[digest]', dump: '00[digest]ff' }, to: {} } },
    })
  })

  it('writes no member of the record that is no term', async () => {
    await revoke(all.lifecycle, testActor, made.key.id)
    const other = await issue(all.lifecycle, testActor, { organization: 'acme', name: 'other' })
    const smuggled = {
      id: 'key_0',
      organization: 'other',
      project: 'prj_0',
      createdBy: 'usr_1',
      kind: 'root',
      environment: 'other',
      createdAt: new Date(0),
      suspendedAt: new Date(0),
      revokedAt: null,
      deletedAt: new Date(0),
      versions: made.key.versions,
      __proto__: { name: 'inherited' },
      constructor: 'x',
      digest: 'x',
    }
    const { key, change } = await update(all.lifecycle, testActor, other.key.id, { ...smuggled } as Terms)
    expect({ key, change }).toEqual({ key: other.key, change: null })

    const before = await all.store.organization('acme')
    const terms = { id: 'other', createdAt: new Date(0), admin: true } as object
    const { organization } = await updateOrganization(all.lifecycle, testActor, 'acme', terms)
    expect(organization).toEqual(before)
  })

  it('refuses what is revoked, deleted or was never there', async () => {
    await suspend(all.lifecycle, testActor, made.key.id)
    expect((await change({ name: 'suspended' })).key.name).toBe('suspended')
    await revoke(all.lifecycle, testActor, made.key.id)
    await expect(change({ name: 'b' })).rejects.toMatchObject({ code: 'conflict' })
    await expect(suspend(all.lifecycle, testActor, made.key.id)).rejects.toMatchObject({ code: 'conflict' })
    await expect(resume(all.lifecycle, testActor, made.key.id)).rejects.toMatchObject({ code: 'conflict' })
    await remove(all.lifecycle, testActor, made.key.id)
    for (const verb of [remove, revoke, suspend, resume]) {
      await expect(verb(all.lifecycle, testActor, made.key.id)).rejects.toMatchObject({ code: 'not_found' })
      await expect(verb(all.lifecycle, testActor, 'key_0')).rejects.toMatchObject({ code: 'not_found' })
    }
    await expect(change({ name: 'b' })).rejects.toMatchObject({ code: 'not_found' })
  })
})

describe('suspending', () => {
  it('again changes nothing, and nor does resuming what is not suspended', async () => {
    expect((await resume(all.lifecycle, testActor, made.key.id)).change).toBeNull()
    const { key } = await suspend(all.lifecycle, testActor, made.key.id)
    all.clock.advance(1000)
    expect(await suspend(all.lifecycle, testActor, made.key.id)).toEqual({ key, change: null })
  })
})

describe('revoking', () => {
  it('keeps its first reason, and rejects one that is too long or would repaint a terminal', async () => {
    const { key } = await revoke(all.lifecycle, testActor, made.key.id, { reason: 'leaked' })
    expect(await revoke(all.lifecycle, testActor, made.key.id, { reason: 'again' })).toEqual({ key, change: null })
    const { key: deleted } = await remove(all.lifecycle, testActor, made.key.id)
    expect(deleted).toMatchObject({ revokedReason: 'leaked', revokedAt: key.revokedAt })
    for (const reason of ['a'.repeat(501), 'gone\u001b[2J']) {
      const refused = revoke(all.lifecycle, testActor, made.key.id, { reason })
      await expect(refused).rejects.toMatchObject({ code: 'invalid', field: 'reason' })
    }
  })
})

describe('an organization', () => {
  /** 3500 characters, with a space between them. */
  const longest = Array.from({ length: 389 }, (_, i) => `${i}`.padEnd(8, 'n'))
  const tooLong = [...longest.slice(1), 'n'.repeat(9)]

  it.each([
    ['a taken id', { id: 'acme', name: 'A' }, 'conflict'],
    ['an id in upper case', { id: 'Acme', name: 'A' }, 'invalid'],
    ['an id with a slash', { id: 'acme/', name: 'A' }, 'invalid'],
    ['an id of 64 characters', { id: 'a'.repeat(64), name: 'A' }, 'invalid'],
    ['no name', { id: 'b', name: ' ' }, 'invalid'],
    ['a plan that is none', { id: 'b', name: 'B', plan: 'constructor' }, 'invalid'],
    ['a quota of less than none', { id: 'b', name: 'B', monthlyQuota: -1 }, 'invalid'],
    ['a quota with a half', { id: 'b', name: 'B', monthlyQuota: 1.5 }, 'invalid'],
    ['a namespace that is none', { id: 'b', name: 'B', namespaces: ['root/'] }, 'invalid'],
    ['a namespace twice', { id: 'b', name: 'B', namespaces: ['a', 'a'] }, 'invalid'],
    [
      'too many namespaces',
      { id: 'b', name: 'B', namespaces: Array.from({ length: 1001 }, (_, i) => i.toString(36)) },
      'invalid',
    ],
    ['namespaces that no header line would hold', { id: 'b', name: 'B', namespaces: tooLong }, 'invalid'],
  ])('is not made with %s', async (_, input, code) => {
    await expect(all.organization(input)).rejects.toMatchObject({ code })
  })

  it('has no namespaces where the contract has none', async () => {
    const plain = inMemory({ contract: { ...contract, namespaces: null, routes: [] } })
    await expect(plain.organization({ namespaces: ['default'] })).rejects.toMatchObject({ field: 'namespaces' })
  })

  it('is changed in what differs, and otherwise left without a record', async () => {
    const agree = (monthlyQuota: number) =>
      updateOrganization(all.lifecycle, testActor, 'acme', { name: 'Acme', monthlyQuota })
    expect((await agree(0)).change?.details).toEqual({ changed: { monthlyQuota: { from: null, to: 0 } } })
    expect((await agree(0)).change).toBeNull()
  })

  it('is made with as many namespaces as a header line holds', async () => {
    const { id } = await all.organization({ id: 'b', name: 'B', namespaces: longest })
    const adding = updateOrganization(all.lifecycle, testActor, id, { namespaces: tooLong })
    await expect(adding).rejects.toMatchObject({ field: 'namespaces' })
  })

  it('loses neither of two namespaces that are added at once', async () => {
    const add = (namespace: string) =>
      updateOrganization(all.lifecycle, testActor, 'acme', ({ namespaces }) => ({
        namespaces: [...(namespaces ?? []), namespace],
      }))
    await Promise.all([add('one'), add('two')])
    expect((await all.store.organization('acme'))?.namespaces).toEqual(['default', 'one', 'two'])
  })
})
