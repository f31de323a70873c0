import { compileFormat } from '@keywright/core'
import { describe, expect, it } from 'vitest'
import { json, likeInvalid, spoken } from '../../test/spoken.ts'
import { holocron } from './contract.ts'

const { refusal, needed } = spoken(holocron)

describe('a Holocron key', () => {
  it('is holo_, eight random characters to show, 35 more and a checksum', () => {
    const { credential } = compileFormat(holocron.key).mint({ environment: 'live', kind: 'secret' })
    expect(credential).toMatch(/^holo_[0-9A-Za-z]{49}$/)
  })

  it('is sent as Bearer only', () => {
    expect(holocron.credential.sources).toEqual([{ header: 'Authorization', scheme: 'Bearer' }])
  })

  it('acts on one project, wherever it is used', () => {
    expect(holocron.boundTo).toBe('project')
    expect(needed('POST', '/api/chat')).toBeNull()
    expect(needed('PUT', '/api/v0/deployments/1/files')).toBeNull()
    expect(needed('GET', '/health')).toBe('anonymous')
  })

  it('has no limit unless it is given one', () => {
    expect([holocron.limits, holocron.plans]).toEqual([[], {}])
  })
})

describe('a Holocron refusal', () => {
  const sentence = expect.stringMatching(/^[A-Z].*\.$/)

  function read(name: Parameters<typeof refusal>[0]) {
    const [status, headers, body] = refusal(name, { organization: 'acme', retryAfter: 4 })
    return [status, headers, JSON.parse(String(body))]
  }

  it('of a missing key challenges for one', () => {
    expect(read('missing_credential')).toEqual([
      401,
      { ...json, 'www-authenticate': 'Bearer realm="holocron"' },
      { error: 'unauthorized', message: sentence },
    ])
  })

  it('of any other key is the same whatever is wrong with it', () => {
    expect(read('invalid_credential')).toEqual([
      401,
      { ...json, 'www-authenticate': 'Bearer realm="holocron", error="invalid_token"' },
      { error: 'unauthorized', message: sentence },
    ])
    for (const name of likeInvalid) expect(refusal(name)).toEqual(refusal('invalid_credential'))
  })

  it.each([
    ['forbidden', 403, 'forbidden'],
    ['not_found', 404, 'not_found'],
    ['invalid_request', 400, 'invalid_request'],
    ['conflict', 409, 'conflict'],
    ['payload_too_large', 413, 'payload_too_large'],
    ['internal_error', 500, 'internal_error'],
    ['upstream_unreachable', 502, 'upstream_unreachable'],
    ['upstream_timeout', 504, 'upstream_timeout'],
  ] as const)('%s is a %i', (name, status, error) => {
    expect(read(name)).toEqual([status, json, { error, message: sentence }])
  })

  it('past a limit says how long to wait', () => {
    const answer = [429, { ...json, 'retry-after': '4' }, { error: 'rate_limited', message: sentence }]
    expect(read('rate_limited')).toEqual(answer)
    expect(read('quota_exceeded')).toEqual(answer)
    expect(read('unavailable')).toEqual([
      503,
      { ...json, 'retry-after': '4' },
      { error: 'unavailable', message: sentence },
    ])
  })
})
