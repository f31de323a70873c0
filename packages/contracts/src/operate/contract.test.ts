import { compileFormat } from '@keywright/core'
import { describe, expect, it } from 'vitest'
import { json, likeInvalid, spoken } from '../../test/spoken.ts'
import { operate } from './contract.ts'

const { refusal, needed } = spoken(operate)

function failure(message: string, type = 'authentication_error'): string {
  return `{"success":false,"error":{"type":"${type}","message":"${message}"}}`
}

describe('an Operate key', () => {
  it('is sk_live_, 43 random characters and a checksum', () => {
    const { credential } = compileFormat(operate.key).mint({ environment: 'live', kind: 'secret' })
    expect(credential).toMatch(/^sk_live_[0-9A-Za-z]{49}$/)
  })

  it('is looked for in x-api-key and nowhere else', () => {
    expect(operate.credential.sources).toEqual([{ header: 'x-api-key' }])
  })

  it('is bound to one organization and may go anywhere in it', () => {
    expect(operate).toMatchObject({ boundTo: 'organization', routes: [{ path: '/health' }], otherRoutes: 'key' })
    expect(needed('GET', '/companies/list')).toBeNull()
    expect(needed('GET', '/health')).toBe('anonymous')
  })

  it('has no limit unless it is given one', () => {
    expect([operate.limits, operate.plans]).toEqual([[], {}])
  })
})

describe('an Operate refusal', () => {
  const challenge = { 'www-authenticate': 'Bearer realm="operate", error="invalid_token"' }
  const invalid = [401, { ...json, ...challenge }, failure('Invalid API Key')]

  it('of a missing key is a 400', () => {
    expect(refusal('missing_credential')).toEqual([400, json, failure('Missing API Key')])
  })

  it('of any other key is the same whatever is wrong with it', () => {
    expect(refusal('invalid_credential')).toEqual(invalid)
    for (const name of likeInvalid) expect(refusal(name, { organization: 'acme' })).toEqual(invalid)
  })

  it('of a key that may not reach the resource is a 403', () => {
    expect(refusal('forbidden')).toEqual([403, json, failure('API Key does not have access to this resource')])
  })

  it('past the limit has a type of its own', () => {
    expect(refusal('rate_limited', { retryAfter: 3 })).toEqual([
      429,
      { ...json, 'retry-after': '3' },
      failure('Rate limit exceeded', 'rate_limit_error'),
    ])
  })

  it.each([
    ['invalid_request', 400, 'invalid_request_error'],
    ['not_found', 404, 'not_found_error'],
    ['conflict', 409, 'invalid_request_error'],
    ['payload_too_large', 413, 'invalid_request_error'],
    ['internal_error', 500, 'api_error'],
    ['upstream_unreachable', 502, 'api_error'],
    ['unavailable', 503, 'api_error'],
    ['upstream_timeout', 504, 'api_error'],
  ] as const)('%s is %i %s in the same shape', (name, status, type) => {
    const [actual, , body] = refusal(name)
    expect(actual).toBe(status)
    expect(JSON.parse(String(body))).toEqual({ success: false, error: { type, message: expect.any(String) } })
  })
})
