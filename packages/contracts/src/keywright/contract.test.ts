import { compileFormat } from '@keywright/core'
import { describe, expect, it } from 'vitest'
import { problem, spoken } from '../../test/spoken.ts'
import { keywright } from './contract.ts'

const { refusal, needed, limitHeaders } = spoken(keywright)

describe('a Keywright key', () => {
  it.each([
    ['live', 'secret', 'kw_live_'],
    ['test', 'secret', 'kw_test_'],
    ['live', 'restricted', 'kw_rk_live_'],
    ['test', 'restricted', 'kw_rk_test_'],
    ['live', 'publishable', 'kw_pk_live_'],
    ['test', 'publishable', 'kw_pk_test_'],
  ])('for %s of kind %s begins with %s', (environment, kind, prefix) => {
    const format = compileFormat(keywright.key)
    const { credential } = format.mint({ environment, kind })
    expect(credential.slice(prefix.length)).toMatch(/^[0-9A-Za-z]{49}$/)
    expect(credential.startsWith(prefix)).toBe(true)
    expect(format.forms[format.parse(credential)]).toMatchObject({ environment, kind })
  })

  it('comes in one of two headers, never in both', () => {
    expect(keywright.credential).toEqual({
      sources: [{ header: 'Authorization', scheme: 'Bearer' }, { header: 'X-Api-Key' }],
      whenSeveral: 'refuse',
    })
  })

  it('gives its successor a month at most, and says so while it lasts', () => {
    expect(keywright.rotation).toEqual({ maxGraceSeconds: 2_592_000, announce: true })
  })

  it('may go anywhere until routes say more', () => {
    expect(needed('GET', '/v1/hello')).toBeNull()
    expect(needed('GET', '/health')).toBe('anonymous')
  })
})

describe('a Keywright challenge (RFC 6750 §3)', () => {
  it.each([
    ['missing_credential', 401, 'Bearer realm="keywright"'],
    ['repeated_credential', 400, 'Bearer realm="keywright", error="invalid_request"'],
    ['invalid_credential', 401, 'Bearer realm="keywright", error="invalid_token"'],
    ['forbidden', 403, 'Bearer realm="keywright", error="insufficient_scope", scope="items:write"'],
    ['namespace_forbidden', 403, 'Bearer realm="keywright", error="insufficient_scope"'],
  ] as const)('of %s is a %i: %s', (name, status, challenge) => {
    const [actual, headers] = refusal(name, { permission: 'items:write' })
    expect([actual, headers]).toEqual([status, { ...problem, 'www-authenticate': challenge }])
  })

  it('names no permission where none was asked for', () => {
    expect(refusal('forbidden')[1]).toMatchObject({
      'www-authenticate': 'Bearer realm="keywright", error="insufficient_scope"',
    })
  })
})

describe('a Keywright problem (RFC 9457)', () => {
  it.each([
    ['missing_credential', 401, 'Unauthorized', 'missing_credential'],
    ['repeated_credential', 400, 'Bad Request', 'invalid_request'],
    ['invalid_credential', 401, 'Unauthorized', 'invalid_credential'],
    ['organization_suspended', 403, 'Forbidden', 'organization_suspended'],
    ['organization_unpaid', 402, 'Payment Required', 'organization_unpaid'],
    ['forbidden', 403, 'Forbidden', 'forbidden'],
    ['namespace_forbidden', 403, 'Forbidden', 'namespace_forbidden'],
    ['rate_limited', 429, 'Too Many Requests', 'rate_limited'],
    ['quota_exceeded', 429, 'Too Many Requests', 'quota_exceeded'],
    ['invalid_request', 400, 'Bad Request', 'invalid_request'],
    ['not_found', 404, 'Not Found', 'not_found'],
    ['conflict', 409, 'Conflict', 'conflict'],
    ['payload_too_large', 413, 'Content Too Large', 'payload_too_large'],
    ['internal_error', 500, 'Internal Server Error', 'internal_error'],
    ['upstream_unreachable', 502, 'Bad Gateway', 'upstream_unreachable'],
    ['unavailable', 503, 'Service Unavailable', 'unavailable'],
    ['upstream_timeout', 504, 'Gateway Timeout', 'upstream_timeout'],
  ] as const)('of %s is a %i %s with the code %s', (name, status, title, code) => {
    const [actual, headers, body] = refusal(name)
    expect(actual).toBe(status)
    expect(headers).toMatchObject(problem)
    expect(JSON.parse(String(body))).toEqual({
      type: 'about:blank',
      title,
      status,
      detail: expect.stringMatching(/^[A-Z].*\.$/),
      code,
      requestId: 'req_abc123',
    })
  })
})

describe('a Keywright limit', () => {
  it('is told in RateLimit fields', () => {
    const limit = { requests: 100, windowSeconds: 60, per: 'key', kind: 'window' } as const
    const now = new Date('2026-01-01T00:00:00Z')
    expect(limitHeaders(limit, 50, now, new Date('2026-01-01T00:00:30Z'))).toEqual({
      'RateLimit-Policy': '"key-window";q=100;w=60',
      RateLimit: '"key-window";r=50;t=30',
    })
  })
})
