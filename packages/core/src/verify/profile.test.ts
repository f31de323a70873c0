import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseContract } from '../contract/parse.ts'
import type { FoundKey } from '../store/store.ts'
import { aKey, aMember, anOrganization } from '../testing/index.ts'
import { DigestTable } from './digest-table.ts'
import { Profiles } from './profile.ts'

const contract = parseContract({
  name: 'acme',
  key: { forms: [{ prefix: 'ak_' }] },
  permissions: { byMakersRole: { owner: ['*'], admin: ['*'], member: ['things:read'] } },
  plans: {
    small: { limits: [{ requests: 2, windowSeconds: 60 }], monthlyQuota: 10 },
    large: { limits: [{ requests: 9, windowSeconds: 60, per: 'user' }] },
  },
})

const found: fc.Arbitrary<FoundKey> = fc
  .record({
    organization: fc.constantFrom('acme', 'other'),
    user: fc.constantFrom(null, 'usr_1', 'usr_2'),
    role: fc.constantFrom('owner' as const, 'member' as const, null),
    permissions: fc.constantFrom(null, ['things:read'], ['things:write']),
    allowedIps: fc.constantFrom(null, ['192.0.2.1']),
    plan: fc.constantFrom(null, 'small', 'large', 'constructor'),
  })
  .map(({ organization, user, role, plan, ...terms }) => ({
    key: aKey(1, { organization, createdBy: user, ...terms }),
    organization: anOrganization({ id: organization, plan }),
    maker: user && role && aMember({ organization, user, role }),
    readAt: 1,
    readHash: '',
  }))

/** What two keys must have in common to share a profile. */
function expectDescribes(profiles: Profiles, number: number, { key, organization, maker }: FoundKey): void {
  const profile = profiles.at(number)
  expect(profile).toMatchObject({ user: key.createdBy, kind: 'secret', project: null, stale: false })
  expect(profile.account.name).toBe(organization.id)
  expect(profile.maker?.name ?? null).toBe(key.createdBy && `${organization.id}/${key.createdBy}`)
  expect(profile.allowedIps?.has('192.0.2.1') ?? null).toBe(key.allowedIps && true)
  const capped =
    maker?.role === 'member'
      ? (key.permissions?.filter((one) => one === 'things:read') ?? ['things:read'])
      : key.permissions
  expect(profile.permissions).toEqual(capped)
  const requests = organization.plan === 'large' ? 9 : 2
  expect(profile.meters.map(({ limit }) => limit.requests)).toEqual([requests])
  expect(profile.ownMeters).toHaveLength(requests === 2 || key.createdBy === null ? 1 : 0)
}

describe('a profile', () => {
  it('describes every key that holds it, for as long as one does, and then gives its number back', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(found, fc.nat()), { maxLength: 60 }), (steps) => {
        const profiles = new Profiles(contract, new DigestTable(1))
        const held: [number, FoundKey][] = []
        let most = 0
        for (const [key, dice] of steps) {
          if (dice % 3 === 0 && held.length > 0) {
            const [[number]] = held.splice(dice % held.length, 1) as [[number, FoundKey]]
            profiles.release(number)
          } else {
            held.push([profiles.hold(key), key])
          }
          if (dice % 7 === 0) profiles.organizationChanged('acme')
          if (dice % 11 === 0) profiles.memberChanged('acme/usr_1')
          for (const [number, one] of held) expectDescribes(profiles, number, one)
          most = Math.max(most, held.length)
        }
        for (const [number] of held) profiles.release(number)
        const [[sample]] = steps.length > 0 ? (steps as [[FoundKey, number]]) : [[null]]
        if (sample) expect(profiles.hold(sample)).toBeLessThan(Math.max(1, most))
      }),
      { numRuns: 500 },
    )
  })

  it('is shared by keys that differ in name, secret and id alone', () => {
    const profiles = new Profiles(contract, new DigestTable(1))
    const one = { key: aKey(1), organization: anOrganization(), maker: null, readAt: 1, readHash: '' }
    expect(profiles.hold({ ...one, key: aKey(2, { name: 'other', metadata: { a: 1 } }) })).toBe(profiles.hold(one))
  })

  it('of an organization as it was is not that of a key read since', () => {
    const profiles = new Profiles(contract, new DigestTable(1))
    const one = { key: aKey(1), organization: anOrganization(), maker: null, readAt: 1, readHash: '' }
    const before = profiles.hold(one)
    profiles.organizationChanged('acme')
    const after = profiles.hold({ ...one, organization: anOrganization({ state: 'suspended' }) })
    expect(profiles.at(before).account).toMatchObject({ stale: true, refused: null })
    expect(profiles.at(after).account).toMatchObject({ stale: false, refused: 'organization_suspended' })
    profiles.release(before)
    expect(profiles.hold({ ...one, key: aKey(2) })).toBe(after)
  })

  it('of an organization from before the contract had namespaces and plans is held to the default ones', () => {
    const now = parseContract({
      name: 'acme',
      key: { forms: [{ prefix: 'ak_' }] },
      namespaces: { default: ['main', 'spare'] },
      plans: { small: { monthlyQuota: 10 }, large: { monthlyQuota: 100 } },
    })
    for (const plan of [null, 'removed', 'toString']) {
      const profiles = new Profiles(now, new DigestTable(1))
      const one = { key: aKey(1), organization: anOrganization({ plan }), maker: null, readAt: 1, readHash: '' }
      expect(profiles.at(profiles.hold(one)).account.month.quota).toBe(10)
      expect(profiles.at(profiles.hold(one)).namespaces).toEqual(['main', 'spare'])
      const narrow = { ...one, key: aKey(1, { namespaces: ['spare', 'other'] }) }
      expect(profiles.at(profiles.hold(narrow)).namespaces).toEqual(['spare'])
    }
  })

  it('of a maker in a role that the contract does not know may do nothing', () => {
    const profiles = new Profiles(contract, new DigestTable(1))
    for (const role of ['viewer', 'constructor']) {
      const maker = { ...aMember(), role: role as 'member' }
      const key = aKey(1, { createdBy: maker.user, permissions: null })
      const number = profiles.hold({ key, organization: anOrganization(), maker, readAt: 1, readHash: '' })
      expect(profiles.at(number).permissions).toEqual([])
    }
  })

  it('that cannot be made leaves nothing behind', () => {
    const profiles = new Profiles(contract, new DigestTable(1))
    const one = {
      key: aKey(1, { allowedIps: ['nowhere'] }),
      organization: anOrganization(),
      maker: null,
      readAt: 1,
      readHash: '',
    }
    expect(() => profiles.hold(one)).toThrow('nowhere')
    const suspended = anOrganization({ state: 'suspended' })
    const number = profiles.hold({ ...one, key: aKey(1), organization: suspended })
    expect(profiles.at(number).account.refused).toBe('organization_suspended')
  })
})
