import { describe, expect, it } from 'vitest'
import { parseContract } from '../contract/parse.ts'
import type { DenialReason } from '../contract/refusal.ts'
import { issue, type NewKey } from '../lifecycle/issue.ts'
import { setMember } from '../lifecycle/member.ts'
import { updateOrganization } from '../lifecycle/organization.ts'
import { revoke } from '../lifecycle/revoke.ts'
import { rotate } from '../lifecycle/rotate.ts'
import { suspend } from '../lifecycle/suspend.ts'
import { type InMemory, inMemory, testActor } from '../testing/in-memory.ts'
import type { Attempt, Denied } from './outcome.ts'

const contract = parseContract({
  name: 'acme',
  key: { forms: [{ prefix: 'ak_' }, { prefix: 'pk_', kind: 'publishable' }] },
  permissions: { byMakersRole: { owner: ['*'], admin: ['*'], member: ['things:read'] } },
  namespaces: { default: ['default'], body: { under: '/v1' } },
  otherRoutes: 'not_found',
  routes: [
    { path: '/health', access: 'anonymous', limits: [{ requests: 2, windowSeconds: 60 }] },
    { path: '/public', kinds: ['publishable'], namespace: 'none' },
    { path: '/unruled', namespace: 'none' },
    { path: '/v1/query', permission: { read: 'things:read', write: 'things:write' } },
    { path: '/v1/{namespace}/things', permission: { read: 'things:read', write: 'things:write' } },
  ],
})

/** Something that is wrong with a request or its key. */
interface Defect {
  reason: DenialReason
  key?: Partial<NewKey>
  attempt?: Attempt
  /** After the key was issued. May answer with the credential to present instead. */
  happens?: (all: InMemory, key: string, credential: string) => Promise<string | undefined>
}

const limits = [{ requests: 1, windowSeconds: 60, per: 'key', kind: 'window' }] as const
const done = async (what: Promise<unknown>) => {
  await what
  return undefined
}

/** In the order of the straight line; what stands on one step cannot be wrong at the same time. */
const line: Record<string, Defect>[] = [
  { 'a path in two readings': { reason: 'malformed_request', attempt: { path: '/v1/default/../other/things' } } },
  {
    'no credential': { reason: 'missing_credential', happens: async () => '' },
    'a malformed credential': { reason: 'malformed_credential', happens: async () => 'ak_malformed' },
  },
  {
    'an unknown key': {
      reason: 'unknown_key',
      happens: async ({ lifecycle }) => lifecycle.format.mint({ environment: 'live', kind: 'secret' }).credential,
    },
  },
  {
    'a revoked key': {
      reason: 'revoked_key',
      happens: ({ lifecycle }, key) => done(revoke(lifecycle, testActor, key)),
    },
  },
  {
    'an expired key': { reason: 'expired_key', key: { expiresAt: new Date('2026-11-20T08:00:30Z') } },
    'a retired secret': {
      reason: 'retired_secret',
      happens: ({ lifecycle }, key) => done(rotate(lifecycle, testActor, key)),
    },
  },
  {
    'a suspended key': {
      reason: 'suspended_key',
      happens: ({ lifecycle }, key) => done(suspend(lifecycle, testActor, key)),
    },
  },
  { 'a maker who is no member': { reason: 'maker_left', key: { createdBy: 'usr_9' } } },
  {
    'a suspended organization': {
      reason: 'organization_suspended',
      happens: ({ lifecycle }) => done(updateOrganization(lifecycle, testActor, 'acme', { state: 'suspended' })),
    },
    'an organization that has not paid': {
      reason: 'organization_unpaid',
      happens: ({ lifecycle }) => done(updateOrganization(lifecycle, testActor, 'acme', { state: 'unpaid' })),
    },
  },
  {
    'an unknown route': { reason: 'unknown_route', attempt: { path: '/v2' } },
    'a kind that is not accepted': { reason: 'kind_not_accepted', key: { kind: 'publishable' } },
  },
  {
    'no namespace': { reason: 'namespace_missing', attempt: { path: '/v1/query' } },
    'a malformed namespace': { reason: 'namespace_malformed', attempt: { path: '/v1/Default/things' } },
    'a foreign namespace': { reason: 'namespace_not_permitted', attempt: { path: '/v1/other/things' } },
    'a foreign namespace beside its own': { reason: 'namespace_not_permitted', attempt: { namespace: 'other' } },
  },
  {
    'a permission the route needs': { reason: 'permission_missing', attempt: { method: 'POST' } },
    'a permission that is asked for': { reason: 'permission_missing', attempt: { permissions: ['things:delete'] } },
  },
  {
    'another address': { reason: 'address_not_allowed', attempt: { ip: '192.0.2.2' } },
    'no address': { reason: 'address_not_allowed', key: { allowedIps: ['192.0.2.9'] } },
  },
  {
    'a month that is used up': {
      reason: 'quota_exceeded',
      happens: ({ lifecycle }) => done(updateOrganization(lifecycle, testActor, 'acme', { monthlyQuota: 1 })),
    },
  },
  { 'a limit that is used up': { reason: 'rate_limited' } },
]

/** One request with all of these wrong, after another with the same key that was let through. */
async function judged(defects: readonly Defect[]) {
  const all = inMemory({ contract })
  await all.organization()
  const terms = {
    name: 'a',
    permissions: ['things:read'],
    allowedIps: ['192.0.2.1'],
    limits: defects.some(({ reason }) => reason === 'rate_limited') ? limits : [{ ...limits[0], requests: 2 }],
    ...merged(defects, 'key'),
  }
  const { key, credential } = await issue(all.lifecycle, testActor, { organization: 'acme', ...terms })
  if (!defects.some(({ key }) => key?.kind || key?.createdBy || key?.allowedIps)) {
    const good = { credential, method: 'GET', path: '/v1/default/things', ip: '192.0.2.1' }
    expect(await all.verifier.verify(good)).toMatchObject({ allowed: true })
  } else if (!defects.some((defect) => defect.key?.createdBy)) {
    await all.verifier.verify({ credential, ip: '192.0.2.9' })
  }
  let presented = credential
  for (const { happens } of defects.toReversed()) presented = (await happens?.(all, key.id, credential)) ?? presented
  all.clock.advance(defects.some((defect) => defect.key?.expiresAt) ? 30_000 : 0)
  const attempt: Attempt = { method: 'GET', path: '/v1/default/things', ip: '192.0.2.1', ...merged(defects, 'attempt') }
  const outcome = await all.verifier.verify(presented === '' ? attempt : { ...attempt, credential: presented })
  return { outcome: outcome as Denied, key: key.id, all }
}

function merged(defects: readonly Defect[], part: 'key' | 'attempt'): object {
  return Object.assign({}, ...defects.map((defect) => defect[part] ?? {}))
}

const steps = line.flatMap((step, at) => Object.entries(step).map(([name, defect]) => ({ at, name, defect })))

/** What says two things of the same member of the request, or of the key, cannot be wrong at once. */
function fit(a: Defect, b: Defect): boolean {
  const names = (part: 'key' | 'attempt') => Object.keys(b[part] ?? {}).filter((name) => name in (a[part] ?? {}))
  return names('key').length === 0 && names('attempt').length === 0
}

describe('of two things that are wrong at once, the earlier in the line is the one that is told', () => {
  const pairs = steps.flatMap((first) =>
    steps
      .filter((second) => second.at > first.at && fit(first.defect, second.defect))
      .map((second): [string, string, Defect, Defect] => [first.name, second.name, first.defect, second.defect]),
  )
  it.each(pairs)('%s before %s', async (_first, _second, first, second) => {
    const { outcome } = await judged([first, second])
    expect(outcome.reason).toBe(first.reason)
  })
})

describe('of everything that is wrong at once', () => {
  it.each(steps)('$name is told before all that is behind it', async ({ at, defect }) => {
    const fitting = [defect]
    for (const [next] of line.slice(at + 1).map((step) => Object.values(step))) {
      if (next && fitting.every((other) => fit(other, next))) fitting.push(next)
    }
    const { outcome, key } = await judged(fitting)
    expect(outcome.reason).toBe(defect.reason)
    const nameless = ['malformed_request', 'missing_credential', 'malformed_credential', 'unknown_key']
    const known = !nameless.includes(defect.reason)
    expect(outcome.principal?.key).toBe(known ? key : undefined)
  })
})

describe('what is denied', () => {
  const spendsNothing = steps.filter(({ defect }) => defect.reason !== 'rate_limited' && !defect.key)
  it.each(spendsNothing)('for $name has spent nothing', async ({ defect }) => {
    const { outcome, all } = await judged([defect])
    expect(outcome.allowed).toBe(false)
    // Of two requests the limit has, the first request took one.
    for (const state of outcome.limits) expect(state.remaining).toBe(1)
    expect(outcome.retryAfterMs > 0).toBe(defect.reason === 'quota_exceeded')
    expect(all.verifier.refuse(outcome).status).toBeGreaterThanOrEqual(400)
  })

  it('tells of a key that has matched what is left of its limits, and of no other', async () => {
    const lacks = (reason: DenialReason) => steps.find(({ defect }) => defect.reason === reason)?.defect as Defect
    expect((await judged([lacks('permission_missing')])).outcome).toMatchObject({
      about: 'things:write',
      limits: [{ remaining: 1 }],
    })
    expect((await judged([lacks('namespace_not_permitted')])).outcome).toMatchObject({ about: 'other' })
    expect((await judged([lacks('revoked_key')])).outcome.limits).toEqual([])
  })
})

describe('a route', () => {
  async function start(terms: Partial<NewKey> = {}) {
    const all = inMemory({ contract })
    await all.organization()
    const { credential } = await issue(all.lifecycle, testActor, { organization: 'acme', name: 'a', ...terms })
    return {
      ...all,
      async of(attempt: Attempt) {
        const outcome = await all.verifier.verify({ credential, ...attempt })
        return outcome.allowed ? 'allowed' : outcome.reason
      },
    }
  }

  const twoReadings = [
    '/public/../unruled',
    '/public/./x',
    '//public',
    '/v1/default%2fthings',
    '/v1/default/%2e%2e/other',
  ]
  const otherSpellings = ['/%70ublic', '/public?a=1', '/public#a', '/public;a=1', '/public\\x', 'public', '', '*']
  it.each([...twoReadings, ...otherSpellings])(
    'is not looked for by %j, which an API may read as another path',
    async (path) => {
      expect(await (await start()).of({ path })).toBe('malformed_request')
      expect(await (await start()).of({ path, credential: undefined, headers: [] })).toBe('malformed_request')
    },
  )

  it.each(['get', 'Get', 'post', 'TRACE', 'CONNECT', 'M-SEARCH', ''])(
    'is not looked for by the method %j, which no rule can be for',
    async (method) => {
      expect(await (await start()).of({ method, path: '/unruled' })).toBe('malformed_request')
    },
  )

  it('takes the kinds it names, and no publishable key where it names none', async () => {
    const publishable = await start({ kind: 'publishable' })
    expect(await publishable.of({ path: '/public' })).toBe('allowed')
    expect(await publishable.of({ path: '/unruled' })).toBe('kind_not_accepted')
    const secret = await start()
    expect(await secret.of({ path: '/public' })).toBe('kind_not_accepted')
    expect(await secret.of({ path: '/unruled' })).toBe('allowed')
  })

  it('that may be read in two ways is for those who may go to both', async () => {
    const { credential: _, docs: __, ...plain } = contract
    const routes = [
      { path: '/v1/reports!purge', permission: 'admin' },
      { path: '/v1/status!', access: 'anonymous' as const },
      { path: '/v1/**', permission: 'read' },
    ]
    const open = { ...plain, permissions: {}, namespaces: null, routes }
    const all = inMemory({ contract: parseContract(open) })
    await all.organization()
    const of = async (path: string, ...permissions: string[]) => {
      const { credential } = await issue(all.lifecycle, testActor, { organization: 'acme', name: 'a', permissions })
      const outcome = await all.verifier.verify({ ...(permissions.length > 0 && { credential }), path })
      return outcome.allowed ? 'allowed' : (outcome.about ?? outcome.reason)
    }
    expect(await of('/v1/reports!purge', 'admin')).toBe('allowed')
    expect(await of('/v1/reports%21purge', 'read')).toBe('admin')
    expect(await of('/v1/reports%21purge', 'admin')).toBe('read')
    expect(await of('/v1/reports%21purge', 'read', 'admin')).toBe('allowed')
    expect([await of('/v1/status!'), await of('/v1/status%21')]).toEqual(['allowed', 'missing_credential'])
    expect([await of('/v1/status%21', 'admin'), await of('/v1/status%21', 'read')]).toEqual(['read', 'allowed'])
  })

  it('that may be read in two ways counts for both where neither asks for a key, and once for each', async () => {
    const limits = [{ requests: 2, windowSeconds: 60 }]
    const routes = [
      { path: '/open/a%21', access: 'anonymous' as const, limits },
      { path: '/open/**', access: 'anonymous' as const, limits: [{ requests: 4, windowSeconds: 60 }] },
    ]
    const { docs: _, namespaces: __, ...plain } = contract
    const { verifier } = inMemory({ contract: parseContract({ ...plain, namespaces: null, routes }) })
    const admitted = async (path: string) => {
      let count = 0
      for (let i = 0; i < 5; i++) count += (await verifier.verify({ path, ip: '192.0.2.1' })).allowed ? 1 : 0
      return count
    }
    expect(await admitted('/open/a!/')).toBe(2)
    expect(await admitted('/open/a%21/')).toBe(0)
    expect(await admitted('/open/b')).toBe(2)
  })

  it('that the contract does not rule is for keys without a list', async () => {
    const { otherRoutes: _, ...open } = contract
    const all = inMemory({ contract: parseContract({ ...open, namespaces: null, routes: [] }) })
    await all.organization()
    const of = async (permissions: string[] | null) => {
      const { credential } = await issue(all.lifecycle, testActor, { organization: 'acme', name: 'a', permissions })
      const outcome = await all.verifier.verify({ credential, path: '/anything' })
      return outcome.allowed ? 'allowed' : outcome.reason
    }
    expect([await of(null), await of(['*']), await of([])]).toEqual([
      'allowed',
      'route_without_rule',
      'route_without_rule',
    ])
  })

  it('for anyone asks for no credential, looks at none, and is limited by address alone', async () => {
    const { of, verifier } = await start()
    expect(await of({ path: '/health', credential: 'ak_malformed' })).toBe('allowed')
    expect(
      await verifier.verify({ path: '/health', headers: ['Authorization', 'x', 'Authorization', 'y'] }),
    ).toMatchObject({
      allowed: true,
      principal: null,
      limits: [{ remaining: 0 }],
    })
    expect(await of({ path: '/health' })).toBe('rate_limited')
    expect(await of({ path: '/health', ip: '192.0.2.7' })).toBe('allowed')
  })

  it('is judged as if what Node does not know of a request were not given', async () => {
    const unknown = {
      method: undefined,
      query: undefined,
      permissions: undefined,
      namespace: undefined,
      cost: undefined,
    }
    const attempt: Attempt = { ...unknown, path: '/v1/default/things', ip: undefined, requestId: undefined }
    expect(await (await start()).of(attempt)).toBe('allowed')
    expect(await (await start({ allowedIps: ['192.0.2.1'] })).of(attempt)).toBe('address_not_allowed')
    expect(await (await start()).of({ ...attempt, path: undefined, permissions: ['things:read'] })).toBe('allowed')
  })

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])(
    'grants nobody the permission `%s`, which every object has',
    async (word) => {
      const { of, lifecycle } = await start({ permissions: ['things:read'] })
      await setMember(lifecycle, testActor, { organization: 'acme', user: 'usr_1', role: 'owner' })
      expect(await of({ permissions: [word] })).toBe('permission_missing')
      expect(await of({ namespace: word })).toMatch(/^namespace_(malformed|not_permitted)$/)
    },
  )
})

describe('who the key is', () => {
  it('is told before reach is looked at, and nothing is charged for it', async () => {
    const all = inMemory({ contract })
    await all.organization()
    const terms = { organization: 'acme', name: 'a', permissions: [], allowedIps: ['192.0.2.1'], limits }
    const { key, credential } = await issue(all.lifecycle, testActor, terms)
    for (let i = 0; i < 3; i++) {
      expect(await all.verifier.authenticate({ credential })).toMatchObject({
        allowed: true,
        principal: { key: key.id },
      })
    }
    expect(await all.verifier.verify({ credential, ip: '192.0.2.1' })).toMatchObject({ limits: [{ remaining: 0 }] })
    await suspend(all.lifecycle, testActor, key.id)
    expect(await all.verifier.authenticate({ credential })).toMatchObject({ reason: 'suspended_key' })
    expect(await all.verifier.authenticate({ headers: [] })).toMatchObject({ reason: 'missing_credential' })
  })
})
