import {
  type Counters,
  compileFormat,
  createMemoryCounters,
  createVerifier,
  type Denied,
  issue,
  type Limit,
  type NewKey,
  type Outcome,
  parseContract,
  revoke,
  rotate,
  setMember,
  suspend,
  update,
  updateOrganization,
} from '@keywright/core'
import { inMemory, testActor } from '@keywright/core/testing'
import { describe, expect, it } from 'vitest'

const contract = parseContract({
  name: 'acme',
  key: { publicId: { length: 12 }, checksum: false, forms: [{ prefix: 'ak_' }] },
  plans: {
    small: { limits: [{ requests: 2, windowSeconds: 60 }] },
    large: { limits: [{ requests: 4, windowSeconds: 60, kind: 'bucket' }] },
  },
  routes: [
    { path: '/open', access: 'anonymous', limits: [{ requests: 2, windowSeconds: 60 }] },
    { path: '/open-to-both', methods: ['GET'], access: 'anonymous', limits: [{ requests: 2, windowSeconds: 60 }] },
    { path: '/open-to-both', methods: ['POST'], access: 'anonymous', limits: [{ requests: 2, windowSeconds: 60 }] },
    { path: '/read-twice/a!b/**', access: 'anonymous', limits: [{ requests: 2, windowSeconds: 60 }] },
    { path: '/read-twice/{name}/**', access: 'anonymous', limits: [{ requests: 2, windowSeconds: 60 }] },
    { path: '/also-open', access: 'anonymous', limits: [{ requests: 2, windowSeconds: 60 }] },
    { path: '/things', permission: 'things:read' },
  ],
})

function limit(requests: number, per: Limit['per'] = 'key', kind: Limit['kind'] = 'window'): Limit {
  return { requests, windowSeconds: 60, per, kind }
}

async function start(counters: Counters = createMemoryCounters()) {
  const all = inMemory({ contract, counters })
  await all.organization()
  const { lifecycle, verifier } = all
  return {
    ...all,
    make: (limits: Limit[] | null, terms: Partial<NewKey> = {}) =>
      issue(lifecycle, testActor, { organization: 'acme', name: 'a', limits, ...terms }),
    /** How many of so many requests are let through. */
    async through(credential: string, count: number, attempt = {}): Promise<number> {
      const outcomes: Outcome[] = []
      for (let i = 0; i < count; i++) outcomes.push(await verifier.verify({ credential, ...attempt }))
      return outcomes.filter(({ allowed }) => allowed).length
    },
  }
}

describe('a limit', () => {
  it('lets exactly as many of a thousand parallel requests through as it says', async () => {
    for (const kind of ['window', 'bucket'] as const) {
      const { make, verifier } = await start()
      const { credential } = await make([limit(100, 'key', kind)])
      const outcomes = await Promise.all(Array.from({ length: 1000 }, async () => verifier.verify({ credential })))
      expect(outcomes.filter(({ allowed }) => allowed)).toHaveLength(100)
      expect(new Set(outcomes.flatMap((outcome) => (outcome.allowed ? [] : [outcome.reason])))).toEqual(
        new Set(['rate_limited']),
      )
    }
  })

  it.each(['window', 'bucket'] as const)('lets the caller through who waits as long as it says (%s)', async (kind) => {
    const { make, verifier, clock, through } = await start()
    const { credential } = await make([limit(3, 'key', kind)])
    expect(await through(credential, 4)).toBe(3)
    for (let i = 0; i < 20; i++) {
      clock.advance(i * 77)
      while ((await verifier.verify({ credential })).allowed);
      const refused = (await verifier.verify({ credential })) as Denied
      expect(refused).toMatchObject({ reason: 'rate_limited', limit: { limit: { requests: 3 } } })
      expect(Number(verifier.refuse(refused).headers['retry-after'])).toBe(Math.ceil(refused.retryAfterMs / 1000))
      clock.advance(refused.retryAfterMs - 1)
      expect(await verifier.verify({ credential })).toMatchObject({ reason: 'rate_limited', retryAfterMs: 1 })
      clock.advance(1)
      expect(await verifier.verify({ credential })).toMatchObject({ allowed: true })
    }
  })

  it('is shared by all secrets of its key', async () => {
    const { make, lifecycle, through } = await start()
    const first = await make([limit(5)])
    expect(await through(first.credential, 2)).toBe(2)
    const second = await rotate(lifecycle, testActor, first.key.id, { graceSeconds: 60 })
    expect(await through(second.credential, 2)).toBe(2)
    expect(await through(first.credential, 2)).toBe(1)
    expect(await through(second.credential, 1)).toBe(0)
  })

  it('of several is charged with all of them or none', async () => {
    const { make, through, verifier } = await start()
    const both = [limit(10), limit(3, 'organization')]
    const [one, two] = [await make(both), await make(both)]
    expect(await through(one.credential, 2)).toBe(2)
    expect(await through(two.credential, 5)).toBe(1)
    expect(await verifier.verify({ credential: two.credential })).toMatchObject({
      reason: 'rate_limited',
      limit: { limit: { per: 'organization' } },
      limits: [{ remaining: 9 }, { remaining: 0 }],
    })
  })

  it('per user, project or organization is shared by the keys of that one', async () => {
    const { make, through, lifecycle, project, organization } = await start()
    await setMember(lifecycle, testActor, { organization: 'acme', user: 'usr_1', role: 'owner' })
    const other = await organization({ id: 'other' })
    const [rockets, boats] = [(await project(other)).id, (await project(other)).id]
    const pairs: [Limit['per'], Partial<NewKey>, Partial<NewKey>][] = [
      ['user', { createdBy: 'usr_1' }, { createdBy: 'usr_2' }],
      ['project', { organization: 'other', project: rockets }, { organization: 'other', project: boats }],
      ['organization', { organization: 'acme' }, { organization: 'other' }],
    ]
    for (const [per, within, outside] of pairs) {
      const limits = [limit(3, per)]
      const [one, two, stranger] = [await make(limits, within), await make(limits, within), await make(limits, outside)]
      expect(await through(one.credential, 2)).toBe(2)
      expect(await through(two.credential, 2)).toBe(1)
      expect(await through(stranger.credential, 4)).toBe(3)
    }
  })

  it('per user or project is a key’s own where it has none', async () => {
    const { make, through } = await start()
    for (const per of ['user', 'project'] as const) {
      const [one, two] = [await make([limit(2, per)]), await make([limit(2, per)])]
      expect(await through(one.credential, 3)).toBe(2)
      expect(await through(two.credential, 3)).toBe(2)
    }
  })

  it('takes a request by its cost, and none whose cost is none', async () => {
    const { make, verifier, lifecycle } = await start()
    const { credential } = await make([limit(5)])
    const unlimited = await make([])
    await updateOrganization(lifecycle, testActor, 'acme', { monthlyQuota: 5 })
    for (const cost of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, '1' as never]) {
      await expect((async () => verifier.verify({ credential, cost }))()).rejects.toThrow(RangeError)
      await expect((async () => verifier.verify({ credential: unlimited.credential, cost }))()).rejects.toThrow(
        RangeError,
      )
      await expect((async () => verifier.verify({ path: '/open', cost }))()).rejects.toThrow(RangeError)
    }
    expect(await verifier.verify({ credential, cost: 3 })).toMatchObject({ allowed: true, limits: [{ remaining: 2 }] })
    expect(await verifier.verify({ credential, cost: 3 })).toMatchObject({ allowed: false })
    expect(await verifier.verify({ credential, cost: 0 })).toMatchObject({ allowed: true, limits: [{ remaining: 2 }] })
    expect(await verifier.verify({ credential: unlimited.credential, cost: 3 })).toMatchObject({
      reason: 'quota_exceeded',
    })
  })

  it('that takes the place of another begins with nothing spent, and never with the other’s count', async () => {
    const { make, through, lifecycle } = await start()
    const { key, credential } = await make([limit(2)])
    expect(await through(credential, 3)).toBe(2)
    for (const limits of [[limit(4, 'key', 'bucket')], [limit(5)], [limit(3, 'key', 'bucket'), limit(6)]]) {
      await update(lifecycle, testActor, key.id, { limits })
      expect(await through(credential, 10)).toBe(limits[0]?.requests)
    }
    await update(lifecycle, testActor, key.id, { limits: [limit(2)] })
    expect(await through(credential, 1)).toBe(0)
  })

  it('of a plan holds as soon as the plan is agreed', async () => {
    const { make, through, lifecycle } = await start()
    const { credential } = await make(null)
    expect(await through(credential, 5)).toBe(2)
    await updateOrganization(lifecycle, testActor, 'acme', { plan: 'large' })
    expect(await through(credential, 5)).toBe(4)
    await updateOrganization(lifecycle, testActor, 'acme', { plan: 'small' })
    expect(await through(credential, 5)).toBe(0)
  })

  it('goes on counting for a key that had to make room for others', async () => {
    const { store, make, clock } = await start()
    const verifier = createVerifier({
      contract,
      keys: store,
      counters: createMemoryCounters(),
      maxKeys: 1,
      now: clock.now,
    })
    const keys = [await make([limit(3)]), await make([limit(3)]), await make([limit(3)])]
    const allowed = new Map<string, number>()
    for (let round = 0; round < 5; round++) {
      for (const { key, credential } of keys) {
        if ((await verifier.verify({ credential })).allowed) allowed.set(key.id, (allowed.get(key.id) ?? 0) + 1)
      }
    }
    expect([...allowed.values()]).toEqual([3, 3, 3])
  })
})

describe('counters that are asked elsewhere', () => {
  /** The same counts, told later. */
  function later(counters: Counters): Counters {
    return {
      take: async (...asked) => counters.take(...asked),
      peek: async (...asked) => counters.peek(...asked),
    }
  }

  it('lead to the same verdicts as those that answer at once', async () => {
    const told: Outcome[][] = []
    for (const counters of [createMemoryCounters(), later(createMemoryCounters())]) {
      const { make, verifier } = await start(counters)
      const { credential } = await make([limit(1)], { permissions: [] })
      const path = '/open'
      told.push([
        await verifier.peek({ credential }),
        await verifier.verify({ credential }),
        await verifier.verify({ credential, permissions: ['things:read'] }),
        await verifier.verify({ credential }),
        await verifier.peek({ credential }),
        await verifier.verify({ path, cost: 2 }),
        await verifier.verify({ path }),
      ])
    }
    const [atOnce = [], elsewhere = []] = told.map((all) =>
      all.map((outcome) => ({ ...outcome, principal: outcome.principal?.organization })),
    )
    expect(elsewhere).toEqual(atOnce)
    expect(elsewhere).toMatchObject([
      { allowed: true, principal: 'acme', limits: [{ remaining: 1 }] },
      { allowed: true, principal: 'acme', limits: [{ remaining: 0 }] },
      { reason: 'permission_missing', principal: 'acme', limits: [{ remaining: 0 }] },
      { reason: 'rate_limited', principal: 'acme', limits: [{ remaining: 0 }] },
      { allowed: true, principal: 'acme', limits: [{ remaining: 0 }] },
      { allowed: true, limits: [{ remaining: 0 }] },
      { reason: 'rate_limited', limits: [{ remaining: 0 }] },
    ])
  })
})

describe('what is left of a key’s limits', () => {
  it('is told without charging them, and of no key that is refused', async () => {
    const { make, verifier, lifecycle, through } = await start()
    const { key, credential } = await make([limit(2)])
    const stranger = compileFormat(contract.key).mint({ environment: 'live', kind: 'secret' })
    for (let i = 0; i < 3; i++) {
      expect(await verifier.peek({ credential })).toMatchObject({ allowed: true, limits: [{ remaining: 2 }] })
    }
    expect(await through(credential, 3)).toBe(2)
    expect(await verifier.peek({ credential: stranger.credential })).toMatchObject({ reason: 'unknown_key' })
    await revoke(lifecycle, testActor, key.id)
    expect(await verifier.peek({ credential })).toMatchObject({ reason: 'revoked_key', limits: [] })
  })
})

describe('a request that is refused', () => {
  it('spends nothing, whatever it is refused for', async () => {
    const { make, verifier, through } = await start()
    const { credential } = await make([limit(3)], { permissions: ['things:read'], allowedIps: ['192.0.2.1'] })
    const ip = '192.0.2.1'
    for (let i = 0; i < 20; i++) {
      for (const attempt of [
        { credential, ip, path: '/elsewhere' },
        { credential, ip, permissions: ['things:write'] },
        { credential, ip, namespace: 'Malformed' },
        { credential, ip: '192.0.2.2' },
        { credential },
        { credential: `${credential.slice(0, -4)}AAAA`, ip },
        { headers: ['Authorization', `Basic ${credential}`], ip },
        { headers: ['Authorization', `Bearer ${credential}`, 'Authorization', `Bearer ${credential}`], ip },
      ]) {
        expect((await verifier.verify(attempt)).allowed).toBe(false)
      }
    }
    expect(await through(credential, 5, { ip })).toBe(3)
    expect(await through(credential, 100, { ip })).toBe(0)
  })

  it('spends nothing of a key whose public id it knows, nor of one that is suspended or has a new secret', async () => {
    const { make, lifecycle, verifier, through } = await start()
    const one = await make([limit(2)])
    const two = await rotate(lifecycle, testActor, one.key.id)
    const publicId = two.credential.slice(0, two.credential.indexOf('.') + 1)
    const stranger = compileFormat(contract.key).mint({ environment: 'live', kind: 'secret' }).credential
    for (let i = 0; i < 20; i++) {
      const guess = publicId + stranger.slice(stranger.indexOf('.') + 1)
      expect(await verifier.verify({ credential: guess })).toMatchObject({ reason: 'unknown_key' })
      expect(await verifier.verify({ credential: one.credential })).toMatchObject({ reason: 'retired_secret' })
    }
    expect(await through(two.credential, 1)).toBe(1)
    await suspend(lifecycle, testActor, two.key.id)
    expect(await through(two.credential, 20)).toBe(0)
    const { key } = await make([limit(2)])
    await revoke(lifecycle, testActor, key.id)
    await updateOrganization(lifecycle, testActor, 'acme', { state: 'suspended' })
    expect(await through(two.credential, 20)).toBe(0)
  })
})

describe('a limit per address', () => {
  it('counts an IPv4 address, and of IPv6 the /64 one machine may have', async () => {
    const { make, through } = await start()
    const { credential } = await make([limit(2, 'address')])
    expect(await through(credential, 3, { ip: '192.0.2.1' })).toBe(2)
    expect(await through(credential, 1, { ip: '::ffff:192.0.2.1' })).toBe(0)
    expect(await through(credential, 3, { ip: '192.0.2.2' })).toBe(2)
    expect(await through(credential, 1, { ip: '2001:db8::1' })).toBe(1)
    expect(await through(credential, 2, { ip: '2001:db8::ffff:1' })).toBe(1)
    expect(await through(credential, 2, { ip: '2001:db8:0:1::1' })).toBe(2)
  })

  it('counts all who hide their address together', async () => {
    const { make, through } = await start()
    const { credential } = await make([limit(2, 'address')])
    expect(await through(credential, 1)).toBe(1)
    expect(await through(credential, 1, { ip: 'unreadable' })).toBe(1)
    expect(await through(credential, 1, { ip: '999.1.1.1' })).toBe(0)
  })

  it('lets nobody spend the limit of another organization behind the same address', async () => {
    const { make, through, organization } = await start()
    await organization({ id: 'other' })
    const ip = '192.0.2.1'
    const [one, two] = [await make([limit(2, 'address')]), await make([limit(2, 'address')], { organization: 'other' })]
    expect(await through(one.credential, 9, { ip })).toBe(2)
    expect(await through(two.credential, 9, { ip })).toBe(2)
  })

  it('of a route that is open to anyone is that route’s own, and charges no key', async () => {
    const { make, through, verifier } = await start()
    const ip = '192.0.2.1'
    const { credential } = await make([limit(2, 'address')])
    for (let i = 0; i < 9; i++) await verifier.verify({ path: '/open', ip, credential })
    expect(await verifier.verify({ path: '/open', ip })).toMatchObject({ reason: 'rate_limited', principal: null })
    expect(await verifier.verify({ path: '/also-open', ip })).toMatchObject({ allowed: true })
    expect(await verifier.verify({ path: '/open', ip: '192.0.2.2' })).toMatchObject({ allowed: true })
    expect(await through(credential, 9, { ip })).toBe(2)
  })

  it('of such a route counts a request once, however often its path can be read as that route', async () => {
    const { verifier } = await start()
    const ask = async () => verifier.verify({ path: '/read-twice/a%21b/', ip: '192.0.2.1' })
    expect(await ask()).toMatchObject({ allowed: true, limits: [{ remaining: 1 }, { remaining: 1 }] })
    expect(await ask()).toMatchObject({ allowed: true })
    expect(await ask()).toMatchObject({ reason: 'rate_limited' })
  })

  it('of one method of such a route counts no other', async () => {
    const { verifier } = await start()
    const ask = async (method: string) => verifier.verify({ method, path: '/open-to-both', ip: '192.0.2.1' })
    for (let i = 0; i < 9; i++) await ask('GET')
    expect(await ask('GET')).toMatchObject({ reason: 'rate_limited' })
    expect(await ask('POST')).toMatchObject({ allowed: true })
  })
})
