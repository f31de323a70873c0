import { compileFormat } from '@keywright/core'
import { describe, expect, it } from 'vitest'
import { json, likeInvalid, spoken } from '../../test/spoken.ts'
import { hopx } from './contract.ts'

const { refusal, needed, limitHeaders } = spoken(hopx)

describe('a HopX key', () => {
  const format = compileFormat(hopx.key)

  it('is its prefix, a public id of 12 characters, a dot and 32 bytes of base64url', () => {
    const { credential, hint } = format.mint({ environment: 'live', kind: 'secret' })
    expect(credential).toMatch(/^hopx_live_[0-9A-Za-z]{12}\.[A-Za-z0-9_-]{43}$/)
    expect(hint).toBe(credential.slice(0, 'hopx_live_'.length + 12))
    expect(format.hint(credential)).toBe(hint)
  })

  it('can be the one on the page, and needs no checksum', () => {
    expect(format.parse('hopx_live_NXAXAV4sU3Ii.EXi3vR9kOJuhfbR5z42aFx5rhGjH1xnzFdjn9caAqps')).toBe(0)
  })

  it('comes in either header, and both must agree', () => {
    expect(hopx.credential).toEqual({
      sources: [{ header: 'Authorization', scheme: 'Bearer' }, { header: 'X-API-Key' }],
      whenSeveral: 'equal',
    })
  })

  it('is bound to one organization, and needs to be replaced by another', () => {
    expect(hopx).toMatchObject({ boundTo: 'organization', oneKeyPerOrganization: false, namespaces: null })
  })
})

describe('a HopX route', () => {
  it.each([
    ['GET', '/v1/sandboxes', 'sandboxes:read'],
    ['HEAD', '/v1/sandboxes/73', 'sandboxes:read'],
    ['POST', '/v1/sandboxes', 'sandboxes:write'],
    ['DELETE', '/v1/sandboxes/73/files', 'sandboxes:write'],
    ['GET', '/v1/templates', 'templates:read'],
    ['PATCH', '/v1/templates/9', 'templates:write'],
    ['GET', '/v1/sandboxesX', null],
    ['GET', '/v1/Sandboxes', null],
    ['GET', '/', null],
    ['GET', '/health', 'anonymous'],
    ['HEAD', '/health', 'anonymous'],
    ['POST', '/health', null],
    ['GET', '/health/live', null],
  ])('%s %s needs %s', (method, path, permission) => {
    expect(needed(method, path)).toBe(permission)
  })

  it('asks for what can be chosen when a key is made', () => {
    expect(Object.keys(hopx.permissions.offered)).toEqual([
      'sandboxes:read',
      'sandboxes:write',
      'templates:read',
      'templates:write',
    ])
    expect(hopx.permissions.byMakersRole).toBeNull()
  })
})

describe('a HopX refusal', () => {
  const unauthorized = '{"error":"Unauthorized","code":"AUTHENTICATION_REQUIRED","request_id":"req_abc123"}'
  const invalid = [401, { ...json, 'www-authenticate': 'Bearer realm="hopx", error="invalid_token"' }, unauthorized]

  it('of a missing key challenges for one', () => {
    expect(refusal('missing_credential')).toEqual([
      401,
      { ...json, 'www-authenticate': 'Bearer realm="hopx"' },
      unauthorized,
    ])
  })

  it('of any other key is the same whatever is wrong with it', () => {
    expect(refusal('invalid_credential')).toEqual(invalid)
    for (const name of likeInvalid) expect(refusal(name, { organization: 'acme' })).toEqual(invalid)
  })

  it('of a key without the permission is a 403', () => {
    const forbidden = '{"error":"Forbidden","code":"INSUFFICIENT_PERMISSIONS","request_id":"req_abc123"}'
    expect(refusal('forbidden', { permission: 'sandboxes:write' })).toEqual([403, json, forbidden])
  })

  it('past the limit says the limit and how long to wait', () => {
    expect(refusal('rate_limited', { limit: 100, windowSeconds: 60, retryAfter: 12 })).toEqual([
      429,
      { ...json, 'retry-after': '12' },
      '{"error":"Rate limit exceeded: 100 requests per minute","code":"RATE_LIMIT_EXCEEDED","request_id":"req_abc123","retry_after":12}',
    ])
  })

  it.each([
    ['not_found', 404, 'NOT_FOUND'],
    ['payload_too_large', 413, 'PAYLOAD_TOO_LARGE'],
    ['invalid_request', 400, 'INVALID_REQUEST'],
    ['upstream_unreachable', 502, 'UPSTREAM_UNAVAILABLE'],
    ['unavailable', 503, 'SERVICE_UNAVAILABLE'],
    ['conflict', 409, 'CONFLICT'],
    ['internal_error', 500, 'INTERNAL_ERROR'],
    ['upstream_timeout', 504, 'UPSTREAM_TIMEOUT'],
  ] as const)('%s is %i %s in the same shape', (name, status, code) => {
    const [actual, headers, body] = refusal(name)
    expect([actual, headers]).toEqual([status, name === 'unavailable' ? { ...json, 'retry-after': '1' } : json])
    expect(JSON.parse(String(body))).toEqual({ error: expect.stringMatching(/^[A-Z]/), code, request_id: 'req_abc123' })
  })
})

describe('a HopX limit', () => {
  it('is 100 requests a minute for each key', () => {
    expect(hopx.limits).toEqual([{ requests: 100, windowSeconds: 60, per: 'key', kind: 'window' }])
  })

  it('is told in X-RateLimit headers, the reset in Unix seconds', () => {
    const limit = { requests: 100, windowSeconds: 60, per: 'key', kind: 'window' } as const
    const now = new Date('2026-01-01T00:00:00Z')
    expect(limitHeaders(limit, 99, now, new Date('2026-01-01T00:00:59.001Z'))).toEqual({
      'X-RateLimit-Limit': '100',
      'X-RateLimit-Remaining': '99',
      'X-RateLimit-Reset': '1767225660',
    })
  })
})
