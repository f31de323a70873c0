import { compileFormat } from '@keywright/core'
import { describe, expect, it } from 'vitest'
import { json, likeInvalid, spoken } from '../../test/spoken.ts'
import { handinger } from './contract.ts'

const { refusal, needed } = spoken(handinger)

describe('a Handinger key', () => {
  it('is hdg_live_, 43 random characters and a checksum', () => {
    const { credential } = compileFormat(handinger.key).mint({ environment: 'live', kind: 'secret' })
    expect(credential).toMatch(/^hdg_live_[0-9A-Za-z]{49}$/)
  })

  it('is sent as Bearer only', () => {
    expect(handinger.credential.sources).toEqual([{ header: 'Authorization', scheme: 'Bearer' }])
  })

  it('can do what its maker can do', () => {
    expect(handinger.boundTo).toBe('organization')
    expect(handinger.permissions.byMakersRole).toEqual({
      owner: ['*'],
      admin: ['*'],
      member: ['workers:read', 'tasks:read', 'tasks:write'],
    })
  })

  it('gives its successor a day at most, and says so while it lasts', () => {
    expect(handinger.rotation).toEqual({ maxGraceSeconds: 86_400, announce: true })
  })

  it('has no limit unless it is given one', () => {
    expect([handinger.limits, handinger.plans]).toEqual([[], {}])
  })
})

describe('a Handinger route', () => {
  it.each([
    ['GET', '/api/workers', 'workers:read'],
    ['HEAD', '/api/workers/1', 'workers:read'],
    ['POST', '/api/tasks', 'tasks:write'],
    ['DELETE', '/api/tasks/1/steps', 'tasks:write'],
    ['GET', '/api/files/1', 'files:read'],
    ['GET', '/api', null],
    ['GET', '/elsewhere', null],
    ['GET', '/health', 'anonymous'],
  ])('%s %s needs %s', (method, path, permission) => {
    expect(needed(method, path)).toBe(permission)
  })
})

describe('a Handinger refusal', () => {
  const challenge = { 'www-authenticate': 'Bearer realm="handinger", error="invalid_token"' }
  const invalid = [401, { ...json, ...challenge }, '{"error":"The API key is malformed, unknown or revoked."}']

  it('of a missing key says how to send one', () => {
    expect(refusal('missing_credential')).toEqual([
      401,
      { ...json, 'www-authenticate': 'Bearer realm="handinger"' },
      `{"error":"The API key is missing. Send it as 'Authorization: Bearer <key>'."}`,
    ])
  })

  it('of any other key is the same whatever is wrong with it', () => {
    expect(refusal('invalid_credential')).toEqual(invalid)
    for (const name of likeInvalid) expect(refusal(name, { organization: 'acme' })).toEqual(invalid)
  })

  it('past the limit says how long to wait', () => {
    expect(refusal('rate_limited', { retryAfter: 9 })).toEqual([
      429,
      { ...json, 'retry-after': '9' },
      '{"error":"Rate limit exceeded. Retry after 9 seconds."}',
    ])
  })

  it.each([
    ['forbidden', 403],
    ['invalid_request', 400],
    ['not_found', 404],
    ['conflict', 409],
    ['payload_too_large', 413],
    ['quota_exceeded', 429],
    ['internal_error', 500],
    ['upstream_unreachable', 502],
    ['unavailable', 503],
    ['upstream_timeout', 504],
  ] as const)('%s is a %i with one sentence', (name, status) => {
    const [actual, , body] = refusal(name)
    expect(actual).toBe(status)
    expect(JSON.parse(String(body))).toEqual({ error: expect.stringMatching(/^[A-Z].*\.$/) })
  })
})
