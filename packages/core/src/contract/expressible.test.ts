import { describe, expect, it } from 'vitest'
import { compileFormat } from '../key/credential.ts'
import type { ContractData } from './contract-data.ts'
import { parseContract } from './parse.ts'
import type { RefusalFacts, RefusalName } from './refusal.ts'
import { compileRefusals } from './render.ts'
import { compileRoutes } from './route.ts'

function contractWith(data: Partial<ContractData>) {
  return parseContract({ name: 'acme', key: { forms: [{ prefix: 'acme_live_' }] }, ...data })
}

function refused(name: RefusalName, data: Partial<ContractData>, facts: Partial<RefusalFacts> = {}) {
  return compileRefusals(contractWith(data))(name, { requestId: 'req_1', ...facts })
}

describe('where a key is sent can be', () => {
  it.each([
    [{ header: 'X-Api-Key' }],
    [{ header: 'api_key' }],
    [{ header: 'Ocp-Apim-Subscription-Key' }],
    [{ header: 'Authorization' }],
    [{ header: 'Authorization', scheme: 'Bearer' }],
    [{ header: 'Authorization', scheme: 'Token' }],
    [{ header: 'Authorization', scheme: 'Key' }],
    [{ header: 'X-Auth', scheme: 'ApiKey-v1' }],
    [{ basic: 'user' as const }],
    [{ basic: 'password' as const }],
    [{ query: 'api_key', keysEndUpInLogs: true as const }],
  ])('%j', (source) => {
    expect(contractWith({ credential: { sources: [source] } }).credential.sources).toEqual([source])
  })

  it('an id and a secret in two headers', () => {
    const source = { idHeader: 'X-Client-Id', secretHeader: 'X-Client-Secret' }
    const key = { publicId: { length: 12 }, forms: [{ prefix: 'ck_' }] }
    expect(contractWith({ credential: { sources: [source] }, key }).credential.sources).toEqual([source])
  })

  it('several, of which the first counts, or which must agree, or of which one is enough', () => {
    const sources = [{ header: 'X-Api-Key' }, { header: 'Authorization', scheme: 'Bearer' }, { basic: 'user' as const }]
    for (const whenSeveral of ['first', 'equal', 'refuse'] as const) {
      expect(contractWith({ credential: { sources, whenSeveral } }).credential).toEqual({ sources, whenSeveral })
    }
  })
})

describe('a key can look like', () => {
  const key: ContractData['key'] = {
    forms: [
      { prefix: 'sk_live_' },
      { prefix: 'sk_test_', environment: 'test' },
      { prefix: 'rk_live_', kind: 'restricted' },
      { prefix: 'pk_live_', kind: 'publishable', random: { alphabet: 'base58', length: 30 } },
      { prefix: 'sk_live_', random: { alphabet: 'base62', length: 24 }, checksum: false, retired: true },
      { prefix: '', random: { alphabet: 'hex', length: 32 }, checksum: false, retired: true },
    ],
  }

  it('one of several prefixes, for each environment and kind', () => {
    const format = compileFormat(contractWith({ key }).key)
    expect(format.mint({ environment: 'live', kind: 'secret' }).credential).toMatch(/^sk_live_[0-9A-Za-z]{49}$/)
    expect(format.mint({ environment: 'test', kind: 'secret' }).credential).toMatch(/^sk_test_/)
    expect(format.mint({ environment: 'live', kind: 'restricted' }).credential).toMatch(/^rk_live_/)
    expect(format.mint({ environment: 'live', kind: 'publishable' }).credential).toMatch(
      /^pk_live_[1-9A-Za-z]{30}[0-9A-Za-z]{6}$/,
    )
  })

  it('what is no longer issued, and still accepted', () => {
    const format = compileFormat(contractWith({ key }).key)
    expect(format.parse(`sk_live_${'a'.repeat(24)}`)).toBe(4)
    expect(format.parse('0123456789abcdef0123456789abcdef')).toBe(5)
  })

  it('32 bytes of base64url behind a public id', () => {
    const rule = { publicId: { length: 8, separator: '_' }, random: { bytes: 32 }, forms: [{ prefix: 'x_' }] }
    const { credential, hint } = compileFormat(contractWith({ key: rule }).key).mint({
      environment: 'live',
      kind: 'secret',
    })
    expect(credential).toMatch(/^x_[0-9A-Za-z]{8}_[\w-]{43}[0-9A-Za-z]{6}$/)
    expect(credential.startsWith(`${hint}_`)).toBe(true)
  })

  it('it may, on some routes and not on others', () => {
    const routes = [
      { path: '/v1/config', methods: ['GET'], kinds: ['publishable', 'secret'] },
      { path: '/v1/**', kinds: ['secret', 'restricted'] },
    ]
    const { matchRoute } = compileRoutes(contractWith({ key, routes }))
    expect(matchRoute('GET', '/v1/config').route?.kinds).toContain('publishable')
    expect(matchRoute('POST', '/v1/config').route?.kinds).not.toContain('publishable')
  })
})

describe('a refusal can have', () => {
  it('any status, headers and JSON', () => {
    const refusal = refused(
      'rate_limited',
      {
        body: { json: { ok: false, errors: [{ code: '{code}', at: null }], meta: { request: '{requestId}' } } },
        refusals: { rate_limited: { status: 420, values: { code: 'E1' }, headers: { 'X-Why': 'calm down' } } },
      },
      { retryAfter: 5 },
    )
    expect(refusal).toEqual({
      status: 420,
      headers: {
        'content-type': 'application/json',
        'cache-control': 'no-store',
        'retry-after': '5',
        'x-why': 'calm down',
      },
      body: '{"ok":false,"errors":[{"code":"E1","at":null}],"meta":{"request":"req_1"}}',
    })
  })

  it('XML or text instead', () => {
    const xml = '<Error><Code>{code}</Code><Message>{message}</Message></Error>'
    expect(
      refused('forbidden', {
        body: { xml },
        refusals: { forbidden: { values: { code: 'AccessDenied', message: 'No & never' } } },
      }).body,
    ).toBe('<Error><Code>AccessDenied</Code><Message>No &#38; never</Message></Error>')
    expect(refused('forbidden', { body: { text: '{title}\n' } }).body).toBe('Forbidden\n')
  })

  it('the same row for a missing key as for an invalid one, or another', () => {
    const same = { refusals: { invalid_credential: 'missing_credential' as const } }
    expect(refused('invalid_credential', same).body).toBe(refused('missing_credential', same).body)
    expect(refused('invalid_credential', {}).body).not.toBe(refused('missing_credential', {}).body)
  })

  it('a 404 that hides what a key may not reach', () => {
    const hiding = { refusals: { forbidden: 'not_found' as const, namespace_forbidden: 'not_found' as const } }
    expect(refused('forbidden', hiding)).toEqual(refused('not_found', hiding))
  })

  it('402 for who has not paid, and a row of its own for who is suspended', () => {
    expect(refused('organization_unpaid', {}).status).toBe(402)
    expect(refused('organization_suspended', {}).status).toBe(403)
  })
})

describe('a limit can be', () => {
  it('counted by key, user, project, organization and address at once', () => {
    const limits = (['key', 'user', 'project', 'organization', 'address'] as const).map((per, i) => ({
      requests: 100 * (i + 1),
      windowSeconds: 60,
      per,
      kind: i % 2 ? ('bucket' as const) : ('window' as const),
    }))
    expect(contractWith({ limits }).limits).toEqual(limits)
  })

  it('a plan, with a quota for the month', () => {
    const { plans } = contractWith({
      plans: { free: { limits: [{ requests: 10, windowSeconds: 60 }], monthlyQuota: 1000 }, paid: {} },
    })
    expect(plans).toEqual({
      free: { limits: [{ requests: 10, windowSeconds: 60, per: 'key', kind: 'window' }], monthlyQuota: 1000 },
      paid: { limits: [], monthlyQuota: null },
    })
  })

  it('for an anonymous route, by address', () => {
    const [route] = contractWith({
      routes: [{ path: '/status', access: 'anonymous', limits: [{ requests: 5, windowSeconds: 1 }] }],
    }).routes
    expect(route?.limits).toEqual([{ requests: 5, windowSeconds: 1, per: 'address', kind: 'window' }])
  })

  it('told in headers an API already has', () => {
    const limitHeaders = { limit: 'RL-Limit', remaining: 'RL-Left', reset: 'RL-Reset', resetAs: 'secondsLeft' as const }
    expect(contractWith({ limitHeaders }).limitHeaders).toEqual(limitHeaders)
  })
})
