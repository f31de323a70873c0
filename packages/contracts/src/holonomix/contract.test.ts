import { compileFormat, type Limit } from '@keywright/core'
import { describe, expect, it } from 'vitest'
import { json, likeInvalid, spoken } from '../../test/spoken.ts'
import { holonomix } from './contract.ts'

const { refusal, needed, matchRoute, namespaceInBody, limitHeaders } = spoken(holonomix)

describe('a HolonomiX key', () => {
  it('is hx_live_, 43 random characters and a checksum', () => {
    const { credential } = compileFormat(holonomix.key).mint({ environment: 'live', kind: 'secret' })
    expect(credential).toMatch(/^hx_live_[0-9A-Za-z]{49}$/)
  })

  it('counts in X-Api-Key alone where it is in Authorization as well', () => {
    expect(holonomix.credential).toEqual({
      sources: [{ header: 'X-Api-Key' }, { header: 'Authorization', scheme: 'Bearer' }],
      whenSeveral: 'first',
    })
  })

  it("is the tenant's only one, and ends as soon as it is rotated", () => {
    expect(holonomix.oneKeyPerOrganization).toBe(true)
    expect(holonomix.rotation.maxGraceSeconds).toBe(0)
  })

  it('reaches the namespace default unless it is told otherwise', () => {
    expect(holonomix.namespaces).toEqual({
      default: ['default'],
      body: { under: '/v1', member: 'namespace', whenAbsent: 'default', maxBytes: 1_048_576 },
    })
  })

  it('is introduced to the upstream as its tenant', () => {
    expect(holonomix.identityHeaders).toEqual({ 'X-HX-Tenant': '{organization}' })
  })
})

describe('a HolonomiX request', () => {
  it.each([
    ['GET', '/v1/get/staging/k', 'staging', 'optional'],
    ['GET', '/v1/get/staging/a/b', 'staging', 'optional'],
    ['GET', '/v1/get/staging/', 'staging', 'optional'],
    ['GET', '/v1/list/staging', 'staging', 'optional'],
    ['DELETE', '/v1/delete/staging/k', 'staging', 'optional'],
    ['POST', '/v1/get/staging/k', 'staging', 'optional'],
    ['POST', '/v1/query', null, 'required'],
    ['PUT', '/v1/put', null, 'required'],
    ['PATCH', '/v1', null, 'required'],
    ['POST', '/v1/list', null, 'required'],
    ['GET', '/v1/query', null, 'no'],
    ['DELETE', '/v1/query', null, 'no'],
    ['POST', '/v1/Get/staging/k', null, 'no'],
    ['POST', '/v1/get./staging/k', null, 'no'],
    ['POST', '/v1/LIST/staging/', null, 'no'],
  ])('%s %s names %s in its path, and one in its body: %s', (method, path, namespace, inBody) => {
    expect(matchRoute(method, path)).toMatchObject({ namespace, namespaceExpected: true })
    expect(namespaceInBody(method, path)).toBe(inBody)
  })

  it.each(['/', '/v2/get', '/V1/get/default/k', '/v1x', '/metrics'])('for %s is a 404', (path) => {
    expect(needed('GET', path)).toBe('not_found')
    expect(namespaceInBody('POST', path)).toBe('no')
  })

  it('for /health needs no key', () => {
    expect(needed('GET', '/health')).toBe('anonymous')
  })
})

describe('a HolonomiX refusal', () => {
  const challenge = { 'www-authenticate': 'Bearer realm="holonomix", error="invalid_token"' }
  const invalid = [401, { ...json, ...challenge }, '{"detail":"Invalid API key"}']

  it('of a missing key challenges for one', () => {
    expect(refusal('missing_credential')).toEqual([
      401,
      { ...json, 'www-authenticate': 'Bearer realm="holonomix"' },
      '{"detail":"Missing API key. Send it in the X-Api-Key header or as Authorization: Bearer."}',
    ])
  })

  it('of any other key is the same whatever is wrong with it', () => {
    expect(refusal('invalid_credential')).toEqual(invalid)
    for (const name of likeInvalid) expect(refusal(name, { organization: 'acme-corp' })).toEqual(invalid)
  })

  it('of a namespace outside the list names it and the tenant', () => {
    expect(refusal('namespace_forbidden', { namespace: 'staging', organization: 'acme-corp' })).toEqual([
      403,
      json,
      `{"detail":"Namespace 'staging' not permitted for tenant 'acme-corp'"}`,
    ])
  })

  it('past the limit names the tenant and the wait', () => {
    expect(refusal('rate_limited', { organization: 'acme-corp', retryAfter: 11.2 })).toEqual([
      429,
      { ...json, 'retry-after': '12' },
      `{"detail":"Rate limit exceeded for tenant 'acme-corp'. Retry after 12s."}`,
    ])
  })

  it('past the quota points to the end of the month', () => {
    expect(refusal('quota_exceeded', { organization: 'acme-corp', retryAfter: 86_400 })).toEqual([
      429,
      { ...json, 'retry-after': '86400' },
      `{"detail":"Monthly quota exceeded for tenant 'acme-corp'."}`,
    ])
  })

  it.each([
    ['forbidden', 403],
    ['invalid_request', 400],
    ['not_found', 404],
    ['conflict', 409],
    ['payload_too_large', 413],
    ['internal_error', 500],
    ['upstream_unreachable', 502],
    ['unavailable', 503],
    ['upstream_timeout', 504],
  ] as const)('%s is a %i with a detail', (name, status) => {
    const [actual, , body] = refusal(name)
    expect(actual).toBe(status)
    expect(JSON.parse(String(body))).toEqual({ detail: expect.stringMatching(/^[A-Z]/) })
  })

  it('can explain itself in the same shape', () => {
    expect(refusal('not_found', { message: "Tenant 'nobody' not found" })).toEqual([
      404,
      json,
      `{"detail":"Tenant 'nobody' not found"}`,
    ])
  })
})

describe('a HolonomiX plan', () => {
  function tenantLimit(requests: number): Limit {
    return { requests, windowSeconds: 60, per: 'organization', kind: 'window' }
  }

  it('is a limit of the whole tenant and a quota, starter unless it is said', () => {
    expect(Object.entries(holonomix.plans)).toEqual([
      ['starter', { limits: [tenantLimit(10)], monthlyQuota: 1_000 }],
      ['builder', { limits: [tenantLimit(100)], monthlyQuota: 50_000 }],
      ['pro', { limits: [tenantLimit(1_000)], monthlyQuota: 500_000 }],
      ['enterprise', { limits: [], monthlyQuota: null }],
    ])
  })

  it('is told in X-RateLimit headers, the reset in Unix seconds', () => {
    const now = new Date('2026-01-01T00:00:00Z')
    expect(limitHeaders(tenantLimit(10), 9, now, new Date('2026-01-01T00:01:00Z'))).toEqual({
      'X-RateLimit-Limit': '10',
      'X-RateLimit-Remaining': '9',
      'X-RateLimit-Reset': '1767225660',
    })
  })
})
