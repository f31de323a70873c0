import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Contract } from '../contract/contract.ts'
import { parseContract } from '../contract/parse.ts'
import { covers } from '../key/permission.ts'
import type { KeyRecord, Limit } from '../key/record.ts'
import { type InMemory, inMemory, testActor } from '../testing/in-memory.ts'
import { importKey } from './import.ts'
import { issue, type NewKey } from './issue.ts'
import { updateOrganization } from './organization.ts'
import { revoke } from './revoke.ts'
import { resume, suspend } from './suspend.ts'
import type { Reach, Terms } from './terms.ts'
import { update } from './update.ts'

const contract = parseContract({
  name: 'acme',
  key: {
    forms: [
      { prefix: 'ak_' },
      { prefix: 'ak_test_', environment: 'test' },
      { prefix: 'ak_pk_', kind: 'publishable' },
      { prefix: 'old_', environment: 'legacy', retired: true },
    ],
  },
  permissions: { offered: { 'things:read': '', 'things:write': '', 'tasks:*': '' } },
  namespaces: { default: ['default', 'staging', 'live'] },
  routes: [{ path: '/{namespace}/**' }],
  limits: [{ requests: 10, windowSeconds: 60 }],
})

async function start(of: Contract = contract): Promise<InMemory> {
  const all = inMemory({ contract: of })
  await all.organization()
  return all
}

const make = ({ lifecycle }: InMemory, input: Partial<NewKey> = {}, reach: Reach | null = null) =>
  issue(lifecycle, testActor, { organization: 'acme', name: 'a', ...input }, reach)

describe('a new key', () => {
  it('works at once, is recorded, and is shown nowhere again', async () => {
    const all = await start()
    const expiresAt = new Date(all.clock.now() + 1000)
    const given = { permissions: ['things:read'], namespaces: ['live'], expiresAt }
    const { key, credential, change } = await make(all, { ...given, metadata: { team: 'a' } })
    expect(await all.verifier.verify({ credential })).toMatchObject({ allowed: true, principal: { key: key.id } })
    expect(change).toMatchObject({ action: 'key.created', target: key.id, organization: 'acme' })
    expect(change.details).toMatchObject({ ...given, expiresAt: expiresAt.toISOString() })
    expect(await all.store.key(key.id)).toEqual(key)
    expect(JSON.stringify([key, change])).not.toContain(credential)
  })

  it('is of the kind and environment asked for, in the form that is issued now', async () => {
    const all = await start()
    expect((await make(all)).credential).toMatch(/^ak_[^_]+$/)
    expect((await make(all, { environment: 'test' })).credential).toMatch(/^ak_test_/)
    expect((await make(all, { kind: 'publishable' })).key).toMatchObject({ kind: 'publishable', environment: 'live' })
    await expect(make(all, { kind: 'root' })).rejects.toMatchObject({ code: 'invalid', field: 'kind' })
    await expect(make(all, { environment: 'legacy' })).rejects.toMatchObject({ field: 'environment' })
    await expect(make(all, { kind: 'publishable', environment: 'test' })).rejects.toMatchObject({
      field: 'environment',
    })
  })

  it('belongs to an organization that exists, and to one of its own projects', async () => {
    const all = await start()
    const project = await all.project(await all.organization({ id: 'other' }))
    await expect(make(all, { organization: 'nobody' })).rejects.toMatchObject({ code: 'not_found' })
    await expect(make(all, { project: project.id })).rejects.toMatchObject({ code: 'not_found', field: 'project' })
    await expect(make(all, { project: 'prj_0' })).rejects.toMatchObject({ code: 'not_found', field: 'project' })
    expect((await make(all, { organization: 'other', project: project.id })).key.project).toBe(project.id)

    const bound = await start(parseContract({ name: 'b', key: { forms: [{ prefix: 'b_' }] }, boundTo: 'project' }))
    await expect(make(bound)).rejects.toMatchObject({ code: 'invalid', field: 'project' })
    const rockets = await bound.project(await bound.organization({ id: 'other' }))
    expect((await make(bound, { organization: 'other', project: rockets.id })).key.project).toBe(rockets.id)
  })

  it.each<[string, Partial<NewKey>, string | null]>([
    ['a name of 200 characters', { name: 'a'.repeat(200) }, null],
    ['a name of 201', { name: 'a'.repeat(201) }, 'name'],
    ['a blank name', { name: ' \t\n' }, 'name'],
    ['a name that repaints a terminal', { name: 'a\u001b[31m' }, 'name'],
    ['a name of two lines', { name: 'a\u2028b' }, 'name'],
    ['a name with half a character', { name: 'a\ud800' }, 'name'],
    ['100 addresses', { allowedIps: Array.from({ length: 100 }, (_, i) => `192.0.2.${i}`) }, null],
    ['101 addresses', { allowedIps: Array.from({ length: 101 }, (_, i) => `192.0.2.${i}`) }, 'allowedIps'],
    ['no address at all', { allowedIps: [] }, 'allowedIps'],
    ['what is no address', { allowedIps: ['192.0.2.999'] }, 'allowedIps'],
    ['8 limits', { limits: Array.from({ length: 8 }, (_, i) => limit(i + 1)) }, null],
    ['9 limits', { limits: Array.from({ length: 9 }, (_, i) => limit(i + 1)) }, 'limits'],
    ['a limit of none', { limits: [limit(0)] }, 'limits'],
    ['a limit of 1.5', { limits: [limit(1.5)] }, 'limits'],
    ['a window of none', { limits: [{ ...limit(1), windowSeconds: 0 }] }, 'limits'],
    ['a window of 367 days', { limits: [{ ...limit(1), windowSeconds: 367 * 86_400 }] }, 'limits'],
    ['a limit that does not say of whom', { limits: [{ requests: 1, windowSeconds: 60 } as Limit] }, 'limits'],
    ['a limit of nobody', { limits: [{ ...limit(1), per: 'constructor' as 'key' }] }, 'limits'],
    ['a limit of no kind', { limits: [{ ...limit(1), kind: 'leaky' as 'window' }] }, 'limits'],
    ['permissions that no header line would hold', { permissions: longPermissions(3501) }, 'permissions'],
    ['permissions that one just holds', { permissions: longPermissions(3500) }, null],
    ['32 metadata', { metadata: metadata(32) }, null],
    ['33 metadata', { metadata: metadata(33) }, 'metadata'],
    ['metadata as long as it may be', { metadata: { ['a'.repeat(64)]: 'a'.repeat(500), b: false } }, null],
    ['a metadata name of nothing', { metadata: { '': 1 } }, 'metadata'],
    ['a long metadata name', { metadata: { ['a'.repeat(65)]: '' } }, 'metadata'],
    ['a long metadata value', { metadata: { a: 'a'.repeat(501) } }, 'metadata'],
    ['a number that is none', { metadata: { a: Number.NaN } }, 'metadata'],
    ['an object as metadata', { metadata: { a: {} as string } }, 'metadata'],
    ['a permission that is not offered', { permissions: ['users:read'] }, 'permissions'],
    ['a permission below one that is', { permissions: ['tasks:any'] }, null],
    ['all below what is offered', { permissions: ['things:*'] }, null],
    ['everything', { permissions: ['*'] }, null],
    ['a permission twice', { permissions: ['things:read', 'things:read'] }, 'permissions'],
    ['`constructor` as permission', { permissions: ['constructor'] }, 'permissions'],
    ['`__proto__` as permission', { permissions: ['__proto__'] }, 'permissions'],
    ['a namespace in another case', { namespaces: ['Default'] }, 'namespaces'],
    ['a namespace and a slash', { namespaces: ['default/'] }, 'namespaces'],
    ['a namespace twice', { namespaces: ['live', 'live'] }, 'namespaces'],
    ['every namespace', { namespaces: ['*'] }, 'namespaces'],
    ["a namespace that is not the organization's", { namespaces: ['other'] }, 'namespaces'],
    ['an expiry now', { expiresAt: new Date('2026-11-20T08:00:00Z') }, 'expiresAt'],
    ['no date as expiry', { expiresAt: new Date(Number.NaN) }, 'expiresAt'],
    ['an expiry in a millisecond', { expiresAt: new Date('2026-11-20T08:00:00.001Z') }, null],
  ])('with %s', async (_, input, field) => {
    const all = await start()
    if (field === null) await make(all, input)
    else await expect(make(all, input)).rejects.toMatchObject({ code: 'invalid', field })
    expect((await all.store.keys({ limit: 10 })).items).toHaveLength(field === null ? 1 : 0)
  })
})

it('a key is given what is a permission, also where the contract offers no list to choose from', async () => {
  const all = await start({ ...contract, permissions: { ...contract.permissions, offered: {} } })
  for (const permission of ['', 'Things:read', 'things:', 'a*', 'things read']) {
    const refused = make(all, { permissions: [permission] })
    await expect(refused).rejects.toMatchObject({ code: 'invalid', field: 'permissions' })
  }
  expect((await make(all, { permissions: ['anything:at-all'] })).key.permissions).toEqual(['anything:at-all'])
})

it('a key has no namespaces where the contract has none', async () => {
  const all = await start({ ...contract, namespaces: null, routes: [] })
  const made = make(all, { namespaces: ['live'] })
  await expect(made).rejects.toMatchObject({ code: 'invalid', field: 'namespaces' })
  const confined = { permissions: null, namespaces: ['live'], expiresAt: null, allowedIps: null, limits: [] }
  const child = await issue(all.lifecycle, testActor, { organization: 'acme', name: 'child' }, confined)
  expect(child.key.namespaces).toEqual(['live'])
  const { key } = await make(all, {})
  const updated = update(all.lifecycle, testActor, key.id, { namespaces: ['live'] })
  await expect(updated).rejects.toMatchObject({ code: 'invalid', field: 'namespaces' })
})

it('a key of an organization from before there were namespaces has none but the default ones', async () => {
  const { namespaces: _, ...before } = contract
  const all = await start({ ...before, namespaces: null })
  const later = { ...all, lifecycle: { ...all.lifecycle, contract } }
  await expect(make(later, { namespaces: ['other'] })).rejects.toMatchObject({ code: 'invalid', field: 'namespaces' })
  expect((await make(later, { namespaces: ['live'] })).key.namespaces).toEqual(['live'])
})

function limit(requests: number) {
  return { requests, windowSeconds: 60, per: 'key', kind: 'window' } as const
}

/** So many characters together, with a space between them. */
function longPermissions(length: number): string[] {
  const names = Array.from({ length: 49 }, (_, i) => `tasks:${i}-`.padEnd(69, 'p'))
  return [...names, `tasks:${'q'.repeat(length - names.join(' ').length - 7)}`]
}

function metadata(count: number): Record<string, number> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`m${i}`, i]))
}

describe('where an organization has one key', () => {
  const single = parseContract({ name: 'single', key: { forms: [{ prefix: 's_' }] }, oneKeyPerOrganization: true })

  it('there is never a second, by no way round', async () => {
    const all = await start(single)
    const { lifecycle, clock } = all
    const one = await make(all, { expiresAt: new Date(clock.now() + 1000) })
    await expect(make(all)).rejects.toMatchObject({ code: 'conflict' })
    const { credential } = lifecycle.format.mint({ environment: 'live', kind: 'secret' })
    const imported = { organization: 'acme', name: 'a', secret: { credential } }
    await expect(importKey(lifecycle, testActor, imported)).rejects.toMatchObject({ code: 'conflict' })

    await suspend(lifecycle, testActor, one.key.id)
    await expect(make(all)).rejects.toMatchObject({ code: 'conflict' })
    await resume(lifecycle, testActor, one.key.id)
    expect((await update(lifecycle, testActor, one.key.id, { name: 'b' })).key.name).toBe('b')

    clock.advance(1000)
    const two = await make(all)
    const later = { expiresAt: new Date(clock.now() + 1000) }
    await expect(update(lifecycle, testActor, one.key.id, later)).rejects.toMatchObject({ code: 'conflict' })
    expect(await all.verifier.verify({ credential: one.credential })).toMatchObject({ reason: 'expired_key' })

    await revoke(lifecycle, testActor, two.key.id)
    await update(lifecycle, testActor, one.key.id, later)
    expect(await all.verifier.verify({ credential: one.credential })).toMatchObject({ allowed: true })
    await expect(make(all)).rejects.toMatchObject({ code: 'conflict' })
  })

  it('of many that are asked for at once one is made', async () => {
    const all = await start(single)
    const answers = await Promise.allSettled(Array.from({ length: 10 }, () => make(all)))
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })
})

describe('who makes or changes a key', () => {
  const words = ['things:read', 'things:write', 'things:*', 'tasks:*', 'tasks:one', '*']
  const permissions = fc.option(fc.uniqueArray(fc.constantFrom(...words), { maxLength: 3 }))
  const namespaces = fc.option(fc.uniqueArray(fc.constantFrom('default', 'staging', 'live'), { maxLength: 3 }))
  const allowedIps = fc.option(fc.uniqueArray(fc.constantFrom('192.0.2.1', '192.0.2.0/24', '::/0'), { minLength: 1 }))
  const limits = fc.option(fc.array(fc.constantFrom(limit(1), limit(5), limit(50)), { maxLength: 2 }))
  const expiresAt = fc.option(fc.integer({ min: 1, max: 5 }).map((days) => new Date(Date.UTC(2026, 10, 21 + days))))
  const reach: fc.Arbitrary<Reach> = fc.record({ permissions, namespaces, allowedIps, limits, expiresAt })
  const terms: fc.Arbitrary<Terms> = fc.record(
    { permissions, namespaces, allowedIps, limits, expiresAt },
    { requiredKeys: [] },
  )

  /** Whatever was given: none of it is more than the maker holds. */
  function expectWithin(given: Partial<KeyRecord>, held: Reach): void {
    if ('permissions' in given) expect(covers(held.permissions, given.permissions ?? null)).toBe(true)
    if ('namespaces' in given && held.namespaces) {
      expect(given.namespaces?.every((one) => held.namespaces?.includes(one))).toBe(true)
    }
    if ('allowedIps' in given && held.allowedIps) {
      expect(given.allowedIps?.every((one) => held.allowedIps?.includes(one))).toBe(true)
    }
    if ('expiresAt' in given && held.expiresAt) {
      expect(given.expiresAt?.getTime()).toBeLessThanOrEqual(held.expiresAt.getTime())
    }
    if ('limits' in given) {
      const usual = contract.limits
      const effective = given.limits ?? usual
      for (const limit of held.limits ?? usual) {
        expect(effective.some(({ requests }) => requests <= limit.requests)).toBe(true)
      }
    }
  }

  it('gives no more than they hold when they make one, also where they leave it open', async () => {
    const all = await start()
    let made = 0
    await fc.assert(
      fc.asyncProperty(reach, terms, async (held, input) => {
        const answer = await make(all, input as Partial<NewKey>, held).catch((error) => error)
        if (answer instanceof Error) {
          expect(answer).toMatchObject({ code: 'beyond_reach' })
          return
        }
        made++
        expectWithin(answer.key, held)
      }),
      { numRuns: 1500 },
    )
    expect(made).toBeGreaterThan(100)
  })

  it('gives no more than they hold when they change one', async () => {
    const all = await start()
    let changed = 0
    await fc.assert(
      fc.asyncProperty(reach, terms, async (held, input) => {
        const { key } = await make(all)
        const answer = await update(all.lifecycle, testActor, key.id, input, held).catch((error) => error)
        if (answer instanceof Error) {
          expect(answer).toMatchObject({ code: 'beyond_reach' })
          expect(await all.store.key(key.id)).toEqual(key)
          return
        }
        changed++
        const given = Object.fromEntries(Object.keys(input).map((name) => [name, answer.key[name as keyof Terms]]))
        expectWithin(given, held)
      }),
      { numRuns: 1000 },
    )
    expect(changed).toBeGreaterThan(50)
  })

  it('changes what is not about reach, and gives all that they hold', async () => {
    const all = await start()
    const { key } = await make(all)
    const held: Reach = {
      permissions: ['things:read'],
      namespaces: ['live'],
      allowedIps: ['192.0.2.1'],
      limits: [limit(5)],
      expiresAt: new Date('2026-11-22T08:00:00Z'),
    }
    const named = await update(all.lifecycle, testActor, key.id, { name: 'b' }, held)
    expect(named.key).toEqual({ ...key, name: 'b' })
    expect((await update(all.lifecycle, testActor, key.id, held, held)).key).toMatchObject(held)
  })

  it('goes on under the shared limits they live under, until somebody lifts these who does not', async () => {
    const shared = (requests: number) => ({ ...limit(requests), per: 'organization' }) as const
    const usual = { limits: [shared(10)] }
    const all = await start(parseContract({ name: 'shared', key: { forms: [{ prefix: 's_' }] }, ...usual }))
    const held: Reach = { permissions: null, namespaces: null, allowedIps: null, limits: null, expiresAt: null }
    const narrower = { limits: [shared(5)] }
    const { key, credential } = await make(all, narrower, held)
    const counted = async (of = credential) => {
      const outcome = await all.verifier.verify({ credential: of })
      return outcome.limits.map(({ limit: { requests } }) => requests)
    }
    expect(await counted()).toEqual([5, 10])
    expect(await counted((await make(all, {}, key)).credential)).toEqual([5, 10])
    await update(all.lifecycle, testActor, key.id, { name: 'b' })
    expect(await counted()).toEqual([5, 10])
    const { change } = await update(all.lifecycle, testActor, key.id, narrower)
    expect(change).toMatchObject({ action: 'key.updated', details: { changed: { limits: { to: narrower.limits } } } })
    expect(await counted()).toEqual([5])
  })

  it('leaves the usual limits to a key of which they say nothing, also where they are held to none', async () => {
    const all = inMemory({ contract })
    await all.organization()
    const held = { permissions: null, namespaces: null, allowedIps: null, limits: [], expiresAt: null }
    expect((await make(all, {}, held)).key.limits).toBeNull()
  })

  it('hands on the namespaces that are still there', async () => {
    const all = await start()
    const maker = await make(all, { namespaces: ['default', 'live'] })
    await updateOrganization(all.lifecycle, testActor, 'acme', { namespaces: ['default'] })
    expect((await make(all, {}, maker.key)).key.namespaces).toEqual(['default'])
  })
})
